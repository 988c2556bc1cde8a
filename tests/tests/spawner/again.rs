//! Sessions that start again: resumed with their own conversation, restarted from the beginning, left by a spawner.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};

use crate::stack::{Stack, gone, runs};

const SOON: Duration = Duration::from_secs(20);

/// An agent `talker` that knows how to resume: it writes down its arguments and its place, and stays.
fn talker(stack: &Stack, more: &str) {
    let program = stack.path("talker.sh");
    let out = stack.path("said");
    let script = format!(
        "#!/bin/sh\no={}.$MAESTRO_SESSION_EPOCH\npwd >$o.part\nprintf '%s\\n' \"$@\" >>$o.part\nmv $o.part $o\nexec sleep 600\n",
        out.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir_all(stack.path("agents")).unwrap();
    let profile = format!(
        "program = \"{}\"\ninteractive = [[\"--new\", \"{{uuid}}\"], [\"--old\", \"{{resume}}\"], [\"{{prompt}}\"]]\n{more}",
        program.display()
    );
    fs::write(stack.path("agents/talker.toml"), profile).unwrap();
}

async fn said(stack: &Stack, epoch: u32) -> Vec<String> {
    let begun = std::time::Instant::now();
    loop {
        let text = stack.read(&format!("said.{epoch}"));
        if !text.is_empty() {
            return text.lines().map(ToOwned::to_owned).collect();
        }
        assert!(begun.elapsed() < SOON, "nothing was started in epoch {epoch}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn in_epoch(stack: &Stack, id: &str, epoch: u64) -> Value {
    let begun = std::time::Instant::now();
    loop {
        let session = stack.until(id, "active", SOON).await;
        if session["epoch"] == epoch {
            return session;
        }
        assert!(begun.elapsed() < SOON, "{id} is not in epoch {epoch}: {session}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_resumed_agent_goes_on_with_its_conversation_and_a_restarted_one_begins_anew() {
    let stack = Stack::start().await;
    talker(&stack, "");
    let _spawner = stack.spawner("n1", 4).await;
    stack.command("ann", "task.create", json!({ "title": "one" })).await;
    let spawn = json!({ "agent": "talker", "prompt": "say it", "tasks": ["t1"] });
    let id = stack.command("ann", "session.spawn", spawn).await["id"].as_str().unwrap().to_owned();
    stack.until(&id, "active", SOON).await;
    stack.command(&format!("{id}/1"), "task.start", json!({ "task": "t1" })).await;
    let first = said(&stack, 1).await;
    assert_eq!(first[1], "--new");

    stack.command("ann", "session.stop", json!({ "session": id })).await;
    stack.until(&id, "stopped", SOON).await;
    stack.command("ann", "session.resume", json!({ "session": id })).await;
    let session = in_epoch(&stack, &id, 2).await;
    assert_eq!(session["resumes"]["epoch"], 1);
    let second = said(&stack, 2).await;
    assert_eq!((second[0].as_str(), second[1].as_str(), &second[2]), (first[0].as_str(), "--old", &first[2]));
    assert!(second[3].contains("You were stopped and go on now"), "{second:?}");
    assert!(second.concat().contains("maestro task start t1"), "{second:?}");
    stack.command(&format!("{id}/2"), "task.start", json!({ "task": "t1" })).await;

    // A living one is stopped first; nothing of the old epoch has a say any more.
    let old = stack.pid_of("agent", "n1", &id, 2);
    stack.command("ann", "session.restart", json!({ "session": id })).await;
    in_epoch(&stack, &id, 3).await;
    gone(&[old], Duration::from_secs(5)).await;
    let third = said(&stack, 3).await;
    assert_eq!(third[1], "--new");
    assert_ne!(third[2], first[2]);
    assert!(third[3].starts_with("You are s1"), "{third:?}");

    // Its latest conversation is the restarted one's.
    stack.command("ann", "session.stop", json!({ "session": id })).await;
    stack.until(&id, "stopped", SOON).await;
    stack.command("ann", "session.resume", json!({ "session": id })).await;
    assert_eq!(said(&stack, 4).await[2], third[2]);
}

#[tokio::test]
async fn a_conversation_that_is_not_there_any_more_is_begun_anew() {
    let stack = Stack::start().await;
    talker(&stack, &format!("conversation = \"{}/*/{{resume}}.jsonl\"\n", stack.path("talks").display()));
    let _spawner = stack.spawner("n1", 4).await;
    let spawn = json!({ "agent": "talker", "prompt": "say it" });
    let id = stack.command("ann", "session.spawn", spawn).await["id"].as_str().unwrap().to_owned();
    let first = said(&stack, 1).await;
    for epoch in 2..=3 {
        stack.until(&id, "active", SOON).await;
        stack.command("ann", "session.stop", json!({ "session": id })).await;
        stack.until(&id, "stopped", SOON).await;
        if epoch == 3 {
            fs::create_dir_all(stack.path("talks/place")).unwrap();
            let name = said(&stack, 2).await[2].clone();
            fs::write(stack.path("talks/place").join(format!("{name}.jsonl")), "").unwrap();
        }
        stack.command("ann", "session.resume", json!({ "session": id })).await;
        let again = said(&stack, epoch).await;
        assert_eq!(again[1], if epoch == 2 { "--new" } else { "--old" });
        assert_ne!(again[2], first[2]);
    }
}

#[tokio::test]
async fn a_spawner_that_leaves_lets_its_sessions_go_on() {
    let stack = Stack::start().await;
    let spawner = stack.spawner("n1", 4).await;
    let id = stack.spawn(&stack.stubborn_tree("tree"), json!({})).await;
    let tree = stack.tree("tree").await;
    stack.until(&id, "active", SOON).await;
    let mut spawner = spawner;
    assert!(spawner.end_by(Signal::USR1, SOON).await.success());
    assert!(tree.iter().all(|pid| runs(*pid)));
    assert_eq!(stack.edge_key("NODES", "n1").await, None, "it says goodbye");
    let session = stack.session(&id).await;
    assert_eq!((session["status"].as_str(), session["epoch"].as_u64()), (Some("active"), Some(1)));
    let _next = stack.spawner("n1", 4).await;
    stack.command("ann", "session.stop", json!({ "session": id })).await;
    stack.until(&id, "stopped", SOON).await;
    gone(&tree, Duration::from_secs(5)).await;
}

#[tokio::test]
async fn an_adopted_session_is_stopped_resumably_too() {
    let stack = Stack::start().await;
    let mut spawner = stack.spawner("n1", 4).await;
    let id = stack.spawn("sleep 600", json!({})).await;
    stack.until(&id, "active", SOON).await;
    spawner.kill();
    let mut next = stack.spawner("n1", 4).await;
    assert!(next.terminate(SOON).await.success());
    let session = stack.until(&id, "stopped", SOON).await;
    assert_eq!(session["stop"]["cause"], "shutdown", "{session}");
}
