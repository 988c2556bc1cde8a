//! Frames that no page sends: each has its answer, and nobody else notices.

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::client::{Picture, Socket, next, next_of, open_with_token, read_until, say};
use super::stack::{Bob, Stack};

/// The code of the close frame that ends the connection.
async fn close_code(socket: &mut Socket) -> Option<CloseCode> {
    let read = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(15), read).await.expect("the connection ends")
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_frames_get_a_code_each_and_leave_everybody_unharmed() {
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    let mut picture = Picture::default();
    let mut bystander = open_with_token(&stack).await;
    say(&mut bystander, picture.hello("web")).await;
    read_until(&mut bystander, &mut picture, |picture| picture.snapshots == 1).await;

    // First frames that are no hello end the connection.
    for (first, code) in [
        ("{", "malformed_json"),
        (r#"{"type":"hello","version":2}"#, "unsupported_version"),
        (r#"{"type":"hello"}"#, "missing_required_field"),
        (r#"{"type":"hello","version":1,"project":"a.>"}"#, "invalid_project_id"),
        (r#"{"type":"ping"}"#, "usage"),
    ] {
        let mut socket = open_with_token(&stack).await;
        socket.send(Message::text(first)).await.unwrap();
        assert_eq!(next(&mut socket).await.unwrap()["code"], code, "{first}");
        assert_eq!(close_code(&mut socket).await, Some(CloseCode::Protocol), "{first}");
    }

    let mut socket = open_with_token(&stack).await;
    say(&mut socket, Picture::default().hello("web")).await;
    next_of(&mut socket, "snapshot").await;
    let id = ulid::Ulid::generate().to_string();
    for (frame, code) in [
        ("[1,2".to_owned(), "malformed_json"),
        ("[]".to_owned(), "missing_required_field"),
        (r#"{"type":"shout"}"#.to_owned(), "unknown_command"),
        (r#"{"type":"cmd","id":"x","entity":"task","verb":"create","data":{}}"#.to_owned(), "invalid_command_id"),
        (r#"{"type":"switch","project":"../etc"}"#.to_owned(), "invalid_project_id"),
        (r#"{"type":"hello","version":1}"#.to_owned(), "usage"),
    ] {
        socket.send(Message::text(frame.clone())).await.unwrap();
        assert_eq!(next_of(&mut socket, "error").await["code"], code, "{frame}");
    }
    for (entity, verb, data, code) in [
        ("task", "launch", json!({}), "unknown_command"),
        ("task.>", "create", json!({ "title": "a" }), "unknown_command"),
        ("task", "create", json!({ "title": "  " }), "invalid_title"),
        ("task", "create", json!({ "title": "a", "extra": 1 }), "unknown_field"),
        ("session", "expire", json!({ "session": "s1", "epoch": 1, "deadline": "request" }), "not_permitted"),
    ] {
        say(&mut socket, json!({ "type": "cmd", "id": id, "entity": entity, "verb": verb, "data": data })).await;
        let reply = next_of(&mut socket, "reply").await;
        assert_eq!((&reply["success"], &reply["error"]), (&json!(false), &json!(code)), "{entity}.{verb} {reply}");
    }

    let large = json!({ "type": "cmd", "id": id, "entity": "task", "verb": "create", "data": { "title": "x".repeat(300 << 10) } });
    say(&mut socket, large).await;
    assert_eq!(next_of(&mut socket, "error").await["code"], "too_large");
    assert_eq!(close_code(&mut socket).await, Some(CloseCode::Size));

    bob.task("web", "still here").await;
    read_until(&mut bystander, &mut picture, |picture| picture.has_title("still here")).await;
    assert_eq!(picture.tasks.len(), 1, "none of it was stored");
}

#[tokio::test(flavor = "multi_thread")]
async fn endless_nonsense_ends_the_connection_and_a_flood_is_told_to_wait() {
    let stack = Stack::start();
    Bob::of(&stack).await.project("web").await;
    let mut socket = open_with_token(&stack).await;
    say(&mut socket, Picture::default().hello("web")).await;
    next_of(&mut socket, "snapshot").await;
    for n in 0..400 {
        let query = json!({ "type": "qry", "id": n.to_string(), "entity": "task", "verb": "list", "data": {} });
        say(&mut socket, query).await;
    }
    let mut refused = 0;
    for _ in 0..400 {
        let reply: Value = next_of(&mut socket, "reply").await;
        refused += usize::from(reply["error"] == "overloaded");
    }
    assert!((1..400).contains(&refused), "{refused} of 400 were told to wait");
    for _ in 0..25 {
        // The connection may be gone before the last.
        let _ = socket.send(Message::text("nonsense")).await;
    }
    assert_eq!(close_code(&mut socket).await, Some(CloseCode::Policy));
}
