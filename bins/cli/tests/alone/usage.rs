//! What is typed wrong is said in one document, with the next command to type.

use crate::kit::Room;

#[test]
fn every_usage_error_is_one_document_with_a_code_and_a_way_on() {
    let room = Room::new();
    let cases: &[(&[&str], &str)] = &[
        (&["--json"], "usage"),
        (&["--json", "tsk"], "usage"),
        (&["--json", "task"], "usage"),
        (&["--json", "task", "lst"], "usage"),
        (&["task", "list", "--json", "--stauts", "blocked"], "usage"),
        (&["--json", "task", "list", "--status", "finished"], "invalid_status"),
        (&["--json", "task", "list", "--priority", "urgent"], "invalid_priority"),
        (&["--json", "task", "create", "x", "--priority", "9"], "invalid_priority"),
        (&["--json", "task", "create"], "missing_required_field"),
        (&["--json", "task", "get", "12"], "invalid_task_id"),
        (&["--json", "task", "get", "t1.*"], "invalid_task_id"),
        (&["--json", "task", "get", "web/t>"], "invalid_task_id"),
        (&["--json", "-p", "a.b", "task", "list"], "invalid_project_id"),
        (&["--json", "session", "info", "t1"], "invalid_session_id"),
        (&["--json", "task", "block", "t1"], "missing_required_field"),
        (&["--json", "-p", "web", "task", "update", "t1"], "no_updates"),
        (&["--json", "-p", "web", "task", "update", "t1", "--status", "blocked"], "missing_required_field"),
        (&["--json", "-p", "web", "task", "create", " "], "invalid_title"),
        (&["--json", "-p", "web", "task", "create", "a\u{7}b"], "invalid_title"),
        (&["--json", "-p", "web", "task", "log", "t1", "  "], "invalid_text"),
        (&["--json", "-p", "web", "task", "log", "t1"], "missing_required_field"),
        (&["--json", "-p", "web", "task", "log", "half", "way"], "invalid_task_id"),
        (&["--json", "-p", "web", "subtask", "complete", "t1", "x"], "invalid_subtask_id"),
        (&["--json", "-p", "web", "subtask", "move", "t1", "st1", "0"], "invalid_value"),
        (&["--json", "-p", "web", "task", "depend", "t1"], "no_updates"),
        (&["--json", "-p", "web", "update", "hello"], "missing_session"),
        (&["--json", "-p", "web", "session", "info"], "missing_session"),
        (&["--json", "project", "purge", "web"], "confirmation_missing"),
        (&["--json", "task", "list", "--timeout", "soon"], "invalid_value"),
        (&["--json", "task", "list"], "missing_project"),
        (&["--json", "-p", "web", "task", "complete"], "missing_task_id"),
        (&["--json", "errors", "show", "task_not_fond"], "usage"),
        (&["--json", "config"], "usage"),
        (&["--json", "config", "get", "colour"], "invalid_config"),
        (&["--json", "-p", "web", "wait", "x9"], "invalid_task_id"),
    ];
    for (words, code) in cases {
        let (exit, document) = room.json(words, &[]);
        assert_eq!(document["error"], *code, "{words:?}: {document}");
        assert_eq!(exit, 2, "{words:?}");
        assert!(document["message"].as_str().is_some_and(|text| !text.is_empty()), "{words:?}");
        let helped = document["suggestion"].is_string() || document["details"]["commands"].is_array();
        assert!(helped || code.starts_with("invalid_"), "{words:?}: {document}");
    }
}

#[test]
fn the_nearest_command_is_spelled_out() {
    let room = Room::new();
    let (_, document) = room.json(&["--json", "task", "complte", "t3"], &[]);
    assert_eq!(document["suggestion"], "maestro --json task complete t3");
    let said = room.run(&["task", "complte", "t3"], &[]);
    assert!(said.out.is_empty());
    assert!(said.err.contains("error[usage]") && said.err.contains("try: maestro task complete t3"), "{}", said.err);
}

#[test]
fn json_is_wanted_by_the_environment_too() {
    let (_, document) = Room::new().json(&["task", "lst"], &[("MAESTRO_OUTPUT", "json")]);
    assert_eq!(document["error"], "usage");
}

#[test]
fn help_is_on_stdout_and_plain_in_a_pipe() {
    let room = Room::new();
    for words in [&["--help"][..], &["task", "--help"], &["help", "task", "create"], &["session", "spawn", "--help"]] {
        let said = room.run(words, &[]);
        assert_eq!(said.code, 0, "{words:?}");
        assert!(said.out.contains("Usage: maestro") && !said.out.contains('\u{1b}'), "{}", said.out);
    }
    assert_eq!(room.run(&[], &[]).code, 2);
    assert_eq!(room.run(&["--version"], &[]).code, 0);
}

#[test]
fn the_old_spellings_are_understood() {
    let room = Room::new();
    for words in [
        &["--json", "-p", "web", "task-complete"][..],
        &["--json", "-p", "web", "task", "done"],
        &["--json", "-p", "web", "task-start"],
        &["--json", "-p", "web", "task", "show"],
        &["--json", "-p", "web", "task", "log", "half way"],
        &["--json", "-p", "web", "task", "block", "--reason", "no key"],
    ] {
        assert_eq!(room.json(words, &[]).1["error"], "missing_task_id", "{words:?}");
    }
}

#[test]
fn texts_may_begin_with_a_dash_and_flags_may_be_repeated() {
    let room = Room::new();
    for words in [
        &["--json", "-p", "web", "task", "create", "x", "--description", "- one", "--json"][..],
        &["--json", "-p", "web", "task", "complete", "t1", "--summary", "- one\n- two"],
        &["-p", "web", "task", "log", "t1", "- one", "--json"],
        &["-p", "web", "task", "create", "--json", "--json", "- one"],
    ] {
        assert_eq!(room.json(words, &[]).1["error"], "stack_not_running", "{words:?}");
    }
}

#[test]
fn errors_are_looked_up_offline() {
    let room = Room::new();
    let (_, all) = room.json(&["errors", "list", "--json"], &[]);
    assert!(all["data"]["items"].as_array().unwrap().len() > 50);
    let (_, one) = room.json(&["errors", "show", "already_claimed", "--json"], &[]);
    assert_eq!(one["data"]["exitCode"], 4);
}
