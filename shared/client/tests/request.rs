//! A request ends at once when the end is known.

mod kit;

use std::time::{Duration, Instant};

use bytes::Bytes;
use kit::{OPEN, SOON, Server};
use maestro_client::{Caller, Client, Headers, Mode, RequestError, Retry, Seen};
use maestro_wire::{ErrorCode, WaitEnvelope, WaitRequest, WaitTasks};

const TABLE: &str = r#"authorization { users: [
    { user: edge, password: p, permissions { publish: ["may.>", "_INBOX.>"], subscribe: ["_INBOX.>"] } }
    { user: deaf, password: p, permissions { publish: [">"], subscribe: ["nothing"] } }
    { user: all, password: p }
] }"#;

async fn ask(client: &Client, subject: &str, timeout: Duration) -> Result<Bytes, RequestError> {
    client.request(subject, &Headers::new(), Bytes::new(), timeout).await.map(maestro_client::Message::into_payload)
}

#[tokio::test]
async fn an_answer_comes_back_with_its_headers() {
    let server = Server::start(OPEN);
    let (client, peer) = (server.client().await, server.client().await);
    let mut requests = peer.subscribe("ask", None).await.unwrap();
    peer.confirm(SOON).await.unwrap();
    let headers = Headers::new().with("Traceparent", "00-1");
    let answering = async {
        let request = requests.next().await.unwrap();
        assert_eq!(request.header("Traceparent"), Some("00-1"));
        peer.publish(request.reply_to().unwrap(), &Headers::new(), request.payload().clone()).await.unwrap();
    };
    let (reply, ()) = tokio::join!(client.request("ask", &headers, Bytes::from("hi"), SOON), answering);
    assert_eq!(reply.unwrap().payload(), "hi");
}

#[tokio::test]
async fn nobody_there_and_nobody_allowed_end_at_once() {
    let server = Server::start(TABLE);
    let edge = server.connect(&server.url_as("edge", "p"), Mode::OneShot).await;
    let started = Instant::now();
    let nobody = RequestError::NoResponders { subject: "may.ask".into() };
    assert_eq!(ask(&edge, "may.ask", SOON).await, Err(nobody));
    let denied = RequestError::PermissionDenied { subject: "must.not".into() };
    assert_eq!(ask(&edge, "must.not", SOON).await, Err(denied));
    assert!(started.elapsed() < Duration::from_secs(2));

    let deaf = server.connect(&server.url_as("deaf", "p"), Mode::OneShot).await;
    let listener = server.connect(&server.url_as("all", "p"), Mode::OneShot).await;
    let _requests = listener.subscribe("may.ask", None).await.unwrap();
    listener.confirm(SOON).await.unwrap();
    assert!(matches!(ask(&deaf, "may.ask", SOON).await, Err(RequestError::PermissionDenied { .. })));
    assert!(started.elapsed() < Duration::from_secs(4));
}

#[tokio::test]
async fn somebody_elses_refusal_does_not_end_a_request() {
    let server = Server::start(TABLE);
    let edge = server.connect(&server.url_as("edge", "p"), Mode::OneShot).await;
    let all = server.connect(&server.url_as("all", "p"), Mode::OneShot).await;
    let mut requests = all.subscribe("may.slow", None).await.unwrap();
    all.confirm(SOON).await.unwrap();
    let answering = async {
        let request = requests.next().await.unwrap();
        assert!(ask(&edge, "must.not", SOON).await.is_err());
        all.publish(request.reply_to().unwrap(), &Headers::new(), Bytes::from("late")).await.unwrap();
    };
    let (reply, ()) = tokio::join!(ask(&edge, "may.slow", SOON), answering);
    assert_eq!(reply.unwrap(), "late");
}

#[tokio::test]
async fn a_lost_connection_ends_a_request_at_once() {
    let mut server = Server::start(OPEN);
    let client = server.client().await;
    let _silent = client.subscribe("silent", None).await.unwrap();
    client.confirm(SOON).await.unwrap();
    let asking = ask(&client, "silent", Duration::from_secs(30));
    let killing = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        server.kill();
    };
    let (reply, ()) = tokio::join!(asking, killing);
    assert_eq!(reply, Err(RequestError::Disconnected { maybe_sent: true }));
    kit::eventually("down", || !client.is_connected()).await;
    assert_eq!(ask(&client, "silent", SOON).await, Err(RequestError::Disconnected { maybe_sent: false }));
}

#[tokio::test]
async fn timeouts_sizes_and_subjects_are_told_apart() {
    let server = Server::start("max_payload: 2000");
    let client = server.client().await;
    let _silent = client.subscribe("silent", None).await.unwrap();
    client.confirm(SOON).await.unwrap();
    assert!(matches!(ask(&client, "silent", Duration::from_millis(50)).await, Err(RequestError::TimedOut { .. })));
    assert!(matches!(ask(&client, "a b", SOON).await, Err(RequestError::InvalidSubject(_))));
    let big = client.request("silent", &Headers::new(), Bytes::from(vec![0; 3000]), SOON).await;
    assert!(matches!(big, Err(RequestError::TooLarge { limit: 2000 })), "{big:?}");
}

#[tokio::test]
async fn retries_go_on_until_a_service_appears_and_stop_at_the_deadline() {
    let server = Server::start(OPEN);
    let (client, peer) = (server.client().await, server.client().await);
    let started = Instant::now();
    let total = Duration::from_millis(600);
    let nobody = client.request_with_retry("ask", &Headers::new(), Bytes::new(), Retry::within(total), |_| false).await;
    let error = nobody.unwrap_err();
    assert!(error.attempts > 2 && !error.maybe_handled, "{error:?}");
    assert!(started.elapsed() < total + Duration::from_millis(300));

    let answering = async {
        tokio::time::sleep(Duration::from_millis(150)).await;
        let mut requests = peer.subscribe("ask", None).await.unwrap();
        for answer in ["overloaded", "done"] {
            let request = requests.next().await.unwrap();
            peer.publish(request.reply_to().unwrap(), &Headers::new(), Bytes::from(answer)).await.unwrap();
        }
    };
    let headers = Headers::new();
    let asking = client.request_with_retry("ask", &headers, Bytes::new(), Retry::within(SOON), |reply| {
        reply.payload() == "overloaded"
    });
    let (reply, ()) = tokio::join!(asking, answering);
    assert_eq!(reply.unwrap().payload(), "done");
}

#[tokio::test]
async fn a_retry_outlives_a_restart_of_the_broker() {
    let mut server = Server::start(OPEN);
    let (client, peer) = (server.client().await, server.client().await);
    let mut requests = peer.subscribe("ask", None).await.unwrap();
    peer.confirm(SOON).await.unwrap();
    server.kill();
    kit::eventually("down", || !client.is_connected()).await;
    let answering = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        server.restart();
        let request = requests.next().await.unwrap();
        peer.publish(request.reply_to().unwrap(), &Headers::new(), Bytes::from("back")).await.unwrap();
    };
    let headers = Headers::new();
    let asking = client.request_with_retry("ask", &headers, Bytes::new(), Retry::within(SOON), |_| false);
    let (reply, ()) = tokio::join!(asking, answering);
    assert_eq!(reply.unwrap().payload(), "back");
}

#[tokio::test]
async fn closing_delivers_what_was_published_and_ends_everything() {
    let server = Server::start(OPEN);
    let (client, peer) = (server.client().await, server.client().await);
    let mut heard = peer.subscribe("last.words", None).await.unwrap();
    peer.confirm(SOON).await.unwrap();
    client.publish("last.words", &Headers::new(), Bytes::from("bye")).await.unwrap();
    client.close(SOON).await;
    assert_eq!(heard.next().await.unwrap().payload(), "bye");
    kit::eventually("closed", || client.link().borrow().closed).await;
    assert!(ask(&client, "x", SOON).await.is_err());
}

#[tokio::test]
async fn a_long_poll_in_the_hands_of_a_dead_replica_ends_soon() {
    let server = Server::start(OPEN);
    let (client, dead) = (server.client().await, server.client().await);
    let mut taken = dead.subscribe("maestro.v1.wait.>", None).await.unwrap();
    dead.confirm(SOON).await.unwrap();
    let caller = Caller::new(client, "ann".parse().unwrap(), None);
    let (project, request) = ("web".parse().unwrap(), WaitRequest::Tasks(WaitTasks::default()));
    let (seen, started) = (Seen::default(), Instant::now());
    let (answer, asked) = tokio::join!(caller.wait(&project, &request, &seen, WaitEnvelope::MAX_MS), taken.next());
    assert_eq!(answer.unwrap_err().code, ErrorCode::TimedOut);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    let asked: serde_json::Value = serde_json::from_slice(asked.unwrap().payload()).unwrap();
    assert!(asked["timeoutMs"].as_u64().unwrap() <= 5_000, "{asked}");
}
