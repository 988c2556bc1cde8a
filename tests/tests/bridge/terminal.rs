//! Terminals through the bridge. The holder is played on the real broker, with the holder's own subjects, headers and
//! permissions, so that it can be made to lose output, to fall silent and to end at will.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::client::{Picture, Socket, next_of, open_with_token, say};
use super::stack::{Bob, Stack};

/// A terminal that does as it is told.
pub struct Holder {
    nats: async_nats::Client,
    place: String,
    heard: Arc<Mutex<Vec<(String, String)>>>,
    screen: Arc<Mutex<Value>>,
    serving: tokio::task::JoinHandle<()>,
}

/// What a terminal does with what is typed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    Nothing,
    /// Says it again, from this offset on.
    Echo(u64),
}

impl Holder {
    pub async fn of(stack: &Stack, place: &str) -> Self {
        Self::with(stack, place, Typed::Nothing).await
    }

    pub async fn with(stack: &Stack, place: &str, typed: Typed) -> Self {
        let nats = stack.nats.connect("spawner").await;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let screen = Arc::new(Mutex::new(json!({})));
        let mut asked = futures::stream::select_all({
            let mut all = Vec::new();
            for verb in ["in", "resize", "screen"] {
                all.push(nats.subscribe(format!("maestro.v1.term.{place}.{verb}")).await.unwrap());
            }
            all
        });
        nats.flush().await.unwrap();
        let (answering, heard_too, screen_too) = (nats.clone(), heard.clone(), screen.clone());
        let out = format!("maestro.v1.term.{place}.out");
        let serving = tokio::spawn(async move {
            let mut typed = typed;
            while let Some(message) = asked.next().await {
                let verb = message.subject.rsplit('.').next().unwrap().to_owned();
                let body = String::from_utf8_lossy(&message.payload).into_owned();
                let data =
                    if verb == "screen" { screen_too.lock().unwrap().clone() } else { json!({ "applied": true }) };
                if let Typed::Echo(offset) = typed
                    && verb == "in"
                {
                    let mut headers = async_nats::HeaderMap::new();
                    headers.insert("Maestro-Offset", offset.to_string());
                    typed = Typed::Echo(offset + message.payload.len() as u64);
                    answering.publish_with_headers(out.clone(), headers, message.payload.clone()).await.unwrap();
                }
                heard_too.lock().unwrap().push((verb, body));
                let reply = json!({ "type": "maestro.v1.reply", "success": true, "data": data }).to_string();
                answering.publish(message.reply.unwrap(), reply.into()).await.unwrap();
            }
        });
        Self { nats, place: place.to_owned(), heard, screen, serving }
    }

    pub fn show(&self, offset: u64, state: &str) {
        *self.screen.lock().unwrap() = json!({ "offset": offset, "cols": 80, "rows": 24, "alternate": false, "plain": true, "state": STANDARD.encode(state), "text": state });
    }

    pub async fn say(&self, offset: u64, text: &str, more: &[(&str, &str)]) {
        let mut headers = async_nats::HeaderMap::new();
        headers.insert("Maestro-Offset", offset.to_string());
        headers.insert("Maestro-Size", "80x24");
        for (name, value) in more {
            headers.insert(*name, *value);
        }
        let subject = format!("maestro.v1.term.{}.out", self.place);
        self.nats.publish_with_headers(subject, headers, text.to_owned().into()).await.unwrap();
        self.nats.flush().await.unwrap();
    }

    pub async fn until_heard(&self, verb: &str, body: &str) {
        let heard = async {
            while !self.heard.lock().unwrap().iter().any(|(v, b)| v == verb && b.contains(body)) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), heard)
            .await
            .unwrap_or_else(|_| panic!("{verb} {body:?} is not heard"));
    }

    fn asked_for_the_screen(&self) -> usize {
        self.heard.lock().unwrap().iter().filter(|(verb, _)| verb == "screen").count()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// The next binary frame: kind, terminal, offset, text.
async fn piece(socket: &mut Socket) -> (u8, u32, u64, String) {
    let found = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Binary(frame))) => {
                    let term = u32::from_be_bytes(frame[1..5].try_into().unwrap());
                    let offset = u64::from_be_bytes(frame[5..13].try_into().unwrap());
                    return (frame[0], term, offset, String::from_utf8_lossy(&frame[13..]).into_owned());
                }
                Some(Ok(_)) => {}
                other => panic!("the connection ended: {other:?}"),
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), found).await.expect("bytes of a terminal")
}

async fn connected(stack: &Stack) -> Socket {
    let mut socket = open_with_token(stack).await;
    say(&mut socket, Picture::default().hello("web")).await;
    let welcome = next_of(&mut socket, "welcome").await;
    assert_eq!(welcome["terminals"], true);
    next_of(&mut socket, "snapshot").await;
    socket
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_gets_the_past_the_screen_and_every_byte_from_there() {
    let stack = Stack::start();
    Bob::of(&stack).await.project("web").await;
    let holder = Holder::of(&stack, "web.s1.1").await;
    holder.say(0, "long ago ", &[]).await;
    holder.say(9, "and now", &[]).await;
    holder.show(16, "THE SCREEN");
    let mut socket = connected(&stack).await;
    say(&mut socket, json!({ "type": "term.open", "term": 7, "session": "s1", "epoch": 1 })).await;
    let opened = next_of(&mut socket, "term.opened").await;
    assert_eq!((&opened["term"], &opened["cols"], &opened["offset"]), (&json!(7), &json!(80), &json!(16)));
    assert_eq!(opened["plain"], true);
    assert_eq!(piece(&mut socket).await, (2, 7, 0, "long ago ".to_owned()));
    assert_eq!(piece(&mut socket).await, (2, 7, 0, "and now".to_owned()));
    assert_eq!(piece(&mut socket).await, (1, 7, 16, "THE SCREEN".to_owned()));

    // Repeated and overlapping pieces are told once.
    holder.say(9, "and now", &[]).await;
    holder.say(12, " now, more", &[]).await;
    assert_eq!(piece(&mut socket).await, (0, 7, 16, ", more".to_owned()));

    // A hole is mended by the screen; one that is for good is passed over.
    let asked = holder.asked_for_the_screen();
    holder.show(40, "LATER");
    holder.say(35, "lost?", &[]).await;
    assert_eq!(piece(&mut socket).await, (1, 7, 40, "LATER".to_owned()));
    assert_eq!(holder.asked_for_the_screen(), asked + 1);
    holder.say(60, "behind a gap", &[("Maestro-Gap", "40")]).await;
    assert_eq!(piece(&mut socket).await, (0, 7, 60, "behind a gap".to_owned()));

    let mut typed = vec![16, 0, 0, 0, 7];
    typed.extend_from_slice("ls\r".as_bytes());
    socket.send(Message::binary(typed)).await.unwrap();
    holder.until_heard("in", "ls\r").await;
    say(&mut socket, json!({ "type": "term.in", "term": 7, "text": "as text" })).await;
    holder.until_heard("in", "as text").await;
    say(&mut socket, json!({ "type": "term.resize", "term": 7, "cols": 100, "rows": 30 })).await;
    holder.until_heard("resize", "\"cols\":100").await;

    say(&mut socket, json!({ "type": "term.screen", "id": "look", "session": "s1", "epoch": 1 })).await;
    let look = next_of(&mut socket, "reply").await;
    assert_eq!((&look["id"], &look["data"]["text"]), (&json!("look"), &json!("LATER")));

    holder.say(72, "bye", &[("Maestro-End", "3")]).await;
    assert_eq!(piece(&mut socket).await, (0, 7, 72, "bye".to_owned()));
    let closed = next_of(&mut socket, "term.closed").await;
    assert!(closed["reason"].as_str().unwrap().contains("code 3"), "{closed}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_while_the_bridge_was_cut_off_from_the_broker_is_shown() {
    let mut stack = Stack::start();
    Bob::of(&stack).await.project("web").await;
    let holder = Holder::of(&stack, "web.s1.1").await;
    holder.show(16, "BEFORE");
    let mut socket = connected(&stack).await;
    say(&mut socket, json!({ "type": "term.open", "term": 1, "session": "s1", "epoch": 1 })).await;
    assert_eq!(piece(&mut socket).await, (1, 1, 16, "BEFORE".to_owned()));
    // Nothing drops and nothing follows: the agent said it and waits.
    holder.show(40, "MEANWHILE");
    stack = tokio::task::spawn_blocking(move || {
        stack.nats.restart();
        stack
    })
    .await
    .unwrap();
    assert_eq!(piece(&mut socket).await, (1, 1, 40, "MEANWHILE".to_owned()));
    holder.say(40, "and more", &[]).await;
    assert_eq!(piece(&mut socket).await, (0, 1, 40, "and more".to_owned()));
    drop(stack);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_nobody_holds_shows_what_is_left_of_it() {
    let stack = Stack::start();
    Bob::of(&stack).await.project("web").await;
    let holder = Holder::of(&stack, "web.s1.1").await;
    holder.say(0, "the last words", &[]).await;
    drop(holder);
    let mut socket = connected(&stack).await;
    say(&mut socket, json!({ "type": "term.open", "term": 1, "session": "s1", "epoch": 1 })).await;
    assert_eq!(piece(&mut socket).await, (2, 1, 0, "the last words".to_owned()), "and then the end");
    assert_eq!(next_of(&mut socket, "term.closed").await["term"], 1);
    say(&mut socket, json!({ "type": "term.screen", "id": "look", "session": "s1", "epoch": 1 })).await;
    assert_eq!(next_of(&mut socket, "reply").await["error"], "unavailable");
}

#[tokio::test(flavor = "multi_thread")]
async fn terminals_are_bounded_and_nonsense_is_refused() {
    let stack = Stack::start();
    Bob::of(&stack).await.project("web").await;
    let mut socket = connected(&stack).await;
    for (frame, code) in [
        (json!({ "type": "term.in", "term": 1, "text": "x" }), "invalid_value"),
        (json!({ "type": "term.resize", "term": 1, "cols": 0, "rows": 1 }), "invalid_value"),
        (json!({ "type": "term.open", "term": 1, "session": "../x", "epoch": 1 }), "invalid_session_id"),
    ] {
        say(&mut socket, frame).await;
        assert_eq!(next_of(&mut socket, "error").await["code"], code);
    }
    socket.send(Message::binary(vec![16, 0, 0])).await.unwrap();
    assert_eq!(next_of(&mut socket, "error").await["code"], "invalid_value");
    for term in 0..17 {
        say(&mut socket, json!({ "type": "term.open", "term": term, "session": "s1", "epoch": 1 })).await;
    }
    assert_eq!(next_of(&mut socket, "error").await["code"], "limit_reached");
    say(&mut socket, json!({ "type": "ping" })).await;
    next_of(&mut socket, "pong").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_that_does_not_read_holds_nobody_up() {
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    let holder = Holder::of(&stack, "web.s1.1").await;
    holder.show(0, "BEGIN");
    let (mut slow, mut quick) = (connected(&stack).await, connected(&stack).await);
    for socket in [&mut slow, &mut quick] {
        say(socket, json!({ "type": "term.open", "term": 1, "session": "s1", "epoch": 1 })).await;
        assert_eq!(piece(socket).await.0, 1);
    }
    // 64 MiB: more than sockets, queues and the subscription hold together.
    let block = "x".repeat(16 << 10);
    let (count, size) = (4096_u64, block.len() as u64);
    let writing = async {
        for n in 0..count {
            holder.say(n * size, &block, &[]).await;
        }
    };
    let reading = async {
        let mut position = 0;
        while position < count * size {
            let (kind, _, offset, text) = piece(&mut quick).await;
            assert!(kind == 0 && offset == position, "the quick one misses nothing: {kind} {offset} {position}");
            position += text.len() as u64;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), futures::future::join(writing, reading)).await.unwrap();
    holder.show(count * size, "THE END");
    holder.say(count * size, "after", &[]).await;
    // The slow one gets some of it, then the screen as it is now.
    let mut seen = 0;
    loop {
        let (kind, _, _, text) = piece(&mut slow).await;
        if kind == 1 && text == "THE END" || text == "after" {
            break;
        }
        seen += text.len() as u64;
    }
    assert!(seen < count * size, "not everything was kept for it");
}
