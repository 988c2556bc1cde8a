//! Sessions from the request to the end, in peace.

use std::time::Duration;

use serde_json::json;

use crate::stack::{Stack, gone, runs};

const SOON: Duration = Duration::from_secs(20);

#[tokio::test]
async fn a_session_starts_is_active_and_exits() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 4).await;
    let task = stack.command("ann", "task.create", json!({ "title": "one" })).await["id"].clone();
    let (out, go) = (stack.path("out"), stack.path("go"));
    let script = format!(
        "env >{out}.part; pwd >>{out}.part; mv {out}.part {out}; while ! test -e {go}; do sleep 0.05; done; exit 3",
        out = out.display(),
        go = go.display()
    );
    let id = stack.spawn(&script, json!({ "tasks": [task] })).await;
    let session = stack.until(&id, "active", SOON).await;
    assert_eq!(session["node"], "n1");

    let ping = stack.reach(&format!("maestro.v1.term.web.{id}.1.ping")).await.unwrap();
    let ledger = stack.ledger("n1", &format!("web.{id}.1")).unwrap();
    assert_eq!(ping["data"]["nonce"], ledger["nonce"]);
    assert_eq!(ping["data"]["pid"], ledger["agent"]["pid"]);
    let info = stack.reach("maestro.v1.node.n1.info").await.unwrap();
    assert_eq!(info["data"]["node"]["free"], 3);
    assert_eq!(info["data"]["sessions"][0]["session"], json!(id));
    let lease = stack.edge_key("LIVE", &format!("web.{id}")).await.unwrap();
    assert_eq!(lease["nonce"], ledger["nonce"]);

    while !out.exists() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let environment = stack.read("out");
    for wanted in [
        "MAESTRO_PROJECT_ID=web",
        &format!("MAESTRO_SESSION_ID={id}"),
        "MAESTRO_SESSION_EPOCH=1",
        "MAESTRO_TASK_IDS=t1",
        "MAESTRO_SKILL=maestro-worker",
        "MAESTRO_ROLE=worker",
        &format!("MAESTRO_HOME={}", stack.path("").display().to_string().trim_end_matches('/')),
        &format!("/work/web/{id}-1"),
    ] {
        assert!(environment.contains(wanted), "{wanted} is missing in\n{environment}");
    }
    assert!(environment.contains("MAESTRO_NATS_URL=nats://edge:"));
    for unwanted in ["CLAUDE", "GEMINI", "MAESTRO_EDGE_URL", "nats://spawner"] {
        assert!(!environment.contains(unwanted), "{unwanted} is in\n{environment}");
    }
    let line = environment.lines().find_map(|line| line.strip_prefix("MAESTRO_MANIFEST=")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(line).unwrap()).unwrap();
    assert_eq!(manifest["tasks"][0]["title"], "one");

    std::fs::write(&go, "").unwrap();
    let session = stack.until(&id, "exited", SOON).await;
    assert_eq!(session["code"], 3);
    // It lets go of the session once it knows that its report was taken.
    let until = std::time::Instant::now() + SOON;
    while stack.ledger("n1", &format!("web.{id}.1")).is_some() {
        assert!(std::time::Instant::now() < until, "the spawner keeps a session that has ended");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(stack.edge_key("LIVE", &format!("web.{id}")).await, None);
}

#[tokio::test]
async fn a_prompt_is_run_by_the_shell_and_a_missing_program_fails_the_session() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 4).await;
    let prompted = stack.command("ann", "session.spawn", json!({ "agent": "shell", "prompt": "exit 5" })).await;
    let missing = json!({ "agent": "shell", "command": ["/no/such/program"] });
    let missing = stack.command("ann", "session.spawn", missing).await;
    let prompted = stack.until(prompted["id"].as_str().unwrap(), "exited", SOON).await;
    assert_eq!(prompted["code"], 5);
    let missing = stack.until(missing["id"].as_str().unwrap(), "failed", SOON).await;
    assert!(missing["failure"].as_str().unwrap().contains("/no/such/program"), "{missing}");
}

#[tokio::test]
async fn a_stop_ends_the_whole_tree() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 4).await;
    let id = stack.spawn(&stack.stubborn_tree("tree"), json!({})).await;
    let tree = stack.tree("tree").await;
    stack.until(&id, "active", SOON).await;
    stack.command("ann", "session.stop", json!({ "session": id })).await;
    stack.until(&id, "stopped", SOON).await;
    assert!(!tree.iter().any(|pid| runs(*pid)), "nothing is left when it is reported");
}

#[tokio::test]
async fn slots_bound_what_runs_at_once() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 1).await;
    let go = stack.path("go");
    let wait = format!("while ! test -e {}; do sleep 0.05; done", go.display());
    let first = stack.spawn(&wait, json!({})).await;
    stack.until(&first, "active", SOON).await;
    let second = stack.spawn("exit 0", json!({})).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(stack.session(&second).await["status"], "requested");
    std::fs::write(&go, "").unwrap();
    stack.until(&first, "exited", SOON).await;
    stack.until(&second, "exited", SOON).await;
}

#[tokio::test]
async fn two_spawners_start_each_session_once() {
    let stack = Stack::start().await;
    let _one = stack.spawner("n1", 3).await;
    let _two = stack.spawner("n2", 3).await;
    let starts = stack.path("starts");
    let mut ids = Vec::new();
    for _ in 0..20 {
        let script = format!("echo $MAESTRO_SESSION_ID >>{}; sleep 0.2", starts.display());
        ids.push(stack.spawn(&script, json!({})).await);
    }
    let mut nodes = std::collections::BTreeSet::new();
    for id in &ids {
        let session = stack.until(id, "exited", SOON * 2).await;
        nodes.insert(session["node"].as_str().unwrap().to_owned());
    }
    let mut started: Vec<String> = stack.read("starts").lines().map(ToOwned::to_owned).collect();
    started.sort();
    ids.sort();
    assert_eq!(started, ids);
    assert_eq!(nodes.len(), 2, "both had work");
}

#[tokio::test]
async fn a_shutdown_ends_sessions_gives_tasks_back_and_says_goodbye() {
    let stack = Stack::start().await;
    let mut spawner = stack.spawner("n1", 4).await;
    stack.command("ann", "task.create", json!({ "title": "one" })).await;
    let id = stack.spawn(&stack.stubborn_tree("tree"), json!({ "tasks": ["t1"] })).await;
    let tree = stack.tree("tree").await;
    stack.until(&id, "active", SOON).await;
    stack.command(&format!("{id}/1"), "task.start", json!({ "task": "t1" })).await;
    assert!(stack.edge_key("NODES", "n1").await.is_some());
    let status = spawner.terminate(Duration::from_secs(10)).await;
    assert_eq!(status.code(), Some(0));
    gone(&tree, Duration::ZERO).await;
    let session = stack.until(&id, "stopped", SOON).await;
    assert_eq!(session["stop"]["cause"], "shutdown");
    assert_eq!(stack.query("task.get", json!({ "task": "t1" })).await["status"], "pending");
    assert_eq!(stack.edge_key("NODES", "n1").await, None);
}

#[tokio::test]
async fn fifty_sessions_at_once() {
    let stack = Stack::start().await;
    let _spawner = stack.spawner("n1", 50).await;
    let mut ids = Vec::new();
    for _ in 0..50 {
        ids.push(stack.spawn("sleep 600 & wait", json!({})).await);
    }
    let mut holders = Vec::new();
    for id in &ids {
        stack.until(id, "active", SOON * 2).await;
        let ledger = stack.ledger("n1", &format!("web.{id}.1")).unwrap();
        holders.push(u32::try_from(ledger["holder"]["pid"].as_u64().unwrap()).unwrap());
    }
    for holder in &holders {
        let memory = std::fs::read_to_string(format!("/proc/{holder}/smaps_rollup")).unwrap();
        let line = memory.lines().find_map(|line| line.strip_prefix("Pss:")).unwrap();
        let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        assert!(kilobytes < 10 * 1024, "a holder takes {kilobytes} kB");
    }
    for id in &ids {
        stack.command("ann", "session.stop", json!({ "session": id })).await;
    }
    for id in &ids {
        stack.until(id, "stopped", SOON * 2).await;
    }
    gone(&holders, Duration::from_secs(5)).await;
}
