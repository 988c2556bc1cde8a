//! SIGKILL for the spawner and for holders.

use std::time::Duration;

use serde_json::json;

use crate::stack::{Stack, gone, runs};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_killed_spawner_takes_its_sessions_along_and_the_next_one_reports_them() {
    let stack = Stack::start().await;
    let mut spawner = stack.spawner("n1", 4).await;
    stack.command("ann", "task.create", json!({ "title": "one" })).await;
    let id = stack.spawn(&stack.stubborn_tree("tree"), json!({ "tasks": ["t1"] })).await;
    let tree = stack.tree("tree").await;
    stack.until(&id, "active", SOON).await;
    stack.command(&format!("{id}/1"), "task.start", json!({ "task": "t1" })).await;

    spawner.kill();
    gone(&tree, Duration::from_secs(10)).await;
    assert!(stack.ledger("n1", &format!("web.{id}.1")).is_some(), "nobody was there to report it");

    let _spawner = stack.spawner("n1", 4).await;
    stack.until(&id, "lost", SOON).await;
    let task = stack.query("task.get", json!({ "task": "t1" })).await;
    assert_eq!(task["status"], "pending", "{task}");
    assert!(task["claim"].is_null(), "{task}");
    assert!(stack.ledger("n1", &format!("web.{id}.1")).is_none());
}

#[tokio::test]
async fn a_restart_policy_starts_the_next_epoch() {
    let stack = Stack::start().await;
    let mut spawner = stack.spawner("n1", 4).await;
    let starts = stack.path("starts");
    let script = format!("echo $MAESTRO_SESSION_EPOCH >>{}; sleep 600", starts.display());
    let id = stack.spawn(&script, json!({ "restart": { "on_failure": { "max": 2 } } })).await;
    stack.until(&id, "active", SOON).await;
    spawner.kill();
    let _spawner = stack.spawner("n1", 4).await;
    stack.until(&id, "lost", SOON).await;
    let session = stack.until(&id, "active", SOON).await;
    assert_eq!(session["epoch"], 2);
    assert_eq!(stack.read("starts"), "1\n2\n");
    stack.command("ann", "session.stop", json!({ "session": id })).await;
    stack.until(&id, "stopped", SOON).await;
}

#[tokio::test]
async fn a_killed_holder_is_cleaned_up_behind() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 4).await;
    let id = stack.spawn(&stack.stubborn_tree("tree"), json!({})).await;
    let other = stack.spawn("sleep 600", json!({})).await;
    let tree = stack.tree("tree").await;
    stack.until(&id, "active", SOON).await;
    stack.until(&other, "active", SOON).await;
    let pid_of = |part: &str, id: &str| {
        let ledger = stack.ledger("n1", &format!("web.{id}.1")).unwrap();
        u32::try_from(ledger[part]["pid"].as_u64().unwrap()).unwrap()
    };
    let bystander = pid_of("agent", &other);
    let killed = std::process::Command::new("kill").args(["-9", &pid_of("holder", &id).to_string()]).status();
    assert!(killed.unwrap().success());
    gone(&tree, Duration::from_secs(5)).await;
    let session = stack.until(&id, "lost", SOON).await;
    assert_eq!(session["lostReason"], "its holder died");
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
async fn a_frozen_spawner_that_was_superseded_stops_its_agent() {
    let stack = Stack::start().await;
    let spawners = [stack.spawner("n1", 4).await, stack.spawner("n2", 4).await];
    let id = stack.spawn("sleep 600", json!({ "restart": { "on_failure": { "max": 1 } } })).await;
    let session = stack.until(&id, "active", SOON).await;
    let node = session["node"].as_str().unwrap().to_owned();
    let (frozen, other) = if node == "n1" { (&spawners[0], "n2") } else { (&spawners[1], "n1") };
    let agent = |node: &str, epoch: u32| {
        let ledger = stack.ledger(node, &format!("web.{id}.{epoch}")).unwrap();
        u32::try_from(ledger["agent"]["pid"].as_u64().unwrap()).unwrap()
    };
    let first = agent(&node, 1);
    frozen.signal(rustix::process::Signal::STOP);
    stack.until(&id, "lost", Duration::from_secs(90)).await;
    let session = stack.until(&id, "active", SOON).await;
    assert_eq!((session["epoch"].as_u64(), session["node"].as_str()), (Some(2), Some(other)));
    assert!(runs(first), "it is only out of sight");
    let second = agent(other, 2);

    frozen.signal(rustix::process::Signal::CONT);
    gone(&[first], Duration::from_secs(10)).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(runs(second));
    let session = stack.session(&id).await;
    assert_eq!((session["status"].as_str(), session["epoch"].as_u64()), (Some("active"), Some(2)));
    assert!(stack.ledger(&node, &format!("web.{id}.1")).is_none());
}
