//! Under `--json` every command prints exactly one document that fits its schema: right, wrong, refused, with and without a
//! server. The commands are those that the command line itself lists.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use jsonschema::{Retrieve, Uri, Validator};
use maestro_tests::cluster::{Cli, Cluster, Said, command, request};
use maestro_tests::schema;
use serde_json::{Value, json};

fn schemas() -> &'static BTreeMap<String, Value> {
    static ALL: OnceLock<BTreeMap<String, Value>> = OnceLock::new();
    ALL.get_or_init(schema::schemas)
}

struct Files;

impl Retrieve for Files {
    fn retrieve(&self, uri: &Uri<String>) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.as_str().rsplit('/').next().unwrap_or_default();
        schemas().get(name).cloned().ok_or_else(|| format!("there is no schema {uri}").into())
    }
}

fn validator(name: &str) -> Validator {
    let schema = &schemas()[&format!("{name}.schema.json")];
    jsonschema::options().with_retriever(Files).should_validate_formats(true).build(schema).unwrap()
}

#[track_caller]
fn fits(name: &str, document: &Value, what: &str) {
    let validator = validator(name);
    let errors: Vec<_> = validator.iter_errors(document).map(|e| format!("{e} at {}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{what} does not fit {name}: {errors:#?}\n{document:#}");
}

/// The document of a call, checked.
#[track_caller]
fn checked(said: &Said, words: &[&str]) -> Value {
    let document = said.document();
    fits("cli.output", &document, &format!("{words:?}"));
    if let Some(code) = document["error"].as_str() {
        let code = maestro_wire::ErrorCode::parse(code).unwrap_or_else(|| panic!("{words:?}: no such code: {code}"));
        assert_eq!(i32::from(code.exit_code()), said.code, "{words:?}: {document}");
    }
    document
}

/// The names that a help text lists.
fn listed(cli: &Cli, words: &[&str]) -> Vec<String> {
    let mut all = words.to_vec();
    all.push("--help");
    let said = cli.plain(&all, b"");
    assert_eq!(said.code, 0, "{said:?}");
    let lines = said.out.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    // A description that goes on in the next line is indented further.
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names.map(|line| line.split_whitespace().next().unwrap().to_owned()).filter(|name| name != "help").collect()
}

/// Every command that does something, as words.
fn leaves(cli: &Cli) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    for noun in listed(cli, &[]) {
        let verbs = listed(cli, &[&noun]);
        if verbs.is_empty() {
            found.push(vec![noun]);
            continue;
        }
        found.extend(verbs.into_iter().map(|verb| vec![noun.clone(), verb]));
    }
    assert!(found.len() > 45, "the help lists only {found:?}");
    found
}

fn nowhere() -> Cli {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    Cli::new(&format!("nats://edge:x@{free}"), "ann")
}

#[test]
fn whatever_is_wrong_with_it_one_document_comes() {
    let cli = nowhere();
    let mut calls = 0;
    for leaf in leaves(&cli).into_iter().filter(|leaf| !OWN_FORMAT.contains(&leaf[0].as_str())) {
        let leaf: Vec<_> = leaf.iter().map(String::as_str).collect();
        let mut mistakes: Vec<Vec<&str>> = vec![
            vec!["--what-is-this"],
            vec!["--timeout", "soon"],
            vec!["--project", "a.b"],
            vec!["\u{1b}[31m", "t1.*", ">", "", "x"],
            vec!["--timeout"],
        ];
        if leaf != ["up"] {
            // Right as it is, or too little: nobody is there to answer.
            mistakes.push(vec![]);
            mistakes.push(vec!["t1"]);
        }
        for mistake in mistakes {
            let words: Vec<&str> =
                ["--json", "--timeout", "300ms"].into_iter().chain(leaf.clone()).chain(mistake).collect();
            let said = cli.plain(&words, b"");
            let document = checked(&said, &words);
            if words.contains(&"--what-is-this") {
                // Where a text is expected it is one: then a project, a task or a session is missing.
                assert_eq!(said.code, 2, "{words:?}: {document}");
            }
            calls += 1;
        }
    }
    for words in [&["--json"][..], &["--json", "tsk"], &["--json", "task"], &["task", "--json", "lst"], &["--json", ""]]
    {
        assert_eq!(checked(&cli.plain(words, b""), words)["error"], "usage", "{words:?}");
        calls += 1;
    }
    println!("{calls} calls");
}

/// A call that must succeed, and the schema of its data.
type Step = (&'static [&'static str], &'static str);

/// A whole life of a project, every command at least once.
const STORY: &[Step] = &[
    (&["project", "create", "web", "--title", "Web"], "answer.project"),
    (&["project", "list"], "page.project"),
    (&["project", "get"], "view.project"),
    (&["project", "use", "web"], "view.project"),
    (&["project", "update", "--overview", "what it is about"], "answer.project"),
    (&["task", "create", "one", "--subtask", "part", "--label", "rust"], "answer.task"),
    (&["task", "create", "two", "--depends-on", "t1", "--desc", "more"], "answer.task"),
    (&["task", "create", "three", "--priority", "high"], "answer.task"),
    (&["task", "create", "four"], "answer.task"),
    (&["task", "list"], "page.task-row"),
    (&["task", "list", "--ready"], "page.task-row"),
    (&["task", "get", "t1"], "view.task"),
    (&["task", "update", "t1", "--title", "one!"], "answer.task"),
    (&["task", "start", "t1"], "answer.task"),
    (&["task", "log", "t1", "half way"], "answer.task"),
    (&["task", "comment", "t1", "nice"], "answer.task"),
    (&["subtask", "create", "t1", "second part"], "answer.task"),
    (&["subtask", "list", "t1"], ""),
    (&["subtask", "update", "t1", "st2", "--title", "other part"], "answer.task"),
    (&["subtask", "move", "t1", "st2", "1"], "answer.task"),
    (&["subtask", "complete", "t1", "st1"], "answer.task"),
    (&["subtask", "reopen", "t1", "st1"], "answer.task"),
    (&["subtask", "complete", "t1", "st1"], "answer.task"),
    (&["subtask", "delete", "t1", "st2"], "answer.task"),
    (&["task", "block", "t1", "--reason", "no key"], "answer.task"),
    (&["status"], "view.overview"),
    (&["status", "--system"], "view.system"),
    (&["task", "unblock", "t1"], "answer.task"),
    (&["task", "submit", "t1", "--summary", "look"], "answer.task"),
    (&["task", "approve", "t1"], "answer.task"),
    (&["wait", "t1", "--timeout", "20s"], ""),
    (&["next"], ""),
    (&["task", "next", "--claim"], "answer.task"),
    (&["task", "release", "t3"], "answer.task"),
    (&["task", "depend", "t3", "--on", "t2"], "answer.task"),
    (&["task", "start", "t2"], "answer.task"),
    (&["task", "complete", "t2", "--summary", "done"], "answer.task"),
    (&["task", "reopen", "t2"], "answer.task"),
    (&["task", "cancel", "t4"], "answer.task"),
    (&["task", "delete", "t4"], ""),
    (&["session", "spawn", "--task", "t2", "--name", "w", "--pool", "none", "--prompt", "go"], ""),
    (&["run", "four", "--agent", "shell", "--prompt", "true"], ""),
    (&["session", "list"], "page.session"),
    (&["session", "info", "s1"], "view.session"),
    (&["session", "manifest", "s1"], "view.manifest"),
    (&["session", "prompt", "s1"], ""),
    (&["message", "send", "ann", "hello"], "answer.message"),
    (&["message", "list"], ""),
    (&["message", "read"], ""),
    (&["session", "stop", "s1"], ""),
    (&["session", "resume", "s1"], "answer.session"),
    (&["session", "restart", "s1"], "answer.session"),
    (&["session", "stop", "--all"], "page.session"),
    (&["session", "resume", "--all"], "page.session"),
    (&["session", "wait", "s1", "--timeout", "20s"], ""),
    (&["events"], "page.timeline-entry"),
    (&["whoami"], ""),
    (&["config", "set", "retries", "3"], ""),
    (&["config", "get", "retries"], ""),
    (&["config", "list"], ""),
    (&["errors", "list"], ""),
    (&["errors", "show", "task_not_found"], ""),
    (&["skill", "list", "--role", "worker"], ""),
    (&["skill", "show", "maestro-worker"], ""),
    (&["skill", "validate"], ""),
    (&["skill", "install", "--target", "claude"], ""),
    (&["skill", "uninstall", "--target", "claude"], ""),
    (&["init"], ""),
    (&["task", "import", "plan.md"], "answer.plan"),
    (&["task", "import", "plan.md", "--dry-run"], ""),
    (&["task", "graph"], ""),
    (&["template", "list"], ""),
    (&["template", "show", "bugfix"], ""),
    (&["template", "apply", "bugfix", "--set", "title=Crash"], "answer.plan"),
    (&["template", "save", "own", "t2", "t3"], ""),
    (&["stats"], ""),
    (&["schema"], ""),
    (&["schema", "view.task"], ""),
    (&["completions", "zsh"], ""),
    (&["man", "task", "log"], ""),
    (&["help"], ""),
    (&["help", "agents"], ""),
    (&["project", "archive"], "answer.project"),
    (&["project", "archive", "--restore"], "answer.project"),
    (&["project", "purge", "web", "--confirm", "web"], ""),
];

/// Commands that need a stack or a session and have their own tests; they are called here with nobody there.
const ELSEWHERE: &[&str] = &[
    "up",
    "down",
    "logs",
    "doctor",
    "backup",
    "restore",
    "update",
    "session attach",
    "session logs",
    "session send",
    "session answer",
    "session replay",
    "session diff",
    "session merge",
    "session discard",
    "session prune",
    "task watch",
    "task export",
    "agent list",
    "agent show",
    "agent doctor",
    "node list",
    "node info",
    "node drain",
    "node invite",
];

/// What these print is for agents, in the agents' own formats; they have their own tests too.
const OWN_FORMAT: &[&str] = &["hook", "mcp"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_command_succeeds_with_one_document_of_its_schema() {
    let cluster = Cluster::start(1);
    let cli = cluster.cli("ann");
    std::fs::write(cli.home().join("plan.md"), "- [ ] Plan it\n  - [ ] read\n- [x] Think\n").unwrap();
    let mut wrong = Vec::new();
    let mut done: BTreeSet<String> = ELSEWHERE.iter().chain(OWN_FORMAT).map(|&name| name.to_owned()).collect();
    tokio::task::block_in_place(|| {
        for (words, view) in STORY {
            let mut all = vec!["--timeout", "20s"];
            all.extend(*words);
            let said = cli.run(&all);
            let document = checked(&said, words);
            if said.code != 0 {
                wrong.push(format!("{words:?}: {document}"));
                continue;
            }
            if !view.is_empty() {
                fits(view, &document["data"], &format!("{words:?}"));
            }
            done.insert(words.iter().take(2).copied().collect::<Vec<_>>().join(" "));
            done.insert(words[0].to_owned());
        }
        for leaf in leaves(&cli) {
            if !done.contains(&leaf.join(" ")) {
                wrong.push(format!("{leaf:?} was not called; add it to the story"));
            }
        }
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_refusal_is_one_document_too() {
    let cluster = Cluster::start(1);
    cluster.project().await;
    let caller = cluster.caller("ann").await;
    command(&caller, &request("task", "create", &json!({ "title": "one" }))).await.unwrap();
    command(&caller, &request("task", "create", &json!({ "title": "two", "dependsOn": ["t1"] }))).await.unwrap();
    let cli = cluster.cli("ben");
    let cases: &[(&[&str], i32, &str)] = &[
        (&["task", "get", "t99"], 3, "task_not_found"),
        (&["task", "start", "t2"], 7, "dependencies_open"),
        (&["task", "depend", "t1", "--on", "t2"], 7, "dependency_cycle"),
        (&["session", "info", "s9"], 3, "session_not_found"),
        (&["subtask", "complete", "t1", "st9"], 3, "subtask_not_found"),
        (&["project", "create", "web", "--title", "Web"], 4, "project_exists"),
        (&["task", "delete", "t1"], 7, "has_dependants"),
        (&["task", "create", " "], 2, "invalid_title"),
        (&["task", "list", "--cursor", "x"], 2, "invalid_cursor"),
        (&["wait", "t1", "--timeout", "700ms"], 8, "timed_out"),
    ];
    let last = cluster.last_seq().await;
    tokio::task::block_in_place(|| {
        for (words, exit, code) in cases {
            let said = cli.run(words);
            let document = checked(&said, words);
            assert_eq!((said.code, document["error"].as_str()), (*exit, Some(*code)), "{words:?}: {document}");
            let helped = document["suggestion"].is_string() || document["details"]["commands"].is_array();
            assert!(helped || code.starts_with("invalid_"), "{document}");
        }
    });
    assert_eq!(cluster.last_seq().await, last);
    command(&caller, &request("task", "start", &json!({ "task": "t1" }))).await.unwrap();
    let said = tokio::task::block_in_place(|| cli.run(&["task", "start", "t1"]));
    assert_eq!((said.code, checked(&said, &[])["error"].as_str()), (4, Some("already_claimed")), "{said:?}");
    // A stream prints one document a line.
    let said = tokio::task::block_in_place(|| cli.run(&["events", "--follow", "--timeout", "1s"]));
    let lines: Vec<Value> = said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.len() >= 3, "{said:?}");
}
