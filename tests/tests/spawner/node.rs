//! Which host runs what: draining, named hosts, labels, orders that nobody can carry out.

use std::time::{Duration, Instant};

use futures::StreamExt;
use serde_json::{Value, json};

use crate::stack::{Program, Stack};

const SOON: Duration = Duration::from_secs(20);

async fn labelled(stack: &Stack, node: &str, label: &str) -> Program {
    stack.spawner_with(node, 4, &["--label", label]).await
}

async fn waits_for(stack: &Stack, id: &str, reason: &str) {
    let begun = Instant::now();
    loop {
        let session = stack.session(id).await;
        assert_eq!(session["status"], "requested", "{session}");
        if session["pending"].as_str().is_some_and(|pending| pending.contains(reason)) {
            return;
        }
        assert!(begun.elapsed() < SOON, "{id} does not wait for {reason:?}: {session}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_session_runs_where_it_is_wanted_or_waits_with_the_reason() {
    let stack = Stack::start().await;
    let _one = labelled(&stack, "n1", "cpu").await;
    let _two = labelled(&stack, "n2", "gpu").await;
    for (wants, node) in
        [(json!({ "node": "n2" }), "n2"), (json!({ "node": "n1" }), "n1"), (json!({ "labels": ["gpu"] }), "n2")]
    {
        for _ in 0..2 {
            let id = stack.spawn("sleep 600", wants.clone()).await;
            let session = stack.until(&id, "active", SOON).await;
            assert_eq!(session["node"], node, "{wants}");
        }
    }
    for (wants, reason) in [
        (json!({ "node": "n9" }), "there is no node n9"),
        (json!({ "node": "n1", "labels": ["gpu"] }), "node n1 does not have the label gpu"),
        (json!({ "labels": ["tpu"] }), "has the labels tpu"),
        (json!({ "labels": ["gpu", "cpu"] }), "has the labels gpu, cpu"),
        (json!({ "node": "n1", "agent": "nobody-has-it" }), "node n1 does not have the agent nobody-has-it"),
    ] {
        let id = stack.spawn("sleep 600", wants).await;
        waits_for(&stack, &id, reason).await;
    }
    // The host that one of them waits for comes.
    let late = stack.query("session.list", json!({ "status": ["requested"] })).await["items"][0].clone();
    assert_eq!(late["wants"]["node"], "n9");
    let _nine = stack.spawner("n9", 4).await;
    let session = stack.until(late["id"].as_str().unwrap(), "active", SOON).await;
    assert_eq!(session["node"], "n9");
}

#[tokio::test]
async fn a_draining_host_takes_nothing_new_and_lets_what_runs_go_on() {
    let stack = Stack::start().await;
    let mut one = stack.spawner("n1", 4).await;
    let runs = stack.spawn("sleep 600", json!({})).await;
    stack.until(&runs, "active", SOON).await;
    let drained = stack.reach("maestro.v1.node.n1.drain").await.unwrap();
    assert_eq!(drained["data"]["node"]["draining"], true, "{drained}");
    let waits = stack.spawn("sleep 600", json!({})).await;
    waits_for(&stack, &waits, "is draining").await;
    let named = stack.spawn("sleep 600", json!({ "node": "n1" })).await;
    waits_for(&stack, &named, "node n1 is draining").await;
    // A restart does not forget it, nor does it touch what runs.
    one.kill();
    let _one = stack.spawner("n1", 4).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stack.session(&waits).await["status"], "requested");
    let session = stack.session(&runs).await;
    assert_eq!((session["status"].as_str(), session["epoch"].as_u64()), (Some("active"), Some(1)));
    // Another one of the pool takes what waits for nobody in particular.
    let _two = stack.spawner("n2", 4).await;
    assert_eq!(stack.until(&waits, "active", SOON).await["node"], "n2");
    assert_eq!(stack.session(&named).await["status"], "requested");
    let undone = stack.reach("maestro.v1.node.n1.undrain").await.unwrap();
    assert_eq!(undone["data"]["node"]["draining"], Value::Null, "{undone}");
    assert_eq!(stack.until(&named, "active", SOON).await["node"], "n1");
}

#[tokio::test]
async fn the_end_of_a_spawner_switches_nothing() {
    let stack = Stack::start().await;
    let mut drains = Value::Null;
    // Which of its endpoints sees the end first is chance.
    for round in 0..16 {
        let mut one = stack.spawner("n1", 4).await;
        let info = stack.reach("maestro.v1.node.n1.info").await.unwrap();
        assert_eq!(info["data"]["node"]["draining"], drains, "round {round}: {info}");
        if round == 10 {
            stack.reach("maestro.v1.node.n1.drain").await.unwrap();
            drains = Value::Bool(true);
        }
        one.terminate(SOON).await;
    }
}

const PULL: &str = "$JS.API.CONSUMER.MSG.NEXT.SPAWN.default-shell";

#[tokio::test]
async fn an_order_whose_deliveries_are_used_up_fails_its_session_and_is_removed() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 4).await;
    // It has made the queues, and takes nothing from them.
    stack.reach("maestro.v1.node.n1.drain").await.unwrap();
    tokio::time::sleep(Duration::from_secs(6)).await;
    let id = stack.spawn("exit 0", json!({})).await;
    let hand = stack.broker.connect("spawner").await;
    // What is pulled comes under its own subject, so a request would not know it for its answer.
    let inbox = hand.new_inbox();
    let mut orders = hand.subscribe(inbox.clone()).await.unwrap();
    for delivery in 1..=5 {
        let ask = json!({ "batch": 1, "expires": 5_000_000_000_u64 }).to_string();
        hand.publish_with_reply(PULL, inbox.clone(), ask.into()).await.unwrap();
        let order = tokio::time::timeout(SOON, orders.next()).await;
        let order = order.ok().flatten().unwrap_or_else(|| panic!("delivery {delivery}: nothing came"));
        let reply = order.reply.unwrap_or_else(|| panic!("delivery {delivery}: no order"));
        hand.publish(reply, "-NAK".into()).await.unwrap();
        hand.flush().await.unwrap();
    }
    // The broker says so when it would hand it out once more.
    let ask = json!({ "batch": 1, "expires": 5_000_000_000_u64 }).to_string();
    hand.publish_with_reply(PULL, inbox, ask.into()).await.unwrap();
    let session = stack.until(&id, "failed", SOON).await;
    assert!(session["failure"].as_str().unwrap().contains("given out 5 times"), "{session}");
    let work = stack.broker.connect("core-work").await;
    let begun = Instant::now();
    loop {
        let info = work.request("$JS.API.STREAM.INFO.SPAWN", "".into()).await.unwrap();
        let info: Value = serde_json::from_slice(&info.payload).unwrap();
        if info["state"]["messages"] == 0 {
            return;
        }
        assert!(begun.elapsed() < SOON, "{info}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// As many queues have an order for one slot, and only one of them can have it.
#[tokio::test]
async fn an_order_that_finds_no_slot_waits_and_uses_no_delivery_up() {
    const AGENTS: usize = 7;
    let stack = Stack::start().await;
    let agents = stack.path("agents");
    std::fs::create_dir_all(&agents).unwrap();
    for n in 0..AGENTS {
        std::fs::write(agents.join(format!("shell{n}.toml")), "extends = \"shell\"\n").unwrap();
    }
    let _spawner = stack.spawner("n1", 1).await;
    let first = stack.spawn("sleep 600", json!({})).await;
    stack.until(&first, "active", SOON).await;
    let mut ids = Vec::new();
    for n in 0..AGENTS {
        // Longer than an order waits before it looks around.
        ids.push(stack.spawn("sleep 1.2", json!({ "agent": format!("shell{n}") })).await);
    }
    stack.command("ann", "session.stop", json!({ "session": first })).await;
    for id in &ids {
        stack.until(id, "exited", SOON * 2).await;
    }
}
