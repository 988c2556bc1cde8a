//! How messages reach an agent in its terminal, whatever it does at the moment: once each, and with receipts.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::scene::Scene;

struct Agent {
    scene: Scene,
}

impl Agent {
    fn start() -> Self {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/agents/agent.py");
        let profile = |out: &str| {
            format!(
                "program = \"python3\"\nhooks = true\ninteractive = [[\"{script}\", \"{{prompt}}\"]]\n\
                 [environment]\nOUT = \"{{files}}/{out}\"\n"
            )
        };
        let hookless = "program = \"sh\"\ninteractive = [[\"-c\", \"echo ready; cat\"]]\n".to_owned();
        let deaf = profile("notes") + "DEAF = \"1\"\n";
        let profiles = [("scripted", profile("notes")), ("hookless", hookless), ("deaf", deaf)];
        Self { scene: Scene::new(&profiles, &[]) }
    }

    fn read(&self, session: &str, name: &str) -> String {
        let file = self.scene.stack.home().join(format!("spawner/sessions/web/{session}-1/{name}"));
        fs::read_to_string(file).unwrap_or_default()
    }

    /// What its hooks said last of its turn.
    fn turn(&self, session: &str) -> String {
        self.read(session, "turn")
    }

    /// What the agent noted of one kind.
    fn noted(&self, session: &str, kind: &str) -> Vec<String> {
        let text = self.read(session, "notes");
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line[0] == kind).map(|line| line[1].as_str().unwrap().to_owned()).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scene.stack.place().path().join(name)
    }

    fn send(&self, session: &str, text: &str) -> String {
        let sent = self.scene.run(&["message", "send", session, text]);
        format!("message/{}", sent["id"].as_str().unwrap())
    }

    #[track_caller]
    fn until_receipt(&self, session: &str, message: &str, receipt: &str) {
        let so = || self.scene.receipts(message).iter().any(|found| found == receipt);
        let told = || format!("{:?}; {:?}", self.scene.receipts(message), self.noted(session, "prompt"));
        self.scene.until(&format!("{message} is {receipt}"), so, told);
    }
}

#[test]
fn a_message_is_typed_when_the_agent_waits_and_told_by_a_hook_when_it_works() {
    let agent = Agent::start();
    let scene = &agent.scene;
    let id = scene.spawn(&["--role", "custom", "--agent", "scripted"]);
    // Earlier, a hook of its first turn would tell it what is sent.
    scene.until("its first turn is over", || agent.turn(&id) == "idle", || scene.shown(&id));

    // It waits: typed, with all receipts, once, in one paste although it has two lines.
    let first = agent.send(&id, "first line\nsecond line");
    agent.until_receipt(&id, &first, "seen");
    scene.was_told_once(&first);
    let prompts = agent.noted(&id, "prompt");
    assert!(prompts.len() == 2 && prompts[1].ends_with(": first line\nsecond line"), "{prompts:?}");

    // Nor may a hook of this turn tell the next one.
    scene.until("its second turn is over", || agent.turn(&id) == "idle", || scene.shown(&id));

    // It works: the hook after its tool tells, and nothing is typed afterwards.
    let (go, ask) = (agent.path("go"), agent.path("ask"));
    let work = agent.send(&id, &format!("to do:\nbusy {}", go.display()));
    agent.until_receipt(&id, &work, "seen");
    let second = agent.send(&id, "while you work");
    fs::write(&go, "").unwrap();
    agent.until_receipt(&id, &second, "seen");
    assert_eq!(scene.receipts(&second), ["queued", "seen"], "it was typed as well");
    assert!(agent.noted(&id, "told").iter().any(|told| told.contains("while you work")));

    // It asks: what is typed would be the answer.
    let asked = agent.send(&id, &format!("to do:\nask {}", ask.display()));
    agent.until_receipt(&id, &asked, "seen");
    scene.until_session(&id, "needs_input");
    let third = agent.send(&id, "not an answer");
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert_eq!(scene.receipts(&third), ["queued"], "it was typed into a question");
    fs::write(&ask, "").unwrap();
    agent.until_receipt(&id, &third, "seen");

    let prompts = agent.noted(&id, "prompt");
    let said = [prompts, agent.noted(&id, "told")].concat().join("\n");
    for text in ["second line", "while you work", "not an answer"] {
        assert_eq!(said.matches(text).count(), 1, "{text} was told more or less than once: {said}");
    }
}

#[test]
fn a_message_that_is_typed_and_comes_to_nothing_is_not_delivered_and_somebody_hears_of_it() {
    let agent = Agent::start();
    let scene = &agent.scene;
    let id = scene.spawn(&["--role", "custom", "--agent", "deaf"]);
    scene.until("its first turn is over", || agent.turn(&id) == "idle", || scene.shown(&id));
    let message = agent.send(&id, "are you there?");
    // Enter is tried once more first.
    let session = scene.until_session(&id, "needs_input");
    let name = message.trim_start_matches("message/");
    let question = format!("a message was typed into its terminal, and no turn began: {name}");
    assert_eq!(session["question"], question.as_str(), "{session}");
    assert_eq!(scene.receipts(&message), ["queued"], "nobody has it");
    assert_eq!(session["unread"], 1, "the next hook tells it");
    let told = || scene.run(&["message", "list"]).to_string();
    scene.until("whoever spawned it has a message", || told().contains(&question), told);
    assert_eq!(agent.noted(&id, "prompt").len(), 1, "it heard of nothing but its first prompt");
}

#[test]
fn an_orchestrator_that_waits_hears_of_its_worker_and_a_script_is_left_alone() {
    let agent = Agent::start();
    let scene = &agent.scene;
    scene.run(&["task", "create", "one"]);
    let maestro = "maestro session spawn --task t1 --agent shell -- sh -c";
    let work = "'maestro task start; maestro task block --reason \"which one?\"; sleep 600'";
    let prompt = format!("Lead.\nrun {maestro} {work}");
    let id = scene.spawn(&["--role", "orchestrator", "--agent", "scripted", "--prompt", &prompt]);
    let heard = |text: &str| agent.noted(&id, "prompt").iter().skip(1).any(|prompt| prompt.contains(text));
    let told = || format!("{:?}\n{}", agent.noted(&id, "prompt"), scene.run(&["session", "list", "--all"]));
    scene.until("the blocked task is typed", || heard("t1 is blocked (one): which one?"), told);
    // A program that is no agent: a message for it is kept, and nothing is typed into it.
    let kept = agent.send("s2", "rm -rf /");
    scene.run(&["session", "stop", "s2"]);
    scene.until("the end of the worker is typed", || heard("s2 (Worker: one) stopped by"), told);
    assert_eq!(scene.receipts(&kept), ["queued"]);
    assert_eq!(scene.run(&["session", "info", &id])["unread"], 0);

    // No hooks: typed when the terminal is quiet, and nobody confirms it.
    let hookless = scene.spawn(&["--role", "custom", "--agent", "hookless"]);
    scene.until("it runs", || scene.shown(&hookless).contains("ready"), || scene.shown(&hookless));
    let message = agent.send(&hookless, "hello there");
    agent.until_receipt(&hookless, &message, "delivered");
    scene.until("it is typed", || scene.shown(&hookless).contains("hello there"), || scene.shown(&hookless));
}

#[test]
fn an_agent_without_hooks_is_told_every_message_however_many_there_are() {
    let agent = Agent::start();
    let scene = &agent.scene;
    let id = scene.spawn(&["--role", "custom", "--agent", "hookless"]);
    scene.until("it runs", || scene.shown(&id).contains("ready"), || scene.shown(&id));
    // More than one page has, none of which it ever confirms to have seen.
    let mut last = String::new();
    for number in 1..=70 {
        last = agent.send(&id, &format!("number {number}."));
    }
    agent.until_receipt(&id, &last, "delivered");
    scene.until("the last is typed", || scene.shown(&id).contains("number 70."), || scene.shown(&id));
    let later = agent.send(&id, "one more.");
    agent.until_receipt(&id, &later, "delivered");
}
