//! SIGKILL for the spawner and for holders.

use std::time::Duration;

use maestro_tests::stack::freeze;
use rustix::process::Signal;
use serde_json::json;

use crate::stack::{Stack, gone, runs, signal};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_killed_spawner_leaves_its_sessions_running_and_the_next_one_finds_them() {
    let stack = Stack::start().await;
    let mut spawner = stack.spawner("n1", 4).await;
    stack.command("ann", "task.create", json!({ "title": "one" })).await;
    let id = stack.spawn(&stack.stubborn_tree("tree"), json!({ "tasks": ["t1"] })).await;
    let go = stack.path("go");
    let wait = format!("while ! test -e {}; do sleep 0.05; done; exit 7", go.display());
    let ends = stack.spawn(&wait, json!({})).await;
    let tree = stack.tree("tree").await;
    stack.until(&id, "active", SOON).await;
    stack.until(&ends, "active", SOON).await;
    stack.command(&format!("{id}/1"), "task.start", json!({ "task": "t1" })).await;

    spawner.kill();
    // It ends while nobody looks after it, and is reported all the same.
    std::fs::write(&go, "").unwrap();
    assert_eq!(stack.until(&ends, "exited", SOON).await["code"], 7);
    assert!(tree.iter().all(|pid| runs(*pid)), "nothing happened to the other one");
    assert!(stack.edge_key("LIVE", &format!("web.{id}")).await.is_some());

    let _spawner = stack.spawner("n1", 4).await;
    let info = stack.reach("maestro.v1.node.n1.info").await.unwrap();
    assert_eq!(info["data"]["node"]["free"], 3, "{info}");
    assert!(tree.iter().all(|pid| runs(*pid)));
    let task = stack.query("task.get", json!({ "task": "t1" })).await;
    assert_eq!((task["status"].as_str(), task["claim"].is_null()), (Some("in_progress"), false), "{task}");
    let session = stack.session(&id).await;
    assert_eq!((session["status"].as_str(), session["epoch"].as_u64()), (Some("active"), Some(1)));
    assert!(stack.ledger("n1", &format!("web.{ends}.1")).is_none(), "what ended meanwhile is forgotten");
    assert_eq!(stack.session(&ends).await["status"], "exited", "and is not reported again");

    stack.command("ann", "session.stop", json!({ "session": id })).await;
    stack.until(&id, "stopped", SOON).await;
    gone(&tree, Duration::from_secs(5)).await;
    let begun = std::time::Instant::now();
    while stack.reach("maestro.v1.node.n1.info").await.unwrap()["data"]["node"]["free"] != 4 {
        assert!(begun.elapsed() < SOON, "its slot is not free again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn a_spawner_and_a_holder_that_are_killed_at_once_leave_nothing_behind() {
    let stack = Stack::start().await;
    let mut spawner = stack.spawner("n1", 4).await;
    stack.command("ann", "task.create", json!({ "title": "one" })).await;
    let id = stack.spawn("sleep 600 & sleep 600", json!({ "tasks": ["t1"] })).await;
    stack.until(&id, "active", SOON).await;
    stack.command(&format!("{id}/1"), "task.start", json!({ "task": "t1" })).await;
    let pids = ["holder", "agent"].map(|part| stack.pid_of(part, "n1", &id, 1));
    spawner.kill();
    signal(pids[0], Signal::KILL);
    let _spawner = stack.spawner("n1", 4).await;
    gone(&pids, Duration::from_secs(5)).await;
    stack.until(&id, "lost", SOON).await;
    let task = stack.query("task.get", json!({ "task": "t1" })).await;
    assert_eq!((task["status"].as_str(), task["claim"].is_null()), (Some("pending"), true), "{task}");
    assert!(stack.ledger("n1", &format!("web.{id}.1")).is_none());
}

#[tokio::test]
async fn a_restart_policy_starts_the_next_epoch() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 4).await;
    let starts = stack.path("starts");
    let script = format!("echo $MAESTRO_SESSION_EPOCH >>{}; sleep 600", starts.display());
    let id = stack.spawn(&script, json!({ "restart": { "on_failure": { "max": 2 } } })).await;
    stack.until(&id, "active", SOON).await;
    signal(stack.pid_of("holder", "n1", &id, 1), Signal::KILL);
    let begun = std::time::Instant::now();
    while stack.session(&id).await["epoch"] != 2 {
        assert!(begun.elapsed() < SOON, "no second epoch");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stack.until(&id, "active", SOON).await;
    assert_eq!(stack.read("starts"), "1\n2\n");
    stack.command("ann", "session.stop", json!({ "session": id })).await;
    stack.until(&id, "stopped", SOON).await;
}

#[tokio::test]
async fn a_killed_holder_is_cleaned_up_behind() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 4).await;
    stack.command("ann", "task.create", json!({ "title": "one" })).await;
    let id = stack.spawn(&stack.stubborn_tree("tree"), json!({ "tasks": ["t1"] })).await;
    let other = stack.spawn("sleep 600", json!({})).await;
    let tree = stack.tree("tree").await;
    stack.until(&id, "active", SOON).await;
    stack.command(&format!("{id}/1"), "task.start", json!({ "task": "t1" })).await;
    stack.until(&other, "active", SOON).await;
    let bystander = stack.pid_of("agent", "n1", &other, 1);
    signal(stack.pid_of("holder", "n1", &id, 1), Signal::KILL);
    gone(&tree, Duration::from_secs(5)).await;
    let session = stack.until(&id, "lost", SOON).await;
    assert_eq!(session["lostReason"], "its holder died");
    stack.command("ann", "task.start", json!({ "task": "t1" })).await;
    assert!(runs(bystander), "the other session is not touched");
    assert_eq!(stack.session(&other).await["status"], "active");
}

#[tokio::test]
async fn orders_that_mean_nothing_are_removed() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 4).await;
    let work = stack.broker.connect("core-work").await;
    let unknown = json!({ "project": "web", "session": "s99", "epoch": 1, "pool": "default", "agent": "shell" });
    for order in ["not JSON".to_owned(), "{}".to_owned(), unknown.to_string()] {
        let answer = work.request("maestro.v1.spawn.default.shell", order.into()).await.unwrap();
        let answer: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
        assert!(answer["error"].is_null(), "{answer}");
    }
    let id = stack.spawn("exit 0", json!({})).await;
    stack.until(&id, "exited", SOON).await;
    let begun = std::time::Instant::now();
    loop {
        let info = work.request("$JS.API.STREAM.INFO.SPAWN", "".into()).await.unwrap();
        let info: serde_json::Value = serde_json::from_slice(&info.payload).unwrap();
        if info["state"]["messages"] == 0 {
            break;
        }
        assert!(begun.elapsed() < SOON, "{info}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
#[ignore = "takes a minute: the server must be sure before it gives a session up"]
async fn a_frozen_holder_that_was_superseded_stops_its_agent() {
    let stack = Stack::start().await;
    let _spawners = [stack.spawner("n1", 4).await, stack.spawner("n2", 4).await];
    let id = stack.spawn("sleep 600", json!({ "restart": { "on_failure": { "max": 1 } } })).await;
    let session = stack.until(&id, "active", SOON).await;
    let node = session["node"].as_str().unwrap().to_owned();
    let (holder, first) = (stack.pid_of("holder", &node, &id, 1), stack.pid_of("agent", &node, &id, 1));
    freeze(holder);
    stack.until(&id, "lost", Duration::from_secs(90)).await;
    let session = stack.until(&id, "active", SOON).await;
    assert_eq!(session["epoch"], 2);
    assert!(runs(first), "it is only out of sight");
    let second = stack.pid_of("agent", session["node"].as_str().unwrap(), &id, 2);

    signal(holder, Signal::CONT);
    gone(&[first], Duration::from_secs(10)).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(runs(second));
    let session = stack.session(&id).await;
    assert_eq!((session["status"].as_str(), session["epoch"].as_u64()), (Some("active"), Some(2)));
    assert!(stack.ledger(&node, &format!("web.{id}.1")).is_none());
}

#[tokio::test]
async fn a_frozen_holder_whose_session_went_on_elsewhere_stops_its_agent_at_once() {
    let stack = Stack::start().await;
    let _spawners = [stack.spawner("n1", 4).await, stack.spawner("n2", 4).await];
    stack.command("ann", "task.create", json!({ "title": "one" })).await;
    let id = stack.spawn("sleep 600", json!({ "node": "n1", "tasks": ["t1"] })).await;
    stack.until(&id, "active", SOON).await;
    stack.command(&format!("{id}/1"), "task.start", json!({ "task": "t1" })).await;
    let (holder, first) = (stack.pid_of("holder", "n1", &id, 1), stack.pid_of("agent", "n1", &id, 1));
    freeze(holder);
    // What the server would find out by itself after a minute.
    stack.command(&format!("{id}/1"), "session.lost", json!({ "reason": "silence" })).await;
    stack.command("ann", "session.restart", json!({ "session": id })).await;
    let session = stack.until(&id, "active", SOON).await;
    assert_eq!(session["epoch"], 2);
    let second = stack.pid_of("agent", "n1", &id, 2);
    assert!(runs(first) && runs(second));
    for (what, data) in [
        ("task.complete", json!({ "task": "t1" })),
        ("task.start", json!({ "task": "t1" })),
        ("session.active", json!({})),
        ("session.exited", json!({ "code": 0 })),
    ] {
        assert_eq!(stack.refused(&format!("{id}/1"), what, data).await, "stale_session", "{what}");
    }
    signal(holder, Signal::CONT);
    gone(&[first], Duration::from_secs(15)).await;
    assert!(runs(second));
    let session = stack.session(&id).await;
    assert_eq!((session["status"].as_str(), session["epoch"].as_u64()), (Some("active"), Some(2)));
}

/// Longer than a lease lasts, and shorter than it takes to be given up.
#[tokio::test]
async fn nothing_happened_to_a_holder_that_was_frozen_and_not_superseded() {
    frozen_and_thawed(Duration::from_secs(20)).await;
}

#[tokio::test]
#[ignore = "takes a minute and more"]
async fn nothing_happened_to_a_holder_that_was_frozen_for_a_minute() {
    frozen_and_thawed(Duration::from_secs(60)).await;
}

async fn frozen_and_thawed(time: Duration) {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 4).await;
    let id = stack.spawn("sleep 600", json!({})).await;
    stack.until(&id, "active", SOON).await;
    let (holder, agent) = (stack.pid_of("holder", "n1", &id, 1), stack.pid_of("agent", "n1", &id, 1));
    freeze(holder);
    tokio::time::sleep(time).await;
    signal(holder, Signal::CONT);
    let session = stack.until(&id, "active", SOON).await;
    assert_eq!(session["epoch"], 1);
    let begun = std::time::Instant::now();
    while stack.edge_key("LIVE", &format!("web.{id}")).await.is_none() {
        assert!(begun.elapsed() < SOON, "its lease is not taken up again");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(runs(agent));
    stack.command("ann", "session.stop", json!({ "session": id })).await;
    stack.until(&id, "stopped", SOON).await;
}

/// Takes the session and is gone: the worst moment to be killed in.
#[tokio::test]
async fn what_a_spawner_took_and_never_started_is_started_once_by_another() {
    let stack = Stack::start().await;
    let starts = stack.path("starts");
    let id = stack.spawn(&format!("echo $MAESTRO_SESSION_EPOCH >>{}; sleep 600", starts.display()), json!({})).await;
    stack.command(&format!("{id}/1"), "session.starting", json!({ "node": "gone" })).await;
    let _spawner = stack.spawner("n1", 4).await;
    let session = stack.until(&id, "active", Duration::from_secs(100)).await;
    assert_eq!((session["node"].as_str(), session["epoch"].as_u64()), (Some("n1"), Some(2)), "{session}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stack.read("starts"), "2\n", "once");
}

#[tokio::test]
async fn of_two_spawners_one_is_killed_while_it_starts_sessions_and_each_starts_once() {
    let stack = Stack::start().await;
    // Each could run all of them: how many the killed one has started by then is chance.
    let mut one = stack.spawner("n1", 12).await;
    let _two = stack.spawner("n2", 12).await;
    let starts = stack.path("starts");
    let mut ids = Vec::new();
    for _ in 0..12 {
        let script = format!("echo $MAESTRO_SESSION_ID >>{}; sleep 600", starts.display());
        ids.push(stack.spawn(&script, json!({})).await);
    }
    one.kill();
    for id in &ids {
        stack.until(id, "active", Duration::from_secs(120)).await;
    }
    let started = || {
        let mut started: Vec<String> = stack.read("starts").lines().map(ToOwned::to_owned).collect();
        started.sort();
        started
    };
    ids.sort();
    // Active is who has a process; its first line may still be on its way.
    let begun = std::time::Instant::now();
    while started().len() < ids.len() && begun.elapsed() < SOON {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    let started = started();
    assert_eq!(started, ids);
}
