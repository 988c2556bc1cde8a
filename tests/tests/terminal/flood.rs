//! An agent that writes as fast as it can while nobody takes what it writes: a command line and a browser that stand still.

use std::fs;
use std::time::{Duration, Instant};

use futures::{SinkExt as _, StreamExt as _};
use rustix::process::Signal;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{Message, client::IntoClientRequest as _};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::kit::{SOON, Scene, await_that};

const MEGABYTE: u64 = 1_000_000;
/// What either may grow by, whatever is written: queues, windows and buffers have bounds.
const HOLDER: u64 = 32 * MEGABYTE;
const BRIDGE: u64 = 160 * MEGABYTE;
/// The size in which the agent writes.
const LOOKS: (u16, u16) = (120, 40);

#[test]
fn a_flood_that_nobody_takes_slows_nobody_and_fills_no_memory() {
    flood(32);
}

#[test]
#[ignore = "a gigabyte, with and without viewers"]
fn a_gigabyte_that_nobody_takes_slows_nobody_and_fills_no_memory() {
    flood(1000);
}

#[expect(clippy::print_stderr, reason = "a storm says what it measured")]
fn flood(megabytes: u64) {
    let scene = Scene::new();
    let bridge = scene.stack.pid("maestro-bridge");
    let alone = Agent::start(&scene, "alone", megabytes);
    let without = alone.writes();

    let agent = Agent::start(&scene, "watched", megabytes);
    let holder = agent.holder(&scene);
    let tty = scene.tty(&["session", "attach", &agent.id, "--read-only"], LOOKS.0, LOOKS.1);
    tty.until("ready");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut page = runtime.block_on(Page::open(&scene, &agent.id));
    runtime.block_on(page.read_until("ready")).expect("the connection goes on");
    tty.signal(Signal::STOP);
    let before = [holder, bridge].map(|pid| memory(pid, "VmRSS"));
    let with = agent.writes();
    let after = [holder, bridge].map(|pid| memory(pid, "VmHWM"));

    assert!(with < without * 2 + Duration::from_secs(1), "{with:?} with viewers that stand still, {without:?} without");
    let grown = [0, 1].map(|which| after[which].saturating_sub(before[which]));
    let told = format!("holder and bridge had {before:?} and then {after:?} bytes at most");
    assert!(grown[0] < HOLDER && grown[1] < BRIDGE, "{told}");
    eprintln!("{megabytes} MB in {with:?}, {without:?} without viewers; {told}");

    // Both end with what is there.
    let fresh = scene.tty(&["session", "attach", &agent.id, "--read-only"], LOOKS.0, LOOKS.1);
    fresh.until("the end");
    tty.signal(Signal::CONT);
    tty.until("the end");
    await_that(|| fresh.text() == tty.text(), || format!("{}\n---\n{}", fresh.text(), tty.text()));
    let seen = runtime.block_on(page.until(&scene, "the end"));
    assert_eq!(seen, fresh.text());
}

/// A session that writes when it is told to.
struct Agent {
    id: String,
    go: std::path::PathBuf,
    times: std::path::PathBuf,
}

impl Agent {
    fn start(scene: &Scene, name: &str, megabytes: u64) -> Self {
        let (go, times) = (scene.path(&format!("go-{name}")), scene.path(&format!("times-{name}")));
        let script = format!(
            "echo ready; while ! test -e {go}; do sleep 0.05; done; from=$(date +%s%N); \
             yes 0123456789012345678901234567890123456789 | head -c {megabytes}000000; echo; seq 1 100; \
             echo $from $(date +%s%N) >{times}.part; mv {times}.part {times}; echo the end; sleep 600",
            go = go.display(),
            times = times.display(),
        );
        let id = scene.session(&script);
        scene.until(&id, &["active"]);
        Self { id, go, times }
    }

    fn holder(&self, scene: &Scene) -> u32 {
        let file = scene.stack.home().join(format!("spawner/ledger/web.{}.1.json", self.id));
        let entry: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
        u32::try_from(entry["holder"]["pid"].as_u64().unwrap()).unwrap()
    }

    /// How long it took to get rid of everything.
    fn writes(&self) -> Duration {
        fs::write(&self.go, "").unwrap();
        let begun = Instant::now();
        while !self.times.exists() {
            assert!(begun.elapsed() < Duration::from_secs(300), "the agent stalls");
            std::thread::sleep(Duration::from_millis(50));
        }
        let text = fs::read_to_string(&self.times).unwrap();
        let times: Vec<u64> = text.split_whitespace().map(|word| word.parse().unwrap()).collect();
        Duration::from_nanos(times[1] - times[0])
    }
}

/// What the kernel says about a process, in bytes.
fn memory(pid: u32, what: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// A browser that looks at one session.
struct Page {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    id: String,
    screen: vt100::Parser,
}

impl Page {
    async fn open(scene: &Scene, id: &str) -> Self {
        let file = scene.stack.file();
        let token = fs::read_to_string(&file.token_file).unwrap();
        let address = file.bridge_url.unwrap().replacen("http://", "ws://", 1);
        let mut request = format!("{address}/ws").into_client_request().unwrap();
        request.headers_mut().insert("Authorization", format!("Bearer {}", token.trim()).parse().unwrap());
        let socket = tokio_tungstenite::connect_async(request).await.unwrap().0;
        let mut page = Self { socket, id: id.to_owned(), screen: empty() };
        page.say(json!({ "type": "hello", "version": 1, "project": "web" })).await;
        page.say(json!({ "type": "term.open", "term": 1, "session": id, "epoch": 1 })).await;
        page
    }

    async fn say(&mut self, frame: Value) {
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// Draws until this is on the screen; `None`: the connection ended.
    async fn read_until(&mut self, wanted: &str) -> Option<()> {
        while !self.screen.screen().contents().contains(wanted) {
            let frame = tokio::time::timeout(SOON, self.socket.next()).await;
            let frame = frame.unwrap_or_else(|_| panic!("no {wanted:?}:\n{}", self.screen.screen().contents()));
            match frame {
                Some(Ok(Message::Binary(frame))) => match frame[0] {
                    // The state of now, in place of whatever was there.
                    1 => {
                        self.screen = empty();
                        self.screen.process(&frame[13..]);
                    }
                    0 => self.screen.process(&frame[13..]),
                    _ => {}
                },
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
        Some(())
    }

    /// What it shows once this is on it. A page that was silent for too long has to come again.
    async fn until(&mut self, scene: &Scene, wanted: &str) -> String {
        if self.read_until(wanted).await.is_none() {
            let id = self.id.clone();
            *self = Self::open(scene, &id).await;
            self.read_until(wanted).await.expect("the connection goes on");
        }
        self.screen.screen().contents()
    }
}

fn empty() -> vt100::Parser {
    let size = |number| std::num::NonZeroU16::new(number).unwrap();
    vt100::Parser::new(size(LOOKS.1), size(LOOKS.0), 0)
}
