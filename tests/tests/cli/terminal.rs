//! What people see: in a terminal of 80 columns, without colours, without a terminal, into a closed pipe.

use std::process::{Command, Stdio};

use maestro_tests::pty;
use maestro_tests::stack::{coverage, program};

use crate::scene::Scene;

/// Commands whose output people look at.
const LOOKED_AT: &[&[&str]] = &[
    &["task", "list"],
    &["task", "list", "--sort", "priority"],
    &["task", "get", "t1"],
    &["task", "graph"],
    &["status"],
    &["stats"],
    &["events"],
    &["session", "list"],
    &["session", "info", "s1"],
    &["project", "list"],
    &["project", "get"],
    &["message", "list"],
    &["message", "read", "m1"],
    &["subtask", "list", "t1"],
    &["task", "next"],
    &["task", "watch", "t6"],
    &["wait", "t6"],
    &["whoami"],
    &["config", "list"],
    &["skill", "list"],
    &["errors", "list"],
    &["template", "list"],
    &["template", "show", "bugfix"],
    &["errors", "show", "open_subtasks"],
    &["help"],
    &["task", "--help"],
    &["task", "create", "--help"],
    &["help", "getting-started"],
    &["task", "start", "t2"],
    &["task", "complte"],
];

fn command(scene: &Scene, words: &[&str], environment: &[(&str, &str)]) -> Command {
    let mut command = Command::new(program("maestro"));
    command
        .env_clear()
        .envs(coverage())
        .env("HOME", "/nonexistent")
        .env("MAESTRO_HOME", scene.cli.home().join(".maestro"))
        .env("TERM", "xterm-256color")
        .env("MAESTRO_NATS_URL", scene.cluster.url("edge"))
        .env("MAESTRO_USER", "ann")
        .env("MAESTRO_PROJECT_ID", "web")
        .envs(environment.iter().copied())
        .args(words)
        .stdin(Stdio::null());
    command
}

#[test]
fn eighty_columns_are_enough_and_colours_are_there_where_they_are_wanted() {
    let scene = Scene::new();
    for words in LOOKED_AT {
        let (_, text) = pty::run(&mut command(&scene, words, &[]), 80);
        let plain = pty::plain(&text);
        let wide: Vec<&str> = plain.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(wide.is_empty(), "{words:?}: {wide:#?}\n{plain}");
        assert!(text.contains('\u{1b}'), "{words:?} has no colours: {text}");
        let (_, text) = pty::run(&mut command(&scene, words, &[("NO_COLOR", "1")]), 80);
        assert!(!text.contains('\u{1b}'), "{words:?}: NO_COLOR is not respected: {text:?}");
        let (_, text) = pty::run(&mut command(&scene, &[words, &["--no-color"][..]].concat(), &[]), 80);
        assert!(!text.contains('\u{1b}'), "{words:?}: --no-color is not respected: {text:?}");
    }
    let (_, text) = pty::run(&mut command(&scene, &["task", "list"], &[]), 80);
    let plain = pty::plain(&text);
    let headings: Vec<&str> = plain.lines().filter(|line| !line.starts_with(' ') && !line.is_empty()).collect();
    assert_eq!(
        headings[1..],
        ["■ blocked 1", "◎ in review 1", "◐ in progress 1", "○ ready 1", "○ pending 1", "● completed 1"]
    );
    assert!(
        headings[0].starts_with("web  Web shop  ▰▰▰") && headings[0].ends_with("16 %  1 of 6 completed"),
        "{plain}"
    );
}

/// The help of every command, with and without colours.
#[test]
fn every_help_fits_into_eighty_columns() {
    let scene = Scene::new();
    let reference = scene.cli.plain(&["help", "reference"], b"").out;
    let names = reference.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(" maestro "));
    let mut seen = 0;
    for name in names {
        let words: Vec<&str> = name.split(' ').chain(["--help"]).collect();
        let (_, text) = pty::run(&mut command(&scene, &words, &[]), 80);
        let plain = pty::plain(&text);
        let wide: Vec<&str> = plain.lines().filter(|line| line.chars().count() > 80).collect();
        assert!(
            wide.is_empty() && text.contains('\u{1b}') && plain.contains("Examples:"),
            "{name}: {wide:#?}\n{plain}"
        );
        let (_, text) = pty::run(&mut command(&scene, &words, &[("NO_COLOR", "1")]), 80);
        assert_eq!(text, plain, "{name}");
        seen += 1;
    }
    assert!(seen > 90, "{seen}");
}

#[test]
fn a_board_shows_what_is_open_and_the_last_of_what_ended() {
    let scene = Scene::new();
    let lines: Vec<String> = (0..60).map(|n| format!("- [x] Done {n} <!-- key=d{n} -->")).collect();
    let plan = lines.join("\n") + "\n- [ ] Still open\n";
    let said = scene.cli.plain(&["-p", "web", "task", "import", "-"], plan.as_bytes());
    assert_eq!(said.code, 0, "{said:?}");
    let (_, text) = pty::run(&mut command(&scene, &["task", "list"], &[]), 80);
    let plain = pty::plain(&text);
    assert!(plain.contains("Still open") && plain.contains("● completed 5"), "{plain}");
    assert!(plain.contains("more that ended: maestro task list --status completed,cancelled"), "{plain}");
    assert!(plain.contains("61 of 67 completed"), "{plain}");
}

#[test]
fn without_a_terminal_nothing_is_coloured_cut_or_asked() {
    let scene = Scene::new();
    for words in LOOKED_AT {
        let output = command(&scene, words, &[]).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        // What is to be filled in stands in quotes.
        let shown = text.replace("\"…\"", "");
        assert!(!text.contains('\u{1b}') && !shown.contains('…'), "{words:?}: {text:?}");
    }
    let whole = command(&scene, &["task", "list"], &[]).output().unwrap();
    assert!(String::from_utf8(whole.stdout).unwrap().contains("put everything into it, and then some"));
}

#[test]
fn a_closed_pipe_ends_a_command_quietly() {
    let scene = Scene::new();
    let mut lines: Vec<Vec<&str>> = LOOKED_AT.iter().map(|words| words.to_vec()).collect();
    let reference = scene.cli.plain(&["help", "reference"], b"").out;
    let every = reference.lines().filter_map(|line| line.trim_start_matches('#').strip_prefix(" maestro "));
    // Starting a stack is another matter.
    lines.extend(every.filter(|name| !["up", "wait"].contains(name)).map(|name| name.split(' ').collect()));
    // Without a target it waits for a message, for as long as it is given.
    lines.push(vec!["wait", "--timeout", "1s"]);
    lines.push(vec!["task", "export"]);
    lines.push(vec!["events", "--follow", "--timeout", "20s"]);
    for words in lines {
        for json in [&[][..], &["--json"]] {
            let words = [words.as_slice(), json].concat();
            let mut command = command(&scene, &words, &[]);
            let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
            drop(child.stdout.take());
            let output = child.wait_with_output().unwrap();
            let err = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.code().is_some_and(|code| code <= 8), "{words:?}: {:?} {err}", output.status);
            assert!(!err.contains("panicked") && !err.contains("Broken pipe"), "{words:?}: {err}");
        }
    }
}
