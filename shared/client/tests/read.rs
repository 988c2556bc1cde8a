//! Single messages and the state of a stream, by its leader.

mod kit;

use bytes::Bytes;
use kit::{ACK, OPEN, Server, stream};
use maestro_client::{ApiError, Headers};
use serde_json::json;

#[tokio::test]
async fn messages_are_read_back_whole() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    stream(&client, "EVENTS", &["evt.*"], json!({})).await;
    let body = Bytes::from_static(b"\x00binary\xff");
    let headers = Headers::new().with("Maestro-Writer", "r1");
    client.append("evt.web", body.clone(), &headers, Some(0), ACK).await.unwrap();
    client.append("evt.api", Bytes::new(), &Headers::new(), None, ACK).await.unwrap();

    assert_eq!(client.last_sequence("EVENTS", "evt.web").await.unwrap(), 1);
    assert_eq!(client.last_sequence("EVENTS", "evt.none").await.unwrap(), 0);
    let stored = client.message_at("EVENTS", 1).await.unwrap().unwrap();
    assert_eq!((stored.seq, stored.subject.as_str(), &stored.payload), (1, "evt.web", &body));
    assert_eq!(stored.headers.get("Maestro-Writer"), Some("r1"));
    assert_eq!(stored.headers.get("Nats-Expected-Last-Subject-Sequence"), Some("0"));
    assert!(stored.time.ends_with('Z'));
    assert_eq!(client.message_at("EVENTS", 9).await.unwrap(), None);
    assert_eq!(client.next_message("EVENTS", "evt.api", 1).await.unwrap().unwrap().seq, 2);
    assert_eq!(client.last_message("EVENTS", "evt.none").await.unwrap(), None);

    let info = client.stream_info("EVENTS").await.unwrap();
    assert_eq!((info.first_seq, info.last_seq, info.messages), (1, 2, 2));
    assert_eq!(info.max_bytes(), None);
    assert_eq!(client.stream_info("NONE").await, Err(ApiError::NoStream("NONE".into())));
    assert_eq!(client.last_sequence("NONE", "x").await, Err(ApiError::NoStream("NONE".into())));
}
