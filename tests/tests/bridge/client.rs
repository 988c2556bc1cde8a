//! A client as the page is one: it keeps a picture from snapshots and commits, and notices every hole.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::stack::Stack;

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const WAIT: Duration = Duration::from_secs(20);

/// Opens the socket with these headers more.
pub async fn open(stack: &Stack, headers: &[(&'static str, &str)]) -> Result<Socket, Error> {
    let mut request = format!("ws://{}/ws", stack.host()).into_client_request()?;
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    Ok(tokio_tungstenite::connect_async(request).await?.0)
}

pub async fn open_with_token(stack: &Stack) -> Socket {
    open(stack, &[("Authorization", &format!("Bearer {}", stack.token()))]).await.unwrap()
}

/// What a client knows, and how it came to know it.
#[derive(Default)]
pub struct Picture {
    pub ledger: Option<String>,
    pub seq: Option<u64>,
    /// Task id to its `rev` and title.
    pub tasks: BTreeMap<String, (u64, String)>,
    /// Ids of all events that came in commits.
    pub events: BTreeSet<String>,
    pub commits: usize,
    pub snapshots: usize,
    pub resyncs: usize,
    pages: Vec<Value>,
}

impl Picture {
    /// Takes a frame as the page does; panics at a hole, a repetition or a step back.
    pub fn take(&mut self, frame: &Value) {
        match frame["type"].as_str().unwrap() {
            "welcome" => self.ledger = frame["ledger"].as_str().map(str::to_owned),
            "resync" => self.resyncs += 1,
            "snapshot" => {
                // A page 0 begins anew: the attempt before it did not come through.
                if frame["page"] == 0 {
                    self.pages.clear();
                }
                assert_eq!(frame["page"].as_u64().unwrap(), self.pages.len() as u64);
                self.pages.push(frame.clone());
                if frame["last"] == true {
                    self.tasks.clear();
                    let pages = std::mem::take(&mut self.pages);
                    for task in pages.iter().flat_map(|page| page["tasks"].as_array().unwrap()) {
                        self.put(task);
                    }
                    self.seq = pages.iter().map(|page| page["seq"].as_u64().unwrap()).min();
                    self.snapshots += 1;
                }
            }
            "commit" => self.commit(frame),
            _ => {}
        }
    }

    fn commit(&mut self, frame: &Value) {
        let (seq, known) = (frame["seq"].as_u64().unwrap(), self.seq.expect("a commit before any snapshot"));
        assert!(seq > known, "commit {seq} came after {known}");
        let prev = frame["prev"].as_u64().expect("a commit names the one before it");
        assert!(prev <= known, "commit {seq} follows {prev}, but {known} is the last that came");
        self.seq = Some(seq);
        self.commits += 1;
        for event in frame["events"].as_array().unwrap() {
            assert!(self.events.insert(event["id"].as_str().unwrap().to_owned()), "an event came twice: {event}");
            if event["subject"].as_str().unwrap().starts_with("task/") && event["data"]["after"].is_object() {
                self.put(&event["data"]["after"]);
            }
        }
    }

    fn put(&mut self, task: &Value) {
        let rev = task["rev"].as_u64().unwrap();
        let entry = self.tasks.entry(task["id"].as_str().unwrap().to_owned()).or_default();
        if rev > entry.0 {
            *entry = (rev, task["title"].as_str().unwrap().to_owned());
        }
    }

    pub fn has_title(&self, title: &str) -> bool {
        self.tasks.values().any(|(_, found)| found == title)
    }

    pub fn hello(&self, project: &str) -> Value {
        match self.seq {
            Some(seq) => {
                json!({ "type": "hello", "version": 1, "project": project, "ledger": self.ledger, "since": seq })
            }
            None => json!({ "type": "hello", "version": 1, "project": project }),
        }
    }
}

pub async fn say(socket: &mut Socket, frame: Value) {
    socket.send(Message::text(frame.to_string())).await.unwrap();
}

/// The next JSON frame; `None` when the connection ends.
pub async fn next(socket: &mut Socket) -> Option<Value> {
    let found = tokio::time::timeout(WAIT, async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Binary(_))) => {}
                Some(Ok(_) | Err(_)) | None => return None,
            }
        }
    });
    found.await.expect("a frame within the time")
}

/// Reads until a frame of this type.
pub async fn next_of(socket: &mut Socket, kind: &str) -> Value {
    loop {
        let frame = next(socket).await.unwrap_or_else(|| panic!("the connection ended before a {kind}"));
        if frame["type"] == kind {
            return frame;
        }
    }
}

/// Reads into the picture until it is as wanted.
pub async fn read_until(socket: &mut Socket, picture: &mut Picture, done: impl Fn(&Picture) -> bool) {
    while !done(picture) {
        let frame = next(socket).await.expect("the connection goes on");
        picture.take(&frame);
    }
}
