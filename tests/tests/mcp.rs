//! `maestro mcp` with two clients that know nothing of it: the official one in JavaScript, and the library's own.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use maestro_tests::packages;
use maestro_tests::stack::{Stack, coverage, program};
use rmcp::ServiceExt;
use rmcp::model::CallToolRequestParams;
use serde_json::{Value, json};

/// A stack with two tasks, and the worker s1 that has the first and sleeps.
fn stack() -> Stack {
    let stack = Stack::start();
    let web = |words: &[&str]| stack.maestro(&[&["-p", "web"], words].concat()).data().clone();
    web(&["project", "create", "web"]);
    web(&["task", "create", "Parse CSV", "--subtask", "lexer"]);
    web(&["task", "create", "Import"]);
    web(&["session", "spawn", "--task", "t1", "--agent", "shell", "--", "sleep", "600"]);
    let deadline = Instant::now() + Duration::from_secs(30);
    while web(&["session", "info", "s1"])["status"] != "active" {
        assert!(Instant::now() < deadline, "the session does not start");
        std::thread::sleep(Duration::from_millis(20));
    }
    stack
}

/// The environment of s1.
fn environment(stack: &Stack) -> Vec<(String, String)> {
    let command = stack.place().command();
    let text = |value: &std::ffi::OsStr| value.to_str().unwrap().to_owned();
    let mut all: Vec<(String, String)> =
        command.get_envs().filter_map(|(name, value)| Some((text(name), text(value?)))).collect();
    let own = [
        ("MAESTRO_PROJECT_ID", "web"),
        ("MAESTRO_SESSION_ID", "s1"),
        ("MAESTRO_SESSION_EPOCH", "1"),
        ("MAESTRO_TASK_IDS", "t1"),
    ];
    all.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
    all
}

fn calls() -> Value {
    json!([
        {"name": "task_next", "arguments": {}},
        {"name": "task_get", "arguments": {}},
        {"name": "task_log", "arguments": {"message": "- --json is read too"}},
        {"name": "task_complete", "arguments": {"summary": "too early"}},
        {"name": "subtask_complete", "arguments": {"subtask": "st1"}},
        {"name": "task_block", "arguments": {"reason": "which dialect?"}},
        {"name": "messages_read", "arguments": {}},
        {"name": "message_send", "arguments": {"to": "ann", "body": "hello", "task": "t1"}},
        {"name": "task_get", "arguments": {"task": "t99"}},
        {"name": "task_get", "arguments": {"task": "nonsense"}},
    ])
}

/// What the calls above have to give, whichever client makes them.
fn check(results: &[(bool, Value)]) {
    let told: Vec<String> = results.iter().map(|(_, document)| document.to_string()).collect();
    let data = |at: usize| &results[at].1["data"];
    let codes: Vec<(bool, &str)> =
        results.iter().map(|(failed, document)| (*failed, document["error"].as_str().unwrap_or("ok"))).collect();
    let ok = (false, "ok");
    let wanted =
        [ok, ok, ok, (true, "open_subtasks"), ok, ok, ok, ok, (true, "task_not_found"), (true, "invalid_task_id")];
    assert_eq!(codes, wanted, "{told:#?}");
    assert_eq!((&data(0)["id"], &data(0)["status"]), (&json!("t1"), &json!("in_progress")));
    assert_eq!(data(1)["subtasks"][0]["title"], "lexer");
    assert!(results[3].1["details"]["commands"][0].as_str().unwrap().starts_with("maestro "), "{}", told[3]);
    assert_eq!(data(5)["status"], "blocked");
    assert_eq!(data(6)["items"], json!([]));
}

fn documents(results: &Value) -> Vec<(bool, Value)> {
    let one = |result: &Value| {
        let text = result["text"].as_str().unwrap_or_else(|| panic!("{result}"));
        (result["isError"] == true, serde_json::from_str(text).unwrap())
    };
    results.as_array().unwrap().iter().map(one).collect()
}

/// The official client, installed below target/ at the versions of its lock file; `None` when that cannot be done.
fn client() -> Option<PathBuf> {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("mcp");
    let there = packages::node(&own, "mcp-client")?;
    fs::copy(own.join("client.mjs"), there.join("client.mjs")).unwrap();
    Some(there)
}

#[test]
fn the_official_client_gets_tools_documents_and_errors() {
    let Some(client) = client() else { return };
    let stack = stack();
    let mut child = Command::new("node")
        .arg("client.mjs")
        .current_dir(client)
        .env_clear()
        .envs(coverage())
        .envs(environment(&stack))
        .env("MAESTRO", program("maestro"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut all = calls();
    all.as_array_mut().unwrap().extend([
        json!({"name": "task_delete", "arguments": {}}),
        json!({"name": "task_log", "arguments": {"mesage": "x"}}),
    ]);
    child.stdin.take().unwrap().write_all(all.to_string().as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(said["server"]["name"], "maestro");
    assert!(said["instructions"].as_str().unwrap().contains("task_next"));
    let tools = said["tools"].as_array().unwrap();
    let mut names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    let wanted = [
        "message_send",
        "messages_read",
        "subtask_complete",
        "task_block",
        "task_complete",
        "task_get",
        "task_log",
        "task_next",
    ];
    assert_eq!(names, wanted);
    for tool in tools {
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
        assert!(!tool["description"].as_str().unwrap().is_empty(), "{tool}");
    }
    let results = said["results"].as_array().unwrap();
    check(&documents(&Value::Array(results[..10].to_vec())));
    // What is no tool, or not its arguments, is the protocol's own error.
    assert!(results[10]["code"].is_number() || results[10]["isError"] == true, "{said}");
    assert!(results[11]["code"].is_number() || results[11]["isError"] == true, "{said}");
    let log = stack.maestro(&["-p", "web", "task", "get", "t1"]);
    assert!(log.data().to_string().contains("--json is read too"), "{log:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_librarys_client_does_too_while_the_server_goes_and_comes() {
    let stack = tokio::task::block_in_place(stack);
    let mut child = tokio::process::Command::new(program("maestro"))
        .arg("mcp")
        .env_clear()
        .envs(coverage())
        .envs(environment(&stack))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pipes = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    let client = ().serve(pipes).await.unwrap();
    assert_eq!(client.list_all_tools().await.unwrap().len(), 8);
    let call = async |name: &str, arguments: &Value| {
        let params = CallToolRequestParams::new(name.to_owned()).with_arguments(arguments.as_object().unwrap().clone());
        let result = client.call_tool(params).await.unwrap();
        let json = serde_json::to_value(&result.content).unwrap();
        let document: Value = serde_json::from_str(json[0]["text"].as_str().unwrap()).unwrap();
        (result.is_error == Some(true), document)
    };
    let mut results = Vec::new();
    for one in calls().as_array().unwrap() {
        results.push(call(one["name"].as_str().unwrap(), &one["arguments"]).await);
    }
    check(&results);
    // An answer wakes who waits for it.
    let answer = async {
        tokio::task::block_in_place(|| {
            stack.maestro(&["-p", "web", "task", "unblock", "t1", "RFC 4180"]).data().clone()
        })
    };
    let patience = json!({"wait_seconds": 60});
    let (read, _) = tokio::join!(call("messages_read", &patience), answer);
    assert!(read.1["data"]["items"][0]["body"].as_str().unwrap().contains("RFC 4180"), "{read:?}");
    // A connection a call: the broker may be another one by then.
    tokio::task::block_in_place(|| {
        let before = stack.kill("nats-server");
        stack.await_restart("nats-server", before);
    });
    let (failed, done) = call("task_complete", &json!({"summary": "after RFC 4180"})).await;
    assert!(!failed, "{done}");
    // The pipe closed: it ends by itself.
    drop(client);
    let ended = tokio::time::timeout(Duration::from_secs(30), child.wait()).await;
    assert!(ended.expect("it stays").unwrap().success());
}
