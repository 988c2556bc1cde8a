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
    let turn = || std::fs::read_to_string(files.join("turn")).unwrap_or_default();
    scene.until("the hook at the end of its turn was called", || turn() == "idle", turn);
    let log = std::fs::read_to_string(scene.stack.home().join("logs/hook.log")).unwrap_or_default();
    assert_eq!(log, "", "a hook failed");
}

/// What it reads when it goes on.
const GOES_ON: &str = "You were stopped and go on now";

/// In a new epoch it is the same conversation: the model hears all of the old one, and what is new.
pub fn goes_on(scene: &Scene, stub: &Stub, id: &str, status: &str) {
    let before = stub.heard(WORKER).results.last().cloned();
    scene.run(&["session", "resume", id]);
    let heard = || stub.heard(WORKER);
    scene.until(
        "it goes on",
        || heard().told.contains(GOES_ON),
        || format!("{}\n{}\n{}", scene.run(&["session", "info", id]), heard().told, scene.shown(id)),
    );
    assert_eq!(heard().results.last().cloned(), before, "nothing is done again");
    let session = scene.until_session(id, status);
    assert_eq!(session["epoch"], 2, "{session}");
}

fn headless(agent: &str, (scene, stub): &(Scene, Stub)) {
    let id = works(scene, stub, agent);
    assert_eq!(scene.until_session(&id, "exited")["code"], 0);
    hooks_were_heard(scene, &id);
    goes_on(scene, stub, &id, "exited");
}

/// A message that comes while it waits at its prompt is typed there and reaches its model.
pub fn is_told(scene: &Scene, stub: &Stub, id: &str) {
    let late = scene.run(&["message", "send", id, "look at it once more"]);
    let late = format!("message/{}", late["id"].as_str().unwrap());
    scene.until(
        "the message is seen",
        || scene.receipts(&late).last().is_some_and(|last| last == "seen"),
        || format!("{:?}\n{}", scene.receipts(&late), scene.shown(id)),
    );
    scene.was_told_once(&late);
    let told = || stub.heard(WORKER).told;
    scene.until("the model hears it", || told().contains("look at it once more"), told);
}

/// It works, waits at its prompt, is told by typing, and is stopped.
fn in_a_terminal(agent: &str, (scene, stub): &(Scene, Stub)) -> String {
    let id = works(scene, stub, agent);
    scene.until("it says so", || scene.shown(&id).contains("All done."), || scene.shown(&id));
    assert_eq!(scene.run(&["session", "info", &id])["status"], "active");
    // Else a hook would tell it before it is typed.
    hooks_were_heard(scene, &id);
    is_told(scene, stub, &id);
    hooks_were_heard(scene, &id);
    scene.run(&["session", "stop", &id]);
    scene.until_session(&id, "stopped");
    id
}

fn in_a_terminal_and_again(agent: &str, scene: &(Scene, Stub)) {
    let id = in_a_terminal(agent, scene);
    let (scene, stub) = scene;
    goes_on(scene, stub, &id, "active");
    scene.run(&["session", "stop", &id]);
    scene.until_session(&id, "stopped");
}

#[test]
fn claude_code_takes_its_task_from_start_to_completion() {
    let Some(program) = install("@anthropic-ai/claude-code", crate::claude::VERSION, "claude") else { return };
    let stub = stub();
    headless("claude", &(crate::claude::scene(&program, &stub, "headless", ""), stub));
}

fn codex(mode: &str) -> Option<(Scene, Stub)> {
    let program = install("@openai/codex", "0.169.0", "codex")?;
    // Before its task: what would run outside of the sandbox with the next session.
    let tried = "echo 'program = \"/bin/sh\"' >\"$MAESTRO_HOME/agents/mine.toml\" || echo refused".to_owned();
    let stub = Stub::start(&[(WORKER, [vec![tried], script()].concat())]);
    let provider = format!(
        "model_providers.stub={{name=\"stub\",base_url=\"http://{}/v1\",env_key=\"STUB_KEY\",wire_api=\"responses\"}}",
        stub.address
    );
    let extra = json!([
        "-c",
        "model_provider=\"stub\"",
        "-c",
        provider,
        "-c",
        "check_for_update_on_startup=false",
        // The home of a test lies there.
        "-c",
        "sandbox_workspace_write.exclude_slash_tmp=true",
        "-c",
        "sandbox_workspace_write.exclude_tmpdir_env_var=true"
    ]);
    let profile = format!(
        "program = \"{}\"\nmode = \"{mode}\"\nmodel = \"gpt-5\"\nextra = {extra}\n[environment]\nSTUB_KEY = \"x\"\n",
        program.display()
    );
    Some((Scene::new(&[("codex", profile)], &[]), stub))
}

#[test]
fn codex_takes_its_task_from_start_to_completion() {
    let Some(scene) = codex("headless") else { return };
    headless("codex", &scene);
    let (scene, stub) = scene;
    let tried = &stub.heard(WORKER).results[0];
    assert!(tried.contains("refused"), "{tried}");
    assert!(!scene.stack.home().join("agents/mine.toml").exists());
}

#[test]
fn codex_works_in_its_terminal_is_told_and_goes_on() {
    let Some(scene) = codex("interactive") else { return };
    in_a_terminal_and_again("codex", &scene);
}

fn gemini(mode: &str) -> Option<(Scene, Stub)> {
    let program = install("@google/gemini-cli", "0.61.0", "gemini")?;
    let stub = stub();
    let profile = format!(
        "program = \"{}\"\nmode = \"{mode}\"\nmodel = \"gemini-2.5-pro\"\n[environment]\nGEMINI_API_KEY = \"x\"\n\
         GOOGLE_GEMINI_BASE_URL = \"http://{}\"\n",
        program.display(),
        stub.address
    );
    let settings = json!({ "privacy": { "usageStatisticsEnabled": false }, "telemetry": { "enabled": false },
        "general": { "enableAutoUpdate": false }, "security": { "auth": { "selectedType": "gemini-api-key" } } });
    let place = Place::below(program.ancestors().nth(4).unwrap());
    Some((Scene::at(place, &[("gemini", profile)], &[(".gemini/settings.json", settings.to_string())]), stub))
}

/// Whether Gemini CLI reads the file with our hooks: it must be root's, and with it every directory above, none of them open to
/// others for writing.
fn gemini_has_hooks(scene: &Scene) -> bool {
    scene.stack.home().ancestors().all(|directory| {
        use std::os::unix::fs::MetadataExt as _;
        std::fs::metadata(directory).is_ok_and(|found| found.uid() == 0 && found.mode() & 0o022 == 0)
    })
}

#[test]
fn gemini_takes_its_task_from_start_to_completion() {
    let Some(scene) = gemini("headless") else { return };
    if gemini_has_hooks(&scene.0) {
        return headless("gemini", &scene);
    }
    // Without hooks it works all the same, and begins anew when it is resumed.
    let id = works(&scene.0, &scene.1, "gemini");
    assert_eq!(scene.0.until_session(&id, "exited")["code"], 0);
}

#[test]
fn gemini_works_in_its_terminal_is_told_and_goes_on() {
    let Some(scene) = gemini("interactive") else { return };
    if gemini_has_hooks(&scene.0) {
        return in_a_terminal_and_again("gemini", &scene);
    }
    let id = works(&scene.0, &scene.1, "gemini");
    scene.0.run(&["session", "stop", &id]);
    scene.0.until_session(&id, "stopped");
}

fn open_code(mode: &str) -> Option<(Scene, Stub)> {
    let program = install("opencode-ai", "1.18.33", "opencode")?;
    let stub = stub();
    let profile = format!(
        "program = \"{}\"\nmode = \"{mode}\"\nmodel = \"stub/stub\"\n[environment]\nOPENCODE_DISABLE_AUTOUPDATE = \"1\"\n\
         OPENCODE_DISABLE_MODELS_FETCH = \"1\"\n",
        program.display()
    );
    Some((Scene::new(&[("opencode", profile)], &[(CONFIG, opencode(&stub))]), stub))
}

#[test]
fn opencode_takes_its_task_from_start_to_completion() {
    let Some(scene) = open_code("headless") else { return };
    headless("opencode", &scene);
}

/// Resumed in a terminal it shows its conversation and takes no prompt: docs/agents.md.
#[test]
#[ignore = "half a minute of a processor"]
fn opencode_works_in_its_terminal_and_is_told() {
    let Some(scene) = open_code("interactive") else { return };
    let _id = in_a_terminal("opencode", &scene);
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
