//! What an agent reported while nobody answered, and the agent calls nothing any more: its holder has it sent.

use std::fs;
use std::process::{Command, Stdio};

use maestro_tests::stack::{answer, coverage, program};
use serde_json::Value;

use super::kit::{Scene, await_that};

#[test]
fn a_report_that_waits_is_sent_although_its_agent_says_nothing_more() {
    let scene = Scene::new();
    scene.maestro(&["task", "create", "Parse CSV"]).data();
    let (go, said) = (scene.path("go"), scene.path("said"));
    let script = format!(
        "while ! test -e {go}; do sleep 0.05; done; maestro --json --timeout 2s task log t1 'into the void' > {said}; sleep 600",
        go = go.display(),
        said = said.display()
    );
    scene.session(&script);
    scene.stack.freeze("nats-server");
    fs::write(&go, "").unwrap();
    let told = || fs::read_to_string(&said).unwrap_or_default();
    await_that(|| told().ends_with('\n'), || "nothing was said".to_owned());
    let queued: Value = serde_json::from_str(&told()).unwrap();
    assert_eq!((&queued["queued"], &queued["data"]["queuedIn"]), (&true.into(), &"outbox".into()), "{queued}");
    scene.stack.thaw("nats-server");
    // Asked from another home: from this one it would be sent by the question.
    let logged = || {
        let mut command = Command::new(program("maestro"));
        command
            .env_clear()
            .envs(coverage())
            .env("HOME", scene.path("elsewhere"))
            .env("MAESTRO_NATS_URL", scene.stack.nats_url("edge"))
            .env("MAESTRO_USER", "auditor")
            .args(["--json", "-p", "web", "events", "--about", "t1"])
            .stdin(Stdio::null());
        answer(&mut command).stdout.matches("into the void").count()
    };
    await_that(|| logged() > 0, || "it is still there".to_owned());
    assert_eq!(logged(), 1);
}
