//! Every command as it prints: for people, as JSON, refused. One file a command in `snapshots/`.

use std::collections::BTreeSet;

use maestro_tests::cluster::Cli;

use crate::scene::Scene;

/// What is typed, in this order; the second time as JSON, so what changes something says what becomes of a repetition.
const STORY: &[(&str, &[&[&str]])] = &[
    ("init", &[&["init", "tools", "--title", "Tools"]]),
    ("status", &[&["status"]]),
    ("whoami", &[&["whoami"]]),
    ("project create", &[&["project", "create", "api", "--title", "The API"], &["project", "create", "A.b"]]),
    ("project list", &[&["project", "list"], &["project", "list", "--fields", "id"]]),
    ("project get", &[&["project", "get"], &["project", "get", "wbe"]]),
    ("project update", &[&["project", "update", "--goals", "Sell"], &["project", "update"]]),
    ("project use", &[&["project", "use", "api"], &["project", "use", "nowhere"]]),
    ("task create", &[&["task", "create", "Sweep the floor", "--subtask", "kitchen"], &["task", "create", " "]]),
    (
        "task list",
        &[
            &["task", "list"],
            &["task", "list", "--status", "blocked"],
            &["task", "list", "nobody"],
            &["task", "list", "--limit", "2", "--fields", "id,title"],
            &["task", "list", "--status", "done"],
        ],
    ),
    ("task get", &[&["task", "get", "t1"], &["task", "get", "t99"], &["task", "get", "1"]]),
    ("task update", &[&["task", "update", "t2", "--priority", "low"], &["task", "update", "t2"]]),
    ("task depend", &[&["task", "depend", "t7", "--on", "t2"], &["task", "depend", "t2", "--on", "t7"]]),
    (
        "task graph",
        &[
            &["task", "graph"],
            &["task", "graph", "--format", "dot"],
            &["task", "graph", "--format", "mermaid"],
            &["task", "graph", "t99"],
        ],
    ),
    ("task next", &[&["task", "next"]]),
    ("next", &[&["next"]]),
    ("task start", &[&["task", "start", "t8"], &["task", "start", "t2"]]),
    ("task log", &[&["task", "log", "t8", "swept"], &["task", "log", "t8"]]),
    ("task comment", &[&["task", "comment", "t8", "mind the cat"], &["task", "comment", "t99", "x"]]),
    ("task block", &[&["task", "block", "t8", "--reason", "no broom"], &["task", "block", "t8"]]),
    ("task unblock", &[&["task", "unblock", "t8", "in the cellar"], &["task", "unblock", "t2"]]),
    ("task submit", &[&["task", "submit", "t8", "--summary", "done"], &["task", "submit", "t2"]]),
    ("task approve", &[&["task", "approve", "t8"], &["task", "approve", "t2"]]),
    ("task reopen", &[&["task", "reopen", "t8", "--reason", "dust"], &["task", "reopen", "t2"]]),
    ("task release", &[&["task", "release", "t4", "--reason", "no time"], &["task", "release", "t2"]]),
    ("task cancel", &[&["task", "cancel", "t8"], &["task", "cancel", "t6"]]),
    (
        "task complete",
        &[&["task", "complete", "t5", "--summary", "drawn"], &["task", "complete", "t1"], &["task", "complete"]],
    ),
    ("task delete", &[&["task", "delete", "t8"], &["task", "delete", "t1"]]),
    ("task export", &[&["task", "export", "--status", "completed"], &["task", "export", "--format", "markdown"]]),
    (
        "task import",
        &[
            &["task", "import", "plan.md"],
            &["task", "import", "plan.md", "--dry-run"],
            &["task", "import", "nowhere.md"],
        ],
    ),
    ("task watch", &[&["task", "watch", "t5"], &["task", "watch", "t99"]]),
    ("subtask create", &[&["subtask", "create", "t1", "fuzz it"], &["subtask", "create", "t99", "x"]]),
    ("subtask list", &[&["subtask", "list", "t1"], &["subtask", "list", "t2"]]),
    (
        "subtask update",
        &[&["subtask", "update", "t1", "st3", "--title", "fuzz it well"], &["subtask", "update", "t1", "st3"]],
    ),
    ("subtask move", &[&["subtask", "move", "t1", "st3", "1"], &["subtask", "move", "t1", "st3", "0"]]),
    ("subtask complete", &[&["subtask", "complete", "t1", "st2"], &["subtask", "complete", "t1", "st9"]]),
    ("subtask reopen", &[&["subtask", "reopen", "t1", "st2"], &["subtask", "reopen", "t1", "2"]]),
    ("subtask delete", &[&["subtask", "delete", "t1", "st3"]]),
    (
        "session spawn",
        &[
            &["session", "spawn", "--name", "Other", "--pool", "none", "--agent", "shell", "--prompt", "true"],
            &["session", "spawn", "--task", "t99"],
        ],
    ),
    (
        "run",
        &[
            &["run", "Mop the floor", "--agent", "shell", "--prompt", "true"],
            &["run", "Mop", "--attach"],
            &["run", "Mop", "--agent", "shell"],
            &["run", " "],
        ],
    ),
    ("session list", &[&["session", "list"], &["session", "list", "--status", "lost"]]),
    ("session info", &[&["session", "info", "s1"], &["session", "info"], &["session", "info", "7"]]),
    ("session manifest", &[&["session", "manifest", "s2"], &["session", "manifest", "s99"]]),
    ("session prompt", &[&["session", "prompt", "s2"], &["session", "prompt"]]),
    ("session stop", &[&["session", "stop", "s2"], &["session", "stop", "s99"]]),
    ("session resume", &[&["session", "resume", "s2"], &["session", "resume", "s99"], &["session", "resume", "--all"]]),
    ("session restart", &[&["session", "restart", "s2"], &["session", "restart", "s99"], &["session", "stop", "s2"]]),
    (
        "session wait",
        &[
            &["session", "wait", "s2"],
            &["session", "wait", "s2", "--exit-status"],
            &["session", "wait", "s1", "--timeout", "300ms"],
        ],
    ),
    ("session attach", &[&["session", "attach", "s2"], &["session", "attach", "s99"]]),
    ("session logs", &[&["session", "logs", "s2"], &["session", "logs", "s99"]]),
    ("session send", &[&["session", "send", "s2", "hello"], &["session", "send", "s99", "hello"]]),
    ("session answer", &[&["session", "answer", "s2", "--allow"], &["session", "answer", "s2"]]),
    ("session diff", &[&["session", "diff", "s2"], &["session", "diff", "s99", "--stat"]]),
    ("session merge", &[&["session", "merge", "s2"]]),
    ("session discard", &[&["session", "discard", "s2", "--force"]]),
    ("session prune", &[&["session", "prune", "--dry-run"]]),
    ("session replay", &[&["session", "replay", "s2"], &["session", "replay", "s99"]]),
    ("message send", &[&["message", "send", "ann", "hello"], &["message", "send", "s99", "hello"]]),
    ("message list", &[&["message", "list"]]),
    ("message read", &[&["message", "read"], &["message", "read", "m99"]]),
    ("template list", &[&["template", "list"]]),
    ("template show", &[&["template", "show", "bugfix"], &["template", "show", "bugfx"]]),
    (
        "template apply",
        &[
            &["template", "apply", "review", "--set", "title=main"],
            &["template", "apply", "review", "--set", "titel=x"],
            &["template", "apply", "review"],
        ],
    ),
    ("template save", &[&["template", "save", "two", "t1", "t2"]]),
    ("skill list", &[&["skill", "list"], &["skill", "list", "--role", "worker"]]),
    ("skill show", &[&["skill", "show", "maestro-cli"], &["skill", "show", "maestro-clo"]]),
    ("skill validate", &[&["skill", "validate"], &["skill", "validate", "nowhere"]]),
    ("skill install", &[&["skill", "install", "maestro-cli", "--target", "claude"], &["skill", "install", "nowhere"]]),
    ("skill uninstall", &[&["skill", "uninstall", "--target", "claude"]]),
    ("agent show", &[&["agent", "show", "shell"], &["agent", "show", "shel"]]),
    ("node list", &[&["node", "list"]]),
    ("node info", &[&["node", "info", "nowhere"]]),
    ("node drain", &[&["node", "drain", "nowhere"], &["node", "drain", "nowhere", "--undo"]]),
    ("node invite", &[&["node", "invite", "build-7"], &["node", "invite", "-x"]]),
    ("update", &[&["update", "hello"]]),
    ("wait", &[&["wait", "t5"], &["wait", "t2", "--timeout", "300ms"]]),
    ("events", &[&["events", "--about", "t5"], &["events", "--cursor", "x"]]),
    ("stats", &[&["stats", "--days", "1"], &["stats", "--days", "0"]]),
    ("config get", &[&["config", "get", "retries"], &["config", "get", "retires"]]),
    ("config set", &[&["config", "set", "retries", "3"], &["config", "set", "retries", "many"]]),
    ("config list", &[&["config", "list"]]),
    ("errors list", &[&["errors", "list"]]),
    ("errors show", &[&["errors", "show", "open_subtasks"], &["errors", "show", "open_subtask"]]),
    ("schema", &[&["schema", "answer.plan"], &["schema", "view.tsk"]]),
    ("completions", &[&["completions", "tcsh"]]),
    ("man", &[&["man", "task", "log"], &["man", "task", "lgo"]]),
    ("help", &[&["help", "task", "next"], &["help", "getting-started"], &["help", "tsk"]]),
    ("backup", &[&["backup", "one.tar"]]),
    ("restore", &[&["restore", "nowhere.tar"]]),
    ("project archive", &[&["project", "archive", "api"], &["project", "archive", "api", "--restore"]]),
    ("project purge", &[&["project", "purge", "api"], &["project", "purge", "api", "--confirm", "api"]]),
];

/// Their output is of this machine or in an agent's own format; they have their own tests.
const OF_THE_MACHINE: &[&str] = &["up", "down", "logs", "doctor", "agent list", "agent doctor", "hook", "mcp"];

fn run(cli: &Cli, words: &[&str], json: bool) -> String {
    let mut all = vec!["-p", "web"];
    if !words.contains(&"--timeout") {
        all.extend(["--timeout", "20s"]);
    }
    all.extend(words);
    if json {
        all.push("--json");
    }
    let said = cli.plain(&all, b"");
    assert!((0..=8).contains(&said.code) && !said.err.contains("panicked"), "{words:?}: {said:?}");
    let mut text = format!("$ maestro {}{}\n", words.join(" "), if json { " --json" } else { "" });
    match serde_json::from_str::<serde_json::Value>(&said.out) {
        Ok(document) if json => text.push_str(&serde_json::to_string_pretty(&document).unwrap()),
        _ => text.push_str(said.out.trim_end()),
    }
    for line in said.err.lines() {
        text.push_str(&format!("\n! {line}"));
    }
    format!("{}\n[exit {}]\n", text.trim_end(), said.code)
}

#[test]
fn every_command_prints_what_it_printed_before() {
    let scene = Scene::new();
    std::fs::write(scene.cli.home().join("plan.md"), "- [ ] Plan it <!-- key=plan -->\n  - [ ] read\n- [x] Think\n")
        .unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    let home = scene.cli.home().display().to_string();
    for (found, shown) in [
        (home.as_str(), "<home>"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "<time>"),
        (r"\b20\d\d-\d\d-\d\d\b", "<date>"),
        (r"\b[0-7][0-9A-HJKMNP-TV-Z]{25}\b", "<ulid>"),
        (r"127\.0\.0\.1:\d+", "127.0.0.1:<port>"),
        (r"edge:[^@\s]+@", "edge:<password>@"),
        (r"\b(now|\d+s ago)\b", "<age>"),
        (r"(median|mean|longest) \d+[sm]", "$1 <span>"),
        (r#""(seq|cursor|median|mean|longest)": \d+"#, "\"$1\": 0"),
        (r"--since \d+", "--since 0"),
        (r#""nextCursor": "[^"]+""#, "\"nextCursor\": \"<cursor>\""),
        (r"--cursor [A-Za-z0-9_=+/-]+", "--cursor <cursor>"),
        (r"maestro 0\.\d+\.\d+", "maestro <version>"),
    ] {
        settings.add_filter(found, shown);
    }
    let mut known: BTreeSet<&str> = OF_THE_MACHINE.iter().copied().collect();
    settings.bind(|| {
        for (leaf, calls) in STORY {
            known.insert(leaf);
            let mut text = String::new();
            for words in *calls {
                text.push_str(&run(&scene.cli, words, false));
                text.push('\n');
                text.push_str(&run(&scene.cli, words, true));
                text.push('\n');
            }
            let mut wrong: Vec<&str> = leaf.split(' ').collect();
            wrong.push("--what-is-this");
            text.push_str(&run(&scene.cli, &wrong, false));
            insta::assert_snapshot!(leaf.replace(' ', "_"), text);
        }
    });
    let page = scene.cli.plain(&["help", "reference"], b"").out;
    let mut missing = Vec::new();
    let mut headings =
        page.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(" maestro ")).peekable();
    while let Some(name) = headings.next() {
        let is_noun = headings.peek().is_some_and(|next| next.starts_with(&format!("{name} ")));
        if !is_noun && !known.contains(name) {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "without a snapshot: {missing:?}; add them to the story");
}
