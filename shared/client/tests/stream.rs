//! Streams become as defined, or stay as they are with a sentence that says what differs.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod kit;

use bytes::Bytes;
use kit::{ACK, OPEN, Server, fill};
use maestro_client::{Definition, Headers, StreamChange, StreamMismatch};
use serde_json::{Value, json};

fn definition(more: Value) -> Definition {
    let mut config = json!({
        "name": "EVENTS", "subjects": ["evt.*"], "storage": "file", "retention": "limits", "discard": "new",
        "max_bytes": 1_000_000, "max_age": 0, "compression": "s2",
    });
    config.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    serde_json::from_value(json!({ "name": "EVENTS", "account": "CORE", "config": config })).unwrap()
}

#[tokio::test]
async fn the_projects_own_definitions_are_made_once_and_then_agree() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../nats/streams.json");
    let definitions = Definition::parse_file(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(definitions.len() >= 7);
    for definition in &definitions {
        let stream = definition.stream().to_owned();
        assert_eq!(client.ensure_stream(definition, 1).await.unwrap(), [StreamChange::Created { stream }]);
    }
    for definition in &definitions {
        assert_eq!(client.ensure_stream(definition, 1).await.unwrap(), [], "{}", definition.name);
    }
    let term = client.stream_info("TERM").await.unwrap();
    assert_eq!(term.config["persist_mode"], "async");
}

#[tokio::test]
async fn what_can_be_changed_is_changed_and_told() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    client.ensure_stream(&definition(json!({})), 1).await.unwrap();
    client.append("evt.a", Bytes::from("x"), &Headers::new(), None, ACK).await.unwrap();
    let changes = client.ensure_stream(&definition(json!({ "max_bytes": 2_000_000 })), 1).await.unwrap();
    let expected = StreamChange::Updated {
        stream: "EVENTS".into(),
        field: "max_bytes".into(),
        from: json!(1_000_000),
        to: json!(2_000_000),
    };
    assert_eq!(changes, [expected]);
    assert_eq!(client.stream_info("EVENTS").await.unwrap().max_bytes(), Some(2_000_000));
}

/// The ledger was compressed once (`nats/README.md` says why it is no longer); one that was made then goes on.
#[tokio::test]
async fn compression_ends_for_a_stream_that_is_there() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    client.ensure_stream(&definition(json!({})), 1).await.unwrap();
    fill(&client, "evt.a", 50).await;
    let changes = client.ensure_stream(&definition(json!({ "compression": "none" })), 1).await.unwrap();
    let expected = StreamChange::Updated {
        stream: "EVENTS".into(),
        field: "compression".into(),
        from: json!("s2"),
        to: json!("none"),
    };
    assert_eq!(changes, [expected]);
    fill(&client, "evt.a", 50).await;
    for seq in [1, 50, 51, 100] {
        assert!(client.message_at("EVENTS", seq).await.unwrap().is_some(), "{seq} cannot be read");
    }
}

#[tokio::test]
async fn what_would_lose_messages_or_cannot_be_is_refused_with_the_difference() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    client.ensure_stream(&definition(json!({})), 1).await.unwrap();
    fill(&client, "evt.a", 100).await;
    for (change, word) in [
        (json!({ "max_age": 1_000_000_000 }), "remove messages"),
        (json!({ "max_msgs": 5 }), "messages"),
        (json!({ "storage": "memory" }), "broker"),
        (json!({ "retention": "workqueue" }), "broker"),
    ] {
        let error = client.ensure_stream(&definition(change.clone()), 1).await.unwrap_err();
        assert!(matches!(error, StreamMismatch::Differs { .. }), "{error:?}");
        let field = change.as_object().unwrap().keys().next().unwrap().clone();
        let text = error.to_string();
        assert!(text.contains(&format!("{field}: is")) && text.contains(word), "{text}");
    }
    assert_eq!(client.stream_info("EVENTS").await.unwrap().messages, 100);
}

#[tokio::test]
async fn a_limit_in_bytes_is_the_least_and_what_was_raised_stays() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    client.ensure_stream(&definition(json!({ "max_bytes": 3_000_000 })), 1).await.unwrap();
    let limit = async || client.stream_info("EVENTS").await.unwrap().max_bytes();
    assert_eq!(client.ensure_stream(&definition(json!({ "max_bytes": 2_000_000 })), 1).await.unwrap(), []);
    // Another setting that differs takes it not along.
    let other = definition(json!({ "max_bytes": 2_000_000, "max_msg_size": 1000 }));
    assert_eq!(client.ensure_stream(&other, 1).await.unwrap().len(), 1);
    assert_eq!(limit().await, Some(3_000_000));
    let raised = other.with_max_bytes(4_000_000);
    assert_eq!(client.ensure_stream(&raised, 1).await.unwrap().len(), 1);
    assert_eq!(limit().await, Some(4_000_000));
}

#[tokio::test]
async fn an_unknown_setting_is_not_swallowed() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    let error = client.ensure_stream(&definition(json!({ "no_such_setting": 1 })), 1).await.unwrap_err();
    assert!(matches!(error, StreamMismatch::NotCreated { .. }), "{error:?}");
}
