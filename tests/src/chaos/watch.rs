//! Those who follow: the command line and the browser's socket, each coming back after every end of its connection.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

use crate::history::{Seen, Trail};
use crate::stack::{coverage, program};

/// Without a word for so long, a browser's page connects anew.
const SILENCE: Duration = Duration::from_secs(10);
const AGAIN: Duration = Duration::from_millis(200);

/// What a follower has seen so far.
#[derive(Clone, Debug)]
pub struct Watch {
    trail: Arc<Mutex<Trail>>,
    stop: Arc<AtomicBool>,
    /// How often it had to begin a connection.
    begun: Arc<Mutex<usize>>,
}

impl Watch {
    fn new(name: &str, project: &str) -> Self {
        let trail = Trail { name: name.to_owned(), project: project.to_owned(), ..Trail::default() };
        Self { trail: Arc::new(Mutex::new(trail)), stop: Arc::default(), begun: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Trail> {
        self.trail.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    fn began(&self) {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    /// How often it had to begin.
    #[must_use]
    pub fn connections(&self) -> usize {
        *self.begun.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[must_use]
    pub fn trail(&self) -> Trail {
        self.lock().clone()
    }

    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

/// `maestro events --follow`, started again behind what it said last whenever it ends. Ends with `stop`.
///
/// # Panics
/// When the command line cannot be started.
pub fn events(url: &str, project: &str) -> (Watch, std::thread::JoinHandle<()>) {
    let watch = Watch::new("maestro events --follow", project);
    let (seen, url, project) = (watch.clone(), url.to_owned(), project.to_owned());
    let thread = std::thread::spawn(move || {
        let home = tempfile::tempdir().expect("a temporary directory");
        while !seen.stopped() {
            seen.began();
            let since = seen.lock().position().to_string();
            let mut child = Command::new(program("maestro"))
                .env_clear()
                .envs(coverage())
                .env("HOME", home.path())
                .env("MAESTRO_NATS_URL", &url)
                .env("MAESTRO_USER", "watcher")
                .args(["--json", "-p", &project, "events", "--follow", "--since", &since])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .expect("the command line can be started");
            let lines = BufReader::new(child.stdout.take().expect("stdout is a pipe")).lines();
            let ended = end_with_stop(child, seen.clone());
            for line in lines.map_while(Result::ok) {
                take_line(&mut seen.lock(), &line);
            }
            // It only waits for the child.
            let _ = ended.join();
            std::thread::sleep(AGAIN);
        }
    });
    (watch, thread)
}

/// Ends the child when the watch is stopped, and waits for it in any case.
fn end_with_stop(mut child: Child, watch: Watch) -> std::thread::JoinHandle<()> {
    std::thread::spawn(move || {
        while child.try_wait().is_ok_and(|status| status.is_none()) {
            if watch.stopped() {
                // It may have ended by itself.
                let _ = child.kill();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    })
}

/// A line is one event; those of one commit come one after another. What is no event says why the command ended.
fn take_line(trail: &mut Trail, line: &str) {
    let Ok(entry) = serde_json::from_str::<Value>(line) else { return };
    let (Some(seq), Some(id)) = (entry["seq"].as_u64(), entry["id"].as_str()) else { return };
    match trail.seen.last_mut() {
        Some(Seen::Commit { seq: last, events }) if *last == seq => events.push(id.to_owned()),
        _ => trail.seen.push(Seen::Commit { seq, events: vec![id.to_owned()] }),
    }
}

/// A browser's socket, opened again with what it has whenever it ends. Ends with `stop`.
pub fn socket(address: &str, token: &str, project: &str) -> (Watch, tokio::task::JoinHandle<()>) {
    let watch = Watch::new("the browser's socket", project);
    let (seen, address, token) = (watch.clone(), address.to_owned(), token.to_owned());
    let task = tokio::spawn(async move {
        let mut page = Page { project: seen.trail().project, ..Page::default() };
        while !seen.stopped() {
            seen.began();
            // Whatever ended it, the next one goes on from where it stood.
            let _ = follow(&seen, &address, &token, &mut page).await;
            tokio::time::sleep(AGAIN).await;
        }
    });
    (watch, task)
}

/// What the page keeps.
#[derive(Default)]
struct Page {
    project: String,
    ledger: Option<String>,
    /// The last commit that it has; none before the first snapshot.
    since: Option<u64>,
    tasks: BTreeMap<String, u64>,
    pages: Vec<Value>,
}

async fn follow(watch: &Watch, address: &str, token: &str, page: &mut Page) -> anyhow::Result<()> {
    let mut request = address.into_client_request()?;
    request.headers_mut().insert("authorization", format!("Bearer {token}").parse()?);
    let connect = tokio::time::timeout(SILENCE, tokio_tungstenite::connect_async(request));
    let (mut socket, _) = connect.await??;
    page.pages.clear();
    let mut hello = json!({ "type": "hello", "version": 1, "project": page.project });
    if let (Some(since), Some(ledger)) = (page.since, &page.ledger) {
        hello["since"] = json!(since);
        hello["ledger"] = json!(ledger);
    }
    socket.send(Message::text(hello.to_string())).await?;
    while !watch.stopped() {
        let Some(message) = tokio::time::timeout(SILENCE, socket.next()).await? else { break };
        if let Message::Text(text) = message? {
            page.take(&serde_json::from_str(&text)?, &mut watch.lock());
        } else if !matches!(socket.flush().await, Ok(())) {
            // A ping is answered with the flush.
            break;
        }
    }
    Ok(())
}

impl Page {
    fn take(&mut self, frame: &Value, trail: &mut Trail) {
        match frame["type"].as_str() {
            Some("welcome") => self.ledger = frame["ledger"].as_str().map(str::to_owned),
            Some("snapshot") => self.snapshot(frame, trail),
            Some("commit") => self.commit(frame, trail),
            _ => return,
        }
        trail.picture = Some(self.tasks.clone());
    }

    fn snapshot(&mut self, frame: &Value, trail: &mut Trail) {
        // A page 0 begins anew: the attempt before it did not come through.
        if frame["page"] == 0 {
            self.pages.clear();
        }
        self.pages.push(frame.clone());
        if frame["last"] != true {
            return;
        }
        self.tasks.clear();
        let pages = std::mem::take(&mut self.pages);
        for task in pages.iter().flat_map(|page| page["tasks"].as_array().into_iter().flatten()) {
            self.put(task);
        }
        let seq = pages.iter().filter_map(|page| page["seq"].as_u64()).min().unwrap_or(0);
        self.since = Some(seq);
        trail.seen.push(Seen::Snapshot { seq });
    }

    fn commit(&mut self, frame: &Value, trail: &mut Trail) {
        let events = frame["events"].as_array().cloned().unwrap_or_default();
        for event in &events {
            if event["subject"].as_str().is_some_and(|subject| subject.starts_with("task/")) {
                self.put(&event["data"]["after"]);
            }
        }
        let seq = frame["seq"].as_u64().unwrap_or(0);
        self.since = Some(seq);
        let events = events.iter().filter_map(|event| event["id"].as_str().map(str::to_owned)).collect();
        trail.seen.push(Seen::Commit { seq, events });
    }

    /// Pages of a snapshot may be newer than the commits that follow them.
    fn put(&mut self, task: &Value) {
        let (Some(id), Some(rev)) = (task["id"].as_str(), task["rev"].as_u64()) else { return };
        let known = self.tasks.entry(id.to_owned()).or_default();
        *known = rev.max(*known);
    }
}
