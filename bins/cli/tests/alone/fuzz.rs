//! Random argument vectors: no panic, an exit code that is documented, and under `--json` one document.
//!
//! A failing run prints its seed; `MAESTRO_TEST_SEED` repeats it.

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use serde_json::Value;

use crate::kit::{Room, dead_address};

/// Nothing here starts a stack or waits without a bound.
const WORDS: &[&str] = &[
    "task",
    "subtask",
    "session",
    "project",
    "message",
    "template",
    "config",
    "errors",
    "create",
    "list",
    "get",
    "update",
    "start",
    "log",
    "comment",
    "complete",
    "block",
    "unblock",
    "release",
    "submit",
    "approve",
    "reopen",
    "cancel",
    "delete",
    "next",
    "depend",
    "watch",
    "graph",
    "export",
    "import",
    "spawn",
    "info",
    "stop",
    "wait",
    "send",
    "read",
    "show",
    "apply",
    "save",
    "use",
    "archive",
    "purge",
    "init",
    "status",
    "events",
    "stats",
    "whoami",
    "schema",
    "help",
    "completions",
    "man",
    "doctor",
    "down",
    "move",
    "set",
    "bash",
    "agents",
    "reference",
    "getting-started",
];
const OPTIONS: &[&str] = &[
    "--json",
    "--project",
    "-p",
    "--quiet",
    "--no-color",
    "--help",
    "-h",
    "--version",
    "-V",
    "--status",
    "--priority",
    "--label",
    "--fields",
    "--limit",
    "--cursor",
    "--force",
    "--reason",
    "--summary",
    "--desc",
    "--title",
    "--subtask",
    "--depends-on",
    "--on",
    "--claim",
    "--all",
    "--follow",
    "--since",
    "--about",
    "--format",
    "--source",
    "--dry-run",
    "--set",
    "--days",
    "--role",
    "--agent",
    "--epoch",
    "--",
    "-",
    "--=",
    "---",
    "-x",
    "--task",
    "--unset",
    "-n",
    "-d",
];
const VALUES: &[&str] = &[
    "t1",
    "st1",
    "s1",
    "m1",
    "web/t3",
    "web",
    "T1",
    "1",
    "0",
    "-1",
    "4294967296",
    "18446744073709551616",
    "blocked,done",
    "high",
    "",
    " ",
    "a b",
    "\u{1b}[31m",
    "ünïcode→",
    "t1.*",
    ">",
    "maestro.v1.>",
    "{}",
    "[1]",
    "{\"title\":1}",
    "a=b",
    "../../etc/passwd",
    "'",
    "\"",
    "%s%n",
    "\u{202e}",
    "dot",
    "id,title",
    "jsonl",
    "5s",
    "NaN",
    "inf",
    "1e309",
    "\n",
    "\t",
];

fn word(random: &mut StdRng) -> String {
    let from = match random.random_range(0..10) {
        0..=3 => WORDS,
        4..=6 => OPTIONS,
        _ => VALUES,
    };
    let mut word = (*from.choose(random).expect("it is not empty")).to_owned();
    match random.random_range(0..20) {
        // A slip of the pen.
        0 if word.chars().count() > 2 => {
            word.remove(word.char_indices().nth(1).map_or(0, |(at, _)| at));
        }
        1 => word.push_str(&format!("={}", VALUES.choose(random).expect("it is not empty"))),
        2 => word = word.repeat(random.random_range(1..200)),
        _ => {}
    }
    word
}

fn line(random: &mut StdRng) -> Vec<String> {
    // Most lines begin as a command does, or nothing behind the first word is ever reached.
    let mut line = Vec::new();
    if random.random_bool(0.7) {
        line.push((*WORDS[..8].choose(random).expect("it is not empty")).to_owned());
        line.push((*WORDS[8..42].choose(random).expect("it is not empty")).to_owned());
    }
    line.extend((0..random.random_range(0..7)).map(|_| word(random)));
    if random.random_bool(0.6) {
        line.insert(0, "--json".to_owned());
    }
    line
}

#[test]
fn no_arguments_break_it() {
    let seed = std::env::var("MAESTRO_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or_else(rand::random);
    let rounds: u32 = if std::env::var_os("MAESTRO_TEST_FULL").is_some() { 5_000 } else { 400 };
    let mut random = StdRng::seed_from_u64(seed);
    let room = Room::new();
    let server = dead_address();
    let environment = [("MAESTRO_NATS_URL", server.as_str())];
    for round in 0..rounds {
        let line = line(&mut random);
        let mut words: Vec<&str> = vec!["--timeout", "100ms"];
        words.extend(line.iter().map(String::as_str));
        let output = room.command(&words, &environment).timeout(std::time::Duration::from_secs(20)).output();
        let what = format!("seed {seed}, round {round}: {line:?}");
        let output = output.unwrap_or_else(|error| panic!("{what}: {error}"));
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let code = output.status.code().unwrap_or_else(|| panic!("{what}: it was killed: {err}"));
        assert!((0..=8).contains(&code) && !err.contains("panicked"), "{what}: exit {code}: {err}");
        assert_ne!(code, 1, "{what}: a defect of its own: {out}{err}");
        // A flag behind `--`, or as the value of another one, asks for nothing.
        if line.first().is_some_and(|first| first == "--json") {
            let mut documents = serde_json::Deserializer::from_str(&out).into_iter::<Value>();
            let document = documents.next().unwrap_or_else(|| panic!("{what}: nothing on stdout: {err}"));
            let document = document.unwrap_or_else(|error| panic!("{what}: {error}: {out}"));
            assert!(documents.next().is_none(), "{what}: more than one document: {out}");
            assert_eq!(document["success"] == Value::Bool(true), code == 0, "{what}: {document}");
            let commands = document["details"]["commands"].as_array();
            assert!(code == 0 || commands.is_some_and(|all| !all.is_empty()), "{what}: no way on: {document}");
            for command in commands.into_iter().flatten().filter_map(Value::as_str) {
                maestro_cli::runnable::check(command).unwrap_or_else(|why| {
                    // What repeats a line that was understood so far may lead to the next mistake in it.
                    assert!(command.contains("--timeout 100ms"), "{what}: `{command}` cannot be typed: {why}");
                });
            }
        }
    }
}
