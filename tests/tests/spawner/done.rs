//! Workers whose tasks are done: stopped after a minute, once they have come to rest.

use std::fs;
use std::time::Duration;

use serde_json::json;

use crate::stack::{Stack, gone};

const SOON: Duration = Duration::from_secs(30);
const A_MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
#[ignore = "a worker that is done is left a minute: make storm"]
async fn a_worker_that_is_done_is_stopped_and_its_slot_is_free() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 2).await;
    stack.command("ann", "task.create", json!({ "title": "one" })).await;
    let id = stack.spawn(&stack.stubborn_tree("tree"), json!({ "tasks": ["t1"] })).await;
    let kept = stack.spawn("sleep 600", json!({ "keep": true })).await;
    let tree = stack.tree("tree").await;
    for id in [&id, &kept] {
        stack.until(id, "active", SOON).await;
    }
    for what in ["task.start", "task.complete"] {
        stack.command(&format!("{id}/1"), what, json!({ "task": "t1" })).await;
    }
    assert!(stack.session(&id).await["stopAt"].is_string());
    let session = stack.until(&id, "stopped", A_MINUTE * 2).await;
    assert_eq!(session["stop"]["cause"], "tasks_done", "{session}");
    gone(&tree, Duration::from_secs(5)).await;
    assert_eq!(stack.session(&kept).await["status"], "active");
    let begun = std::time::Instant::now();
    while stack.reach("maestro.v1.node.n1.info").await.unwrap()["data"]["node"]["free"] != 1 {
        assert!(begun.elapsed() < SOON, "its slot is not free");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
#[ignore = "a worker that is done is left a minute: make storm"]
async fn a_worker_that_is_done_and_still_works_is_left_to_its_end() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 4).await;
    // Says something now and then until well after the minute, as a push does.
    let end = stack.path("end");
    let pushes = format!("for i in $(seq 30); do echo $i; sleep 3; done; echo pushed >{}", end.display());
    // In the middle of a turn, as its hooks say. A push may be quiet, too.
    let quiet = "sleep 600";
    let mut ids = Vec::new();
    for (number, script) in [pushes.as_str(), quiet, quiet].iter().enumerate() {
        let task = format!("t{}", number + 1);
        stack.command("ann", "task.create", json!({ "title": "one" })).await;
        let id = stack.spawn(script, json!({ "tasks": [task] })).await;
        stack.until(&id, "active", SOON).await;
        fs::write(stack.path(&format!("n1/sessions/web/{id}-1/turn")), "busy").unwrap();
        for what in ["task.start", "task.complete"] {
            stack.command(&format!("{id}/1"), what, json!({ "task": task })).await;
        }
        ids.push(id);
    }
    let [pushing, wanted, busy] = [0, 1, 2].map(|n| ids[n].as_str());
    // A script has no hooks.
    fs::remove_file(stack.path(&format!("n1/sessions/web/{pushing}-1/turn"))).unwrap();
    tokio::time::sleep(A_MINUTE + Duration::from_secs(20)).await;
    for id in [pushing, wanted, busy] {
        let session = stack.session(id).await;
        assert_eq!(
            (&session["status"], &session["stop"]["cause"]),
            (&json!("active"), &json!("tasks_done")),
            "{session}"
        );
    }
    // Whoever wants something else of it waits for nothing.
    stack.command("ann", "session.restart", json!({ "session": wanted })).await;
    let begun = std::time::Instant::now();
    while stack.session(wanted).await["epoch"] != 2 {
        assert!(begun.elapsed() < Duration::from_secs(8), "its stop was not obeyed: {}", stack.session(wanted).await);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // Its turn is over.
    fs::write(stack.path(&format!("n1/sessions/web/{busy}-1/turn")), "idle").unwrap();
    let session = stack.until(busy, "stopped", Duration::from_secs(8)).await;
    assert_eq!(session["stop"]["cause"], "tasks_done", "{session}");
    let session = stack.until(pushing, "stopped", SOON).await;
    assert_eq!(session["stop"]["cause"], "tasks_done", "{session}");
    assert_eq!(fs::read_to_string(end).unwrap(), "pushed\n", "it was cut off");
}
