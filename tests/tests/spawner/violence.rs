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
