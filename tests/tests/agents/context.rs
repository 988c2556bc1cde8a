//! What sessions are given: prompts by role, manifests, skills, initial commands, and how large all that may be.

use std::fs;

use crate::scene::Scene;

const NOTES: &str = "program = \"sh\"\nmode = \"headless\"\nheadless = [[\"-c\", \"cat >/dev/null; printf ready\"]]\nprompt = \"stdin\"\n";

fn prompt(scene: &Scene, session: &str) -> (bool, String) {
    let shown = scene.run(&["session", "prompt", session]);
    (shown["given"].as_bool().unwrap(), shown["prompt"].as_str().unwrap().to_owned())
}

#[test]
fn a_session_is_given_what_its_role_needs_and_it_can_be_looked_up() {
    let scene = Scene::new(&[("notes", NOTES.to_owned())], &[]);
    scene.run(&["project", "update", "--overview", "A shop for maps.", "--goals", "Open in spring."]);
    scene.run(&["task", "create", "lexer"]);
    scene.run(&["task", "start", "t1"]);
    scene.run(&["task", "complete", "t1", "--summary", "src/lexer.rs, 31 cases"]);
    let parser =
        ["--depends-on", "t1", "--desc", "Numbers only.", "--accept", "RFC 1 holds", "--notes", "no recursion"];
    scene.run(&[&["task", "create", "parser", "--subtask", "grammar"], &parser[..]].concat());
    scene.run(&["task", "create", "printer", "--depends-on", "t2"]);

    // Before it starts: as it would be given it.
    let waits = scene.spawn(&["--task", "t2", "--agent", "notes", "--pool", "none", "--initial-command", "npm ci"]);
    scene.run(&["message", "send", &waits, "mind the gap", "--task", "t2"]);
    let (given, text) = prompt(&scene, &waits);
    assert!(!given, "nothing was given yet");
    for part in [
        "You are s1 (Worker: parser), a worker of the project web.",
        "A shop for maps.",
        "# First",
        "npm ci",
        "# Task t2: parser",
        "Numbers only.",
        "- RFC 1 holds",
        "no recursion",
        "- [ ] st1 grammar",
        "t1 lexer (completed): src/lexer.rs, 31 cases",
        "Message m1 from tester about t2: mind the gap",
        "`maestro task complete --summary",
        "`maestro skill show maestro-worker`",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    assert!(!text.contains("Open in spring."), "a worker needs no goals");

    let lead = scene.spawn(&["--role", "orchestrator", "--agent", "notes", "--prompt", "Mind the budget."]);
    scene.until_session(&lead, "exited");
    let (given, text) = prompt(&scene, &lead);
    assert!(given, "it was given it");
    for part in [
        "the orchestrator of",
        "Open in spring.",
        "t2 parser, given to s1",
        "printer, after t2",
        "s1 Worker: parser [requested] t2",
        "# How to lead",
        "# Instructions\n\nMind the budget.",
        "# Skills",
        "# Leading a team",
    ] {
        assert!(text.contains(part), "{part:?} is not in\n{text}");
    }
    let manifest = scene.run(&["session", "manifest", &lead]);
    assert_eq!(manifest["initialPrompt"], text.as_str());
    assert_eq!((&manifest["role"], &manifest["skill"]), (&"orchestrator".into(), &"maestro-orchestrator".into()));

    // A skill of one's own, and one that is not there.
    let skill = scene.stack.place().path().join("user/.claude/skills/mapping");
    fs::create_dir_all(&skill).unwrap();
    fs::write(skill.join("SKILL.md"), "---\nname: mapping\ndescription: How maps are drawn.\n---\nNorth is up.\n")
        .unwrap();
    let custom = scene.spawn(&["--role", "custom", "--skill", "mapping", "--agent", "notes", "--prompt", "Draw."]);
    scene.until_session(&custom, "exited");
    assert!(prompt(&scene, &custom).1.contains("North is up."), "{}", prompt(&scene, &custom).1);
    let missing = scene.spawn(&["--role", "custom", "--skill", "mopping", "--agent", "notes", "--prompt", "Mop."]);
    let failed = scene.until_session(&missing, "failed")["failure"].as_str().unwrap().to_owned();
    assert!(failed.contains("the skill 'mopping' on this host: there is no skill"), "{failed}");
}

#[test]
fn initial_commands_run_before_a_script_and_sizes_have_bounds() {
    let scene = Scene::new(&[("notes", NOTES.to_owned())], &[]);
    let shell = ["--agent", "shell", "--initial-command", "echo one >order", "--initial-command", "export X=two"];
    let id = scene.spawn(&[&shell[..], &["--", "sh", "-c", "echo $X >>order; exec cat order"]].concat());
    scene.until_session(&id, "exited");
    assert!(scene.shown(&id).contains("one"), "{}", scene.shown(&id));
    assert!(scene.shown(&id).contains("two"), "{}", scene.shown(&id));
    let fails = scene.spawn(&["--agent", "shell", "--initial-command", "exit 7", "--", "echo", "never"]);
    assert_eq!(scene.until_session(&fails, "exited")["code"], 7);
    assert!(!scene.shown(&fails).contains("never"));

    // A session of many tasks with long texts: all of it is told in part, and says where the rest is.
    let long = scene.stack.place().path().join("long");
    fs::write(&long, "word ".repeat(13_000)).unwrap();
    let mut tasks = Vec::new();
    for n in 0..20 {
        let mut command = scene.stack.place().command();
        command.args(["--json", "--project", "web", "task", "create", &format!("task {n}"), "--desc", "-"]);
        let answer = maestro_tests::stack::answer(command.stdin(fs::File::open(&long).unwrap()));
        tasks.push(answer.data()["id"].as_str().unwrap().to_owned());
    }
    let large = scene.spawn(&["--agent", "notes", "--task", &tasks.join(",")]);
    scene.until_session(&large, "exited");
    let (given, text) = prompt(&scene, &large);
    assert!(given && text.len() < 700_000, "{} bytes", text.len());
    assert!(text.contains("# Task t20: task 19") && text.contains("(`maestro task get t20` shows all of it)"));

    // A prompt of 1 MB is refused, with a code that says why; one that fits is given whole.
    let spawn = |bytes: usize| {
        fs::write(&long, "ä".repeat(bytes / 2)).unwrap();
        let mut command = scene.stack.place().command();
        command.args(["--json", "--project", "web", "session", "spawn", "--agent", "notes", "--prompt", "-"]);
        maestro_tests::stack::answer(command.stdin(fs::File::open(&long).unwrap()))
    };
    for bytes in [1_000_000, 2_000_001] {
        let refused = spawn(bytes);
        assert_eq!((refused.error(), refused.code), ("too_large", 7), "{refused:?}");
    }
    let whole = spawn(262_000).data()["sessionId"].as_str().unwrap().to_owned();
    assert_eq!(scene.until_session(&whole, "exited")["code"], 0);
    assert!(prompt(&scene, &whole).1.contains(&"ä".repeat(131_000)));
}
