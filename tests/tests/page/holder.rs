//! A real agent's terminal, held by the real holder, through the real bridge: watched, typed into, and its recording.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use maestro_tests::stack::Stack;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

const SOON: Duration = Duration::from_secs(30);
const INPUT: u8 = 16;

struct Viewer {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// What the terminal said, its controls included.
    seen: String,
    closed: bool,
}

impl Viewer {
    async fn of(listen: &str, token: &str) -> Self {
        let mut request = format!("ws://{listen}/ws").into_client_request().unwrap();
        request.headers_mut().insert("authorization", format!("Bearer {token}").parse().unwrap());
        let (socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        Self { socket, seen: String::new(), closed: false }
    }

    async fn say(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn type_in(&mut self, text: &str) {
        let mut frame = vec![INPUT, 0, 0, 0, 1];
        frame.extend_from_slice(text.as_bytes());
        self.socket.send(Message::binary(frame)).await.unwrap();
    }

    async fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let reading = async {
            while !done(self) {
                match self.socket.next().await.unwrap().unwrap() {
                    Message::Binary(frame) => self.seen.push_str(&String::from_utf8_lossy(&frame[13..])),
                    Message::Text(text) => self.closed |= text.contains("\"term.closed\""),
                    _ => {}
                }
            }
        };
        if tokio::time::timeout(SOON, reading).await.is_err() {
            panic!("{what}: {:?}", self.seen);
        }
    }
}

async fn get(listen: &str, token: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(listen).await.unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {listen}\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_terminal_is_watched_typed_into_and_played_again() {
    let stack = tokio::task::spawn_blocking(Stack::start).await.unwrap();
    stack.maestro(&["project", "create", "web", "--title", "web"]).data();
    let file = stack.file();
    let token = std::fs::read_to_string(&file.token_file).unwrap().trim().to_owned();
    let listen = file.bridge_url.unwrap().trim_start_matches("http://").to_owned();
    let script = "printf '\\033[32mREADY\\033[0m\\n'; read line; echo \"got $line\"; stty size; sleep 1";
    stack.maestro(&["--project", "web", "session", "spawn", "--agent", "shell", "--", "bash", "-c", script]).data();

    let mut viewer = Viewer::of(&listen, &token).await;
    viewer.say(json!({ "type": "hello", "version": 1, "project": "web" })).await;
    viewer.say(json!({ "type": "term.open", "term": 1, "session": "s1", "epoch": 1 })).await;
    viewer.until("the screen", |viewer| viewer.seen.contains("READY")).await;
    assert!(viewer.seen.contains("\u{1b}[32m"), "with its colour: {:?}", viewer.seen);
    viewer.say(json!({ "type": "term.resize", "term": 1, "cols": 91, "rows": 17 })).await;
    viewer.type_in("hello\r").await;
    viewer.until("the answer", |viewer| viewer.seen.contains("got hello")).await;
    viewer.until("the new size", |viewer| viewer.seen.contains("17 91")).await;
    viewer.until("the end", |viewer| viewer.closed).await;

    let deadline = tokio::time::Instant::now() + SOON;
    let recording = loop {
        let answer = get(&listen, &token, "/api/recording/web/s1/1").await;
        if answer.starts_with("HTTP/1.1 200") {
            break answer;
        }
        assert!(tokio::time::Instant::now() < deadline, "no recording: {answer}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert!(recording.contains("got hello") && recording.contains("\"version\":2"), "{recording}");
}
