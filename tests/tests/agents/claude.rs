//! Claude Code.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use maestro_tests::stack::Stack;
use serde_json::{Value, json};

use crate::install::install;
use crate::stub::Stub;

const VERSION: &str = "2.1.197";
const KEY: &str = "sk-ant-stub-0123456789abcdefghij";
const PATIENCE: Duration = Duration::from_secs(120);

/// A stack whose Claude Code talks to the stub, in a home where somebody has used it before.
fn scene(program: &Path, stub: &Stub, mode: &str) -> Stack {
    let stack = Stack::start();
    let place = stack.place();
    let user = place.path().join("user");
    let settings = json!({ "hasCompletedOnboarding": true, "theme": "dark", "numStartups": 3,
        "customApiKeyResponses": { "approved": [&KEY[KEY.len() - 20..]], "rejected": [] } });
    fs::write(user.join(".claude.json"), settings.to_string()).unwrap();
    let profile = format!(
        "program = \"{}\"\nmode = \"{mode}\"\n[environment]\nANTHROPIC_BASE_URL = \"http://{}\"\nANTHROPIC_API_KEY = \"{KEY}\"\n\
         DISABLE_AUTOUPDATER = \"1\"\nCLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC = \"1\"\nDISABLE_TELEMETRY = \"1\"\n",
        program.display(),
        stub.address
    );
    fs::create_dir_all(place.home().join("agents")).unwrap();
    fs::write(place.home().join("agents/claude.toml"), profile).unwrap();
    // Profiles are read when a spawner starts.
    let before = stack.kill("maestro-spawner");
    stack.await_restart("maestro-spawner", before);
    stack.maestro(&["project", "create", "web"]).data();
    stack
}

fn maestro(stack: &Stack, arguments: &[&str]) -> Value {
    stack.maestro(&[&["--project", "web"], arguments].concat()).data().clone()
}

fn script() -> Vec<String> {
    [
        "maestro task start t1",
        "maestro task log t1 'half of it'",
        "maestro subtask complete t1 st1",
        "maestro task complete t1 --summary 'by a real agent'",
    ]
    .map(str::to_owned)
    .to_vec()
}

/// Waits until the worker has completed its task; what its terminal shows is told when it does not.
fn works(stack: &Stack, stub: &Stub) -> String {
    maestro(stack, &["task", "create", "Write the parser", "--subtask", "lexer", "--desc", "A parser for numbers."]);
    let spawned = maestro(stack, &["session", "spawn", "--task", "t1", "--agent", "claude"]);
    let id = spawned["sessionId"].as_str().unwrap().to_owned();
    let begun = Instant::now();
    while maestro(stack, &["task", "get", "t1"])["status"] != "completed" {
        let shown = || stack.maestro(&["--project", "web", "session", "logs", &id, "--lines", "60"]).stdout;
        assert!(
            begun.elapsed() < PATIENCE,
            "the task is not completed; tools said {:?}; its terminal:\n{}\n{:?}",
            stub.results.lock().unwrap(),
            shown(),
            maestro(stack, &["session", "info", &id]),
        );
        std::thread::sleep(Duration::from_millis(200));
    }
    let task = maestro(stack, &["task", "get", "t1"]);
    assert_eq!(task["summary"], "by a real agent", "{task}");
    assert_eq!(task["subtasks"][0]["completed"], true);
    let timeline = maestro(stack, &["events", "--about", "t1"]).to_string();
    assert!(timeline.contains("half of it"), "{timeline}");
    let prompts = stub.prompts.lock().unwrap().concat();
    assert!(prompts.contains("A parser for numbers.") && prompts.contains("Task t1: Write the parser"), "{prompts}");
    id
}

#[test]
fn a_headless_worker_takes_its_task_from_start_to_completion() {
    let Some(program) = install("@anthropic-ai/claude-code", VERSION, "claude") else { return };
    let stub = Stub::start(&script());
    let stack = scene(&program, &stub, "headless");
    let id = works(&stack, &stub);
    let begun = Instant::now();
    while maestro(&stack, &["session", "info", &id])["status"] != "exited" {
        assert!(begun.elapsed() < PATIENCE, "{}", maestro(&stack, &["session", "info", &id]));
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(maestro(&stack, &["session", "info", &id])["code"], 0);
}

#[test]
fn a_worker_in_a_terminal_takes_its_task_from_start_to_completion() {
    let Some(program) = install("@anthropic-ai/claude-code", VERSION, "claude") else { return };
    let stub = Stub::start(&script());
    let stack = scene(&program, &stub, "interactive");
    let id = works(&stack, &stub);
    let begun = Instant::now();
    let shown = || stack.maestro(&["--project", "web", "session", "logs", &id, "--lines", "200"]).stdout;
    while !shown().contains("All done.") {
        assert!(begun.elapsed() < PATIENCE, "{}", shown());
        std::thread::sleep(Duration::from_millis(200));
    }
    assert_eq!(maestro(&stack, &["session", "info", &id])["status"], "active", "it waits in its terminal");
    maestro(&stack, &["session", "stop", &id]);
    while maestro(&stack, &["session", "info", &id])["status"] != "stopped" {
        assert!(begun.elapsed() < PATIENCE, "it does not stop");
        std::thread::sleep(Duration::from_millis(200));
    }
}
