//! An append is acknowledged once, refused with a reason, or its outcome is unknown.

mod kit;

use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use kit::{ACK, OPEN, Server, stream};
use maestro_client::{AppendError, Headers, Mode};
use serde_json::json;

const SUBJECT: &str = "maestro.v1.evt.web";

#[tokio::test]
async fn the_guard_lets_exactly_one_of_many_through() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    stream(&client, "EVENTS", &["maestro.v1.evt.*"], json!({})).await;
    let headers = Headers::new();
    let body = Bytes::from("commit");
    let first = client.append(SUBJECT, body.clone(), &headers, Some(0), ACK).await.unwrap();
    let again = client.append(SUBJECT, body.clone(), &headers, Some(0), ACK).await;
    assert_eq!(again, Err(AppendError::Conflict { last: Some(first.seq) }));
    let racing = (0..32).map(|_| client.append(SUBJECT, body.clone(), &headers, Some(first.seq), ACK));
    let outcomes = join_all(racing).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1);
    assert!(outcomes.iter().all(|o| matches!(o, Ok(_) | Err(AppendError::Conflict { .. }))), "{outcomes:?}");
    // Another subject of the stream has a guard of its own.
    assert_eq!(client.append("maestro.v1.evt.api", body, &headers, Some(0), ACK).await.unwrap().seq, first.seq + 2);
}

#[tokio::test]
async fn a_duplicate_counts_as_a_conflict() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    stream(&client, "EVENTS", &["maestro.v1.evt.*"], json!({})).await;
    let headers = Headers::new().with("Nats-Msg-Id", "a");
    client.append(SUBJECT, Bytes::from("1"), &headers, None, ACK).await.unwrap();
    let twice = client.append(SUBJECT, Bytes::from("2"), &headers, None, ACK).await;
    assert_eq!(twice, Err(AppendError::Conflict { last: None }));
}

#[tokio::test]
async fn full_streams_and_great_messages_say_so() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    stream(&client, "MSGS", &["msgs.*"], json!({ "discard": "new", "max_msgs": 1 })).await;
    stream(&client, "BYTES", &["bytes.*"], json!({ "discard": "new", "max_bytes": 1000 })).await;
    stream(&client, "SMALL", &["small.*"], json!({ "max_msg_size": 100 })).await;
    let headers = Headers::new();
    let append = |subject, size: usize| client.append(subject, Bytes::from(vec![b'x'; size]), &headers, None, ACK);
    append("msgs.a", 1).await.unwrap();
    for full in [append("msgs.a", 1).await, append("bytes.a", 2000).await] {
        assert!(matches!(full, Err(AppendError::Full { .. })), "{full:?}");
    }
    assert_eq!(append("small.a", 200).await, Err(AppendError::TooLarge { limit: None }));
    assert_eq!(append("small.a", 2 << 20).await, Err(AppendError::TooLarge { limit: Some(1 << 20) }));
}

#[tokio::test]
async fn no_stream_no_permission_and_no_connection_are_told_apart() {
    let mut server = Server::start(
        "authorization { users: [ { user: u, password: p, permissions { publish: [\"may.>\"], subscribe: [\"_INBOX.>\"] } } ] }",
    );
    let client = server.connect(&server.url_as("u", "p"), Mode::Daemon).await;
    let headers = Headers::new();
    let append = |subject| client.append(subject, Bytes::new(), &headers, None, ACK);
    assert_eq!(append("may.x").await, Err(AppendError::NoStream { subject: "may.x".into() }));
    assert_eq!(append("not.x").await, Err(AppendError::Denied { subject: "not.x".into() }));
    server.kill();
    kit::eventually("down", || !client.is_connected()).await;
    assert_eq!(append("may.x").await, Err(AppendError::Disconnected));
}

#[tokio::test]
async fn a_frozen_broker_leaves_the_outcome_unknown_and_may_have_stored_it() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    stream(&client, "EVENTS", &["maestro.v1.evt.*"], json!({})).await;
    server.signal("STOP");
    let headers = Headers::new();
    let outcome = client.append(SUBJECT, Bytes::from("1"), &headers, Some(0), Duration::from_millis(100)).await;
    server.signal("CONT");
    assert_eq!(outcome, Err(AppendError::Unknown));
    let again = client.append(SUBJECT, Bytes::from("1"), &headers, Some(0), ACK).await;
    assert_eq!(again, Err(AppendError::Conflict { last: Some(1) }));
    assert_eq!(client.last_sequence("EVENTS", SUBJECT).await.unwrap(), 1);
}
