//! The broker and the server go away and come back; sessions do not notice.

use std::time::Duration;

use maestro_tests::stack::freeze;
use rustix::process::Signal;
use serde_json::json;

use crate::stack::{Stack, runs, signal};

const SOON: Duration = Duration::from_secs(30);

impl Stack {
    /// A key of a bucket, as agents may read it.
    pub async fn edge_key(&self, bucket: &str, key: &str) -> Option<serde_json::Value> {
        let subject = format!("$JS.API.DIRECT.GET.KV_{bucket}.$KV.{bucket}.{key}");
        let reply = self.edge.request(subject, "".into()).await.unwrap();
        // A removed key's marker and an absent one have no body.
        serde_json::from_slice(&reply.payload).ok()
    }
}

#[tokio::test]
async fn a_broker_that_is_away_loses_nothing_and_reports_come_late() {
    let mut stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 4).await;
    let go = stack.path("go");
    let stays = stack.spawn("sleep 600", json!({})).await;
    let wait = format!("while ! test -e {}; do sleep 0.05; done; exit 4", go.display());
    let ends = stack.spawn(&wait, json!({})).await;
    stack.until(&stays, "active", SOON).await;
    stack.until(&ends, "active", SOON).await;
    let agent = stack.pid_of("agent", "n1", &stays, 1);

    // Longer than the lease lives.
    stack.broker.kill();
    std::fs::write(&go, "").unwrap();
    tokio::time::sleep(Duration::from_secs(18)).await;
    let outbox = std::fs::read_dir(stack.path("n1").join("outbox")).unwrap().count();
    assert_eq!(outbox, 1, "the end waits in a file");
    stack.broker.restart();

    let ended = stack.until(&ends, "exited", SOON).await;
    assert_eq!(ended["code"], 4);
    assert_still_there(&stack, &stays, agent).await;
}

#[tokio::test]
async fn a_frozen_stack_goes_on_as_if_nothing_had_happened() {
    let stack = Stack::start().await;
    let spawner = stack.spawner("n1", 4).await;
    let id = stack.spawn("sleep 600", json!({})).await;
    stack.until(&id, "active", SOON).await;
    let agent = stack.pid_of("agent", "n1", &id, 1);

    // Not all at once, and the lease runs out: first the holder alone, then everything.
    let holder = stack.pid_of("holder", "n1", &id, 1);
    freeze(holder);
    tokio::time::sleep(Duration::from_secs(8)).await;
    freeze(spawner.pid());
    stack.freeze_server();
    stack.broker.freeze();
    tokio::time::sleep(Duration::from_secs(12)).await;
    stack.broker.thaw();
    stack.thaw_server();
    spawner.signal(Signal::CONT);
    signal(holder, Signal::CONT);

    assert_still_there(&stack, &id, agent).await;
}

#[tokio::test]
async fn a_stop_that_nobody_heard_is_noticed() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 4).await;
    let id = stack.spawn("sleep 600", json!({})).await;
    stack.until(&id, "active", SOON).await;
    let (holder, agent) = (stack.pid_of("holder", "n1", &id, 1), stack.pid_of("agent", "n1", &id, 1));

    // Long enough for the broker to cut it off: what is said meanwhile is lost.
    freeze(holder);
    stack.command("ann", "session.stop", json!({ "session": id })).await;
    tokio::time::sleep(Duration::from_secs(16)).await;
    assert!(runs(agent));
    signal(holder, Signal::CONT);
    stack.until(&id, "stopped", SOON).await;
    assert!(!runs(agent));
}

/// Alive, active in its first epoch, its lease held again, and it hears a stop.
async fn assert_still_there(stack: &Stack, id: &str, agent: u32) {
    let key = format!("web.{id}");
    let begun = std::time::Instant::now();
    while stack.edge_key("LIVE", &key).await.is_none() {
        assert!(begun.elapsed() < SOON, "the lease was not taken up again");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    tokio::time::sleep(Duration::from_secs(7)).await;
    assert!(stack.edge_key("LIVE", &key).await.is_some(), "and it is kept");
    let session = stack.session(id).await;
    assert_eq!((session["status"].as_str(), session["epoch"].as_u64()), (Some("active"), Some(1)), "{session}");
    assert!(runs(agent));
    stack.command("ann", "session.stop", json!({ "session": id })).await;
    stack.until(id, "stopped", SOON).await;
    assert!(!runs(agent));
}
