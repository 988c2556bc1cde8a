//! Claude Code in a terminal: as a worker that is asked, told and heard, and as the orchestrator of another.

use std::path::Path;

use serde_json::json;

use crate::install::install;
use crate::scene::Scene;
use crate::stub::Stub;
use crate::worker::{WORKER, goes_on, is_told, script};

pub const VERSION: &str = "2.1.197";
const KEY: &str = "sk-ant-stub-0123456789abcdefghij";

/// A stack whose Claude Code talks to the stub. Its settings lie where `CLAUDE_CONFIG_DIR` says, if that is given.
pub fn scene(program: &Path, stub: &Stub, mode: &str, more: &str) -> Scene {
    let settings = json!({ "hasCompletedOnboarding": true, "theme": "dark", "numStartups": 3,
        "customApiKeyResponses": { "approved": [&KEY[KEY.len() - 20..]], "rejected": [] } });
    let profile = format!(
        "program = \"{}\"\nmode = \"{mode}\"\n[environment]\nANTHROPIC_BASE_URL = \"http://{}\"\nANTHROPIC_API_KEY = \"{KEY}\"\n\
         DISABLE_AUTOUPDATER = \"1\"\nCLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC = \"1\"\nDISABLE_TELEMETRY = \"1\"\n{more}",
        program.display(),
        stub.address
    );
    Scene::new(&[("claude", profile)], &[(".claude.json", settings.to_string())])
}

/// Its task, a permission that somebody gives, and a message that is typed when it waits.
#[test]
fn a_worker_in_a_terminal_asks_is_answered_and_is_told() {
    let Some(program) = install("@anthropic-ai/claude-code", VERSION, "claude") else { return };
    let mut commands = script();
    // Nothing allows this beforehand.
    commands.insert(1, "python3 -c 'print(6 * 7)'".to_owned());
    let stub = Stub::start(&[(WORKER, commands)]);
    let scene = scene(&program, &stub, "interactive", "");
    scene.run(&["task", "create", "Write the parser", "--subtask", "lexer"]);
    let id = scene.spawn(&["--task", "t1", "--agent", "claude"]);

    let asks = scene.until_session(&id, "needs_input");
    assert_eq!(asks["input"], "permission", "{asks}");
    assert!(asks["question"].as_str().unwrap().contains("print(6 * 7)"), "{asks}");
    assert_eq!(scene.run(&["status"])["needsInput"][0]["id"], id.as_str(), "it is seen where one looks first");
    // What comes now is not typed: it would be the answer.
    let early = scene.run(&["message", "send", &id, "early bird"]);
    scene.run(&["session", "answer", &id, "--allow"]);
    scene.until(
        "the task is completed",
        || scene.run(&["task", "get", "t1"])["status"] == "completed",
        || format!("tools said {:?}\n{}", stub.heard(WORKER).results, scene.shown(&id)),
    );
    scene.until("it says so", || scene.shown(&id).contains("All done."), || scene.shown(&id));
    assert_eq!(scene.run(&["session", "info", &id])["status"], "active");
    // A hook has told it, in the middle of the turn.
    assert_eq!(scene.receipts(&format!("message/{}", early["id"].as_str().unwrap())), ["queued", "seen"]);

    is_told(&scene, &stub, &id);
    let told = || stub.heard(WORKER).told;
    assert_eq!(told().matches("look at it once more").count(), 1, "{}", told());
    assert_eq!(told().matches("early bird").count(), 1, "{}", told());

    scene.run(&["session", "stop", &id]);
    scene.until_session(&id, "stopped");
    goes_on(&scene, &stub, &id, "active");
    scene.run(&["session", "stop", &id]);
    scene.until_session(&id, "stopped");
}

#[test]
fn an_orchestrator_plans_starts_a_worker_waits_and_sees_it_complete() {
    let Some(program) = install("@anthropic-ai/claude-code", VERSION, "claude") else { return };
    let lead = [
        "maestro task create 'Write the parser' --subtask lexer --subtask grammar --accept 'all cases pass'",
        "maestro session spawn --task t1 --agent claude",
        "maestro wait t1 --timeout 80s",
        "maestro task get t1 --fields status,summary",
    ]
    .map(str::to_owned);
    let mut work = script();
    work.insert(3, "maestro subtask complete t1 st2".to_owned());
    let stub = Stub::start(&[("the orchestrator of the project", lead.to_vec()), (WORKER, work)]);
    // The settings are elsewhere than usual; the workspace is trusted there all the same, or its terminal would ask.
    let scene = scene(&program, &stub, "interactive", "");
    let lead = scene.spawn(&["--role", "orchestrator", "--agent", "claude", "--prompt", "Have a parser written."]);
    scene.until(
        "the orchestrator is done",
        || scene.shown(&lead).contains("All done."),
        || format!("{:?}\n{}", stub.heard("the orchestrator of the project").results, scene.shown(&lead)),
    );
    let results = stub.heard("the orchestrator of the project").results;
    assert!(results[3].contains("completed") && results[3].contains("by a real agent"), "{results:?}");
    let session = scene.run(&["session", "info", "s2"]);
    assert_eq!((&session["parent"], &session["role"]), (&json!(lead), &json!("worker")), "{session}");
    assert_eq!(scene.run(&["task", "get", "t1"])["progress"], json!({ "completed": 2, "total": 2 }));
    let told = stub.heard("the orchestrator of the project").told;
    assert!(told.contains("Have a parser written.") && told.contains("# How to lead"), "{told}");
    // The notice that its worker is done has reached it, by whichever way was first.
    scene.until(
        "it has read its messages",
        || scene.run(&["session", "info", &lead])["unread"] == 0,
        || format!("{}\n{}", scene.run(&["session", "info", &lead]), scene.shown(&lead)),
    );
}
