//! A service answers, leaves its queue group and comes back, tells about itself, and cannot be used to
//! write where the asker may not.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod kit;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use kit::{OPEN, SOON, Server};
use maestro_client::service::{Endpoint, EndpointSpec, ReplyAddress, Service, ServiceError, ServiceSpec};
use maestro_client::{Client, Headers, RequestError};
use serde_json::{Value, json};

fn spec() -> ServiceSpec {
    let figures = Arc::new(|| json!({ "verbs": { "task.start": 3 } }));
    ServiceSpec {
        name: "maestro".into(),
        version: "0.1.0".into(),
        description: "Decides".into(),
        metadata: [("replica".to_owned(), "r1".to_owned())].into(),
        endpoints: vec![
            EndpointSpec::new("cmd", "maestro.v1.cmd.>", "servers").with_figures(figures),
            EndpointSpec::new("qry", "maestro.v1.qry.>", "servers"),
        ],
    }
}

/// Answers every request of an endpoint with `body`; a payload of `bad` with an error.
async fn serve(mut endpoint: Endpoint, body: &'static str) -> u64 {
    let mut served = 0;
    while let Some(request) = endpoint.next().await {
        let bad = request.payload() == "bad";
        let error = bad.then(|| ServiceError { code: 409, description: "already_claimed".into() });
        request.respond(Bytes::from(body), error).await.unwrap();
        served += 1;
    }
    served
}

async fn ask(client: &Client, subject: &str, body: &'static str) -> Result<maestro_client::Message, RequestError> {
    client.request(subject, &Headers::new(), Bytes::from(body), Duration::from_secs(2)).await
}

async fn monitor(client: &Client, subject: &str) -> Value {
    ask(client, subject, "").await.unwrap().json().unwrap()
}

#[tokio::test]
async fn requests_are_answered_with_body_and_error_headers_and_counted() {
    let server = Server::start(OPEN);
    let (host, client) = (server.client().await, server.client().await);
    let (service, mut endpoints) = Service::start(&host, spec()).await.unwrap();
    let (qry, cmd) = (endpoints.pop().unwrap(), endpoints.pop().unwrap());
    let serving = tokio::spawn(async move { tokio::join!(serve(cmd, "done"), serve(qry, "found")) });
    assert!(matches!(
        ask(&client, "maestro.v1.cmd.web.s1.task.start", "").await,
        Err(RequestError::NoResponders { .. })
    ));
    service.join();
    assert!(service.settled(true, SOON).await);

    let good = ask(&client, "maestro.v1.cmd.web.s1.task.start", "").await.unwrap();
    assert_eq!((good.payload().as_ref(), good.header("Nats-Service-Error")), (b"done".as_ref(), None));
    let bad = ask(&client, "maestro.v1.cmd.web.s1.task.start", "bad").await.unwrap();
    assert_eq!(bad.header("Nats-Service-Error"), Some("already_claimed"));
    assert_eq!((bad.header("Nats-Service-Error-Code"), bad.payload().as_ref()), (Some("409"), b"done".as_ref()));
    assert_eq!(ask(&client, "maestro.v1.qry.web.s1.task.get", "").await.unwrap().payload(), "found");

    let ping = monitor(&client, "$SRV.PING").await;
    assert_eq!(ping["type"], "io.nats.micro.v1.ping_response");
    assert_eq!((&ping["name"], &ping["id"]), (&json!("maestro"), &json!(service.id())));
    assert_eq!((&ping["version"], &ping["metadata"]["replica"]), (&json!("0.1.0"), &json!("r1")));
    let info = monitor(&client, "$SRV.INFO.maestro").await;
    assert_eq!(info["type"], "io.nats.micro.v1.info_response");
    assert_eq!(info["endpoints"][0]["subject"], "maestro.v1.cmd.>");
    assert_eq!(info["endpoints"][0]["queue_group"], "servers");
    let stats = monitor(&client, &format!("$SRV.STATS.maestro.{}", service.id())).await;
    assert_eq!(stats["type"], "io.nats.micro.v1.stats_response");
    let cmd = &stats["endpoints"][0];
    assert_eq!((&cmd["num_requests"], &cmd["num_errors"]), (&json!(2), &json!(1)));
    assert_eq!((&cmd["last_error"], &cmd["data"]["verbs"]["task.start"]), (&json!("409:already_claimed"), &json!(3)));
    assert!(cmd["processing_time"].as_u64().unwrap() > 0 && stats["started"].as_str().unwrap().ends_with('Z'));

    drop(service);
    assert_eq!(tokio::time::timeout(SOON, serving).await.unwrap().unwrap(), (2, 1));
}

#[tokio::test]
async fn a_forged_reply_subject_is_neither_answered_nor_served() {
    let server = Server::start(OPEN);
    let (host, client) = (server.client().await, server.client().await);
    let (service, mut endpoints) = Service::start(&host, spec()).await.unwrap();
    endpoints.pop();
    let serving = tokio::spawn(serve(endpoints.pop().unwrap(), "done"));
    service.join();
    kit::eventually("in", || service.is_joined("cmd")).await;
    let mut ledger = client.subscribe("maestro.v1.evt.web", None).await.unwrap();
    client.confirm(SOON).await.unwrap();
    let subject = "maestro.v1.cmd.web.s1.task.start";
    for reply in [Some("maestro.v1.evt.web"), None] {
        client.publish_with_reply(subject, reply, &Headers::new(), Bytes::new()).await.unwrap();
    }
    client.publish_with_reply("$SRV.PING", Some("maestro.v1.evt.web"), &Headers::new(), Bytes::new()).await.unwrap();
    assert_eq!(ask(&client, subject, "").await.unwrap().payload(), "done");
    monitor(&client, "$SRV.PING").await;
    client.confirm(SOON).await.unwrap();
    assert!(tokio::time::timeout(Duration::from_millis(100), ledger.next()).await.is_err());
    assert_eq!(service.refused_replies(), 2);
    drop(service);
    assert_eq!(serving.await.unwrap(), 1);
}

#[tokio::test]
async fn somebody_else_answers_a_request_where_its_sender_waits() {
    let server = Server::start(OPEN);
    let (host, client) = (server.client().await, server.client().await);
    let (service, mut endpoints) = Service::start(&host, spec()).await.unwrap();
    service.join();
    let forwarding = async {
        let request = endpoints[0].next().await.unwrap();
        let address = ReplyAddress::parse(request.reply_to()).unwrap();
        request.hand_over();
        client.respond_to(&address, Bytes::from("by r2"), None).await.unwrap();
    };
    let asking = async {
        let headers = Headers::new().with("Own", "h");
        let retry = maestro_client::Retry::within(SOON);
        client.request_with_retry("maestro.v1.cmd.x", &headers, Bytes::new(), retry, |_| false).await
    };
    let (reply, ()) = tokio::join!(asking, forwarding);
    assert_eq!(reply.unwrap().payload(), "by r2");
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_leave_and_come_back_under_load_and_no_request_fails() {
    let server = Server::start(OPEN);
    let mut services = Vec::new();
    let mut serving = Vec::new();
    for name in ["one", "two"] {
        let (service, mut endpoints) = Service::start(&server.client().await, spec()).await.unwrap();
        endpoints.pop();
        serving.push(tokio::spawn(serve(endpoints.pop().unwrap(), name)));
        service.join();
        kit::eventually("in", || service.is_joined("cmd")).await;
        services.push(service);
    }
    let stop = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU64::new(0));
    let mut askers = Vec::new();
    for _ in 0..8 {
        let (client, stop, answered) = (server.client().await, stop.clone(), answered.clone());
        askers.push(tokio::spawn(async move {
            let mut lost = 0;
            while !stop.load(Ordering::Relaxed) {
                match ask(&client, "maestro.v1.cmd.web.s1.task.start", "").await {
                    Ok(_) => drop(answered.fetch_add(1, Ordering::Relaxed)),
                    Err(_) => lost += 1,
                }
            }
            lost
        }));
    }
    for _ in 0..20 {
        services[0].leave();
        kit::eventually("out", || !services[0].is_joined("cmd")).await;
        tokio::time::sleep(Duration::from_millis(5)).await;
        services[0].join();
        kit::eventually("in again", || services[0].is_joined("cmd")).await;
    }
    stop.store(true, Ordering::Relaxed);
    let lost: u64 = futures::future::join_all(askers).await.into_iter().map(Result::unwrap).sum();
    assert!(answered.load(Ordering::Relaxed) > 0);
    assert_eq!(lost, 0, "of {} answered", answered.load(Ordering::Relaxed));
    drop(services);
    let served: u64 = futures::future::join_all(serving).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(served, answered.load(Ordering::Relaxed));
}
