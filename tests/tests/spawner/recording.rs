//! A session's recording comes into the store, however the session ends.

use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::stack::{Stack, signal};

const SOON: Duration = Duration::from_secs(60);

impl Stack {
    async fn recording(&self, name: &str) -> Option<Value> {
        let subject = format!("$JS.API.DIRECT.GET.OBJ_RECORDINGS.$O.RECORDINGS.M.{}", URL_SAFE.encode(name));
        let reply = self.edge.request(subject, "".into()).await.ok()?;
        serde_json::from_slice(&reply.payload).ok()
    }

    async fn recorded(&self, name: &str) {
        let begun = Instant::now();
        while self.recording(name).await.is_none_or(|info| info["size"].as_u64() < Some(100)) {
            assert!(begun.elapsed() < SOON, "{name} is not in the store: {:?}", self.recording(name).await);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

#[tokio::test]
async fn the_recording_of_a_killed_holder_is_kept() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 4).await;
    let id = stack.spawn("echo said; exec sleep 600", json!({})).await;
    stack.until(&id, "active", SOON).await;
    let cast = stack.path("n1").join(format!("sessions/web/{id}-1/session.cast"));
    let begun = Instant::now();
    while !std::fs::read_to_string(&cast).unwrap_or_default().contains("said") {
        assert!(begun.elapsed() < SOON, "what was said is not written down");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    signal(stack.pid_of("holder", "n1", &id, 1), Signal::KILL);
    stack.until(&id, "lost", SOON).await;
    stack.recorded(&format!("web.{id}.1.cast")).await;
    assert!(!cast.exists(), "it lies in one place");
}

#[tokio::test]
async fn a_recording_waits_for_a_broker_that_is_away() {
    let mut stack = Stack::start().await;
    let mut spawner = stack.spawner("n1", 4).await;
    let go = stack.path("go");
    let wait = format!("echo said; while ! test -e {}; do sleep 0.05; done", go.display());
    let id = stack.spawn(&wait, json!({})).await;
    stack.until(&id, "active", SOON).await;
    stack.broker.kill();
    std::fs::write(&go, "").unwrap();
    let begun = Instant::now();
    while stack.ledger("n1", &format!("web.{id}.1")).is_some() {
        assert!(begun.elapsed() < SOON, "the session does not end");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(stack.path("n1").join(format!("sessions/web/{id}-1/session.cast")).exists());
    // Its spawner dies as well; the next one has what is owed.
    spawner.kill();
    stack.broker.restart();
    let _spawner = stack.spawner("n1", 4).await;
    stack.until(&id, "exited", SOON).await;
    stack.recorded(&format!("web.{id}.1.cast")).await;
}
