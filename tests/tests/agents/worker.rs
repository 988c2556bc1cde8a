//! A worker in each agent, without a terminal: it takes its task from start to completion with the command line as its tool,
//! and its hooks tell Maestro of its turns.

use maestro_tests::stack::Place;
use serde_json::{Value, json};

use crate::install::install;
use crate::scene::Scene;
use crate::stub::Stub;

pub const WORKER: &str = "a worker of the project";

pub fn script() -> Vec<String> {
    [
        "maestro task start t1",
        "maestro task log t1 'half of it'",
        "maestro subtask complete t1 st1",
        "maestro task complete t1 --summary 'by a real agent'",
    ]
    .map(str::to_owned)
    .to_vec()
}

pub fn stub() -> Stub {
    Stub::start(&[(WORKER, script())])
}

/// Gives an agent a task and waits until it is completed. Answers the session's id.
pub fn works(scene: &Scene, stub: &Stub, agent: &str) -> String {
    let created = ["task", "create", "Write the parser", "--subtask", "lexer", "--desc", "A parser for numbers."];
    scene.run(&created);
    let id = scene.spawn(&["--task", "t1", "--agent", agent]);
    scene.until(
        "the task is completed",
        || scene.run(&["task", "get", "t1"])["status"] == "completed",
        || format!("tools said {:?}; it shows:\n{}", stub.heard(WORKER).results, scene.shown(&id)),
    );
    let task = scene.run(&["task", "get", "t1"]);
    assert_eq!(task["summary"], "by a real agent", "{task}");
    assert_eq!(task["subtasks"][0]["completed"], true);
    let timeline = scene.run(&["events", "--about", "t1"]).to_string();
    assert!(timeline.contains("half of it"), "{timeline}");
    let told = stub.heard(WORKER).told;
    for part in
        ["A parser for numbers.", "Task t1: Write the parser", "# The maestro command line", "Working on a task"]
    {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    id
}

/// The hooks were called and heard, and nothing went wrong in them.
fn hooks_were_heard(scene: &Scene, id: &str) {
    let files = scene.stack.home().join("spawner/sessions/web").join(format!("{id}-1"));
    let read = |name: &str| std::fs::read_to_string(files.join(name)).unwrap_or_default();
    assert_eq!(read("turn"), "idle", "the hook at the end of its turn was called");
    let log = std::fs::read_to_string(scene.stack.home().join("logs/hook.log")).unwrap_or_default();
    assert_eq!(log, "", "a hook failed");
}

fn headless(agent: &str, scene: &Scene, stub: &Stub) {
    let id = works(scene, stub, agent);
    assert_eq!(scene.until_session(&id, "exited")["code"], 0);
    hooks_were_heard(scene, &id);
}

#[test]
fn claude_code_takes_its_task_from_start_to_completion() {
    let Some(program) = install("@anthropic-ai/claude-code", crate::claude::VERSION, "claude") else { return };
    let stub = stub();
    let scene = crate::claude::scene(&program, &stub, "headless", "");
    headless("claude", &scene, &stub);
}

#[test]
fn codex_takes_its_task_from_start_to_completion() {
    let Some(program) = install("@openai/codex", "0.169.0", "codex") else { return };
    let stub = stub();
    let provider = format!(
        "model_providers.stub={{name=\"stub\",base_url=\"http://{}/v1\",env_key=\"STUB_KEY\",wire_api=\"responses\"}}",
        stub.address
    );
    let extra = json!(["-c", "model_provider=\"stub\"", "-c", provider, "-c", "check_for_update_on_startup=false"]);
    let profile = format!(
        "program = \"{}\"\nmode = \"headless\"\nmodel = \"gpt-5\"\nextra = {extra}\n[environment]\nSTUB_KEY = \"x\"\n",
        program.display()
    );
    headless("codex", &Scene::new(&[("codex", profile)], &[]), &stub);
}

#[test]
fn gemini_takes_its_task_from_start_to_completion() {
    let Some(program) = install("@google/gemini-cli", "0.61.0", "gemini") else { return };
    let stub = stub();
    let profile = format!(
        "program = \"{}\"\nmode = \"headless\"\nmodel = \"gemini-2.5-pro\"\n[environment]\nGEMINI_API_KEY = \"x\"\n\
         GOOGLE_GEMINI_BASE_URL = \"http://{}\"\n",
        program.display(),
        stub.address
    );
    let settings = json!({ "privacy": { "usageStatisticsEnabled": false }, "telemetry": { "enabled": false },
        "general": { "enableAutoUpdate": false }, "security": { "auth": { "selectedType": "gemini-api-key" } } });
    // It reads no settings from below a directory that everybody may write to, as /tmp is.
    if program.starts_with(std::env::temp_dir()) {
        eprintln!("SKIPPED: Gemini CLI reads no settings below {}", std::env::temp_dir().display());
        return;
    }
    let place = Place::below(program.ancestors().nth(4).unwrap());
    let scene = Scene::at(place, &[("gemini", profile)], &[(".gemini/settings.json", settings.to_string())]);
    headless("gemini", &scene, &stub);
}

#[test]
fn opencode_takes_its_task_from_start_to_completion() {
    let Some(program) = install("opencode-ai", "1.18.33", "opencode") else { return };
    let stub = stub();
    let profile = format!(
        "program = \"{}\"\nmode = \"headless\"\nmodel = \"stub/stub\"\n[environment]\nOPENCODE_DISABLE_AUTOUPDATE = \"1\"\n\
         OPENCODE_DISABLE_MODELS_FETCH = \"1\"\n",
        program.display()
    );
    headless("opencode", &Scene::new(&[("opencode", profile)], &[(CONFIG, opencode(&stub))]), &stub);
}

const CONFIG: &str = ".config/opencode/opencode.json";

fn opencode(stub: &Stub) -> String {
    let models: Value =
        json!({ "stub": { "name": "stub", "tool_call": true, "limit": { "context": 100_000, "output": 1000 } } });
    let provider = json!({ "npm": "@ai-sdk/openai-compatible", "name": "stub", "models": models,
        "options": { "baseURL": format!("http://{}/v1", stub.address), "apiKey": "x" } });
    json!({ "autoupdate": false, "share": "disabled", "model": "stub/stub", "small_model": "stub/stub",
        "provider": { "stub": provider } })
    .to_string()
}
