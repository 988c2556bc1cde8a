//! A session of Claude Code from its start to its end.

use serde_json::json;

use super::kit::Desk;

#[test]
fn the_task_is_told_at_the_start_and_again_when_the_context_was_cut() {
    let desk = Desk::new();
    let first = desk.claude("SessionStart", &json!({"source": "startup"})).context("SessionStart");
    assert!(first.contains("session s1 of project web") && first.contains("t1 \"Parse CSV\" (pending)"), "{first}");
    // The prompt says the rest at this point.
    assert!(!first.contains("lexer"), "{first}");
    desk.own(&["task", "start"]).data();
    desk.own(&["task", "log", "quoted fields are read"]).data();
    desk.own(&["subtask", "complete", "st1"]).data();
    desk.web(&["message", "send", "s1", "Mind the byte order mark."]);
    for source in ["resume", "compact", "clear", "fork"] {
        let told = desk.claude("SessionStart", &json!({"source": source})).context("SessionStart");
        for part in ["[x] st1 lexer", "[ ] st2 grammar", "quoted fields are read", "maestro task complete", "Rows."] {
            assert!(told.contains(part), "{part} is missing after {source}: {told}");
        }
        // Once.
        assert_eq!(told.contains("Message m1 from tester: Mind the byte order mark."), source == "resume", "{told}");
    }
    assert_eq!(desk.unread(), 0);
}

#[test]
fn a_typed_message_is_confirmed_and_others_are_told_once() {
    let desk = Desk::new();
    desk.web(&["message", "send", "s1", "Use RFC 4180,\nnot  Excel's dialect."]);
    desk.web(&["message", "send", "s1", "--task", "t1", "Lunch is at noon."]);
    let prompt = "[from tester] Use RFC 4180, not Excel's\r\n dialect.  ";
    let told = desk.claude("UserPromptSubmit", &json!({"prompt": prompt})).context("UserPromptSubmit");
    assert_eq!(told, "Message m2 from tester about t1: Lunch is at noon.");
    assert_eq!(desk.unread(), 0);
    desk.claude("UserPromptSubmit", &json!({"prompt": "go on"})).is_silent();
    // In the middle of a turn.
    desk.claude("PostToolUse", &json!({"tool_name": "Bash"})).is_silent();
    desk.web(&["message", "send", "s1", "Stop at line 10."]);
    // A helper of its own would keep it for itself.
    desk.claude("PostToolUse", &json!({"tool_name": "Bash", "agent_id": "a1", "agent_type": "Explore"})).is_silent();
    let told = desk.claude("PostToolUse", &json!({"tool_name": "Bash", "tool_response": {}})).context("PostToolUse");
    assert!(told.ends_with("Stop at line 10."), "{told}");
    // Another incarnation's mail is not ours.
    assert_eq!(desk.unread(), 0);
    // What does not fit waits, and is not called seen.
    let long = "x".repeat(3_900);
    for _ in 0..4 {
        desk.web(&["message", "send", "s1", &long]);
    }
    let told = desk.claude("UserPromptSubmit", &json!({"prompt": "?"})).context("UserPromptSubmit");
    assert!(told.len() < 10_000 && told.contains("m5") && !told.contains("m6"), "{}", told.len());
    assert_eq!(desk.unread(), 2);
}

#[test]
fn a_long_message_is_announced_once_and_stays_unread() {
    let desk = Desk::new();
    let tool = || desk.claude("PostToolUse", &json!({"tool_name": "Bash"}));
    let long = "many words ".repeat(600);
    desk.web(&["message", "send", "s1", &long]);
    let told = tool().context("PostToolUse");
    assert!(told.len() > 4_000 && told.len() < 5_000 && told.contains("`maestro message read m1`"), "{told}");
    tool().is_silent();
    desk.web(&["message", "send", "s1", "short"]);
    assert_eq!(tool().context("PostToolUse"), "Message m2 from tester: short");
    tool().is_silent();
    assert_eq!(desk.unread(), 1);
    // A new turn is a reason to mention it, its end too.
    let mention = "Message m1 from tester is unread: `maestro message read m1` shows all of it";
    assert_eq!(desk.claude("UserPromptSubmit", &json!({"prompt": "go on"})).context("UserPromptSubmit"), mention);
    desk.own(&["task", "start"]).data();
    let held = desk.claude("Stop", &json!({"stop_hook_active": false})).held("block");
    assert!(held.starts_with(mention), "{held}");
    // Another one does not make the first new again.
    desk.web(&["message", "send", "s1", &long]);
    let told = tool().context("PostToolUse");
    assert!(told.contains("m3") && !told.contains("m1"), "{told}");
    tool().is_silent();
    // A context that was cut knows nothing of them.
    let told = desk.claude("SessionStart", &json!({"source": "compact"})).context("SessionStart");
    assert!(told.contains(&format!("Message m1 from tester: {}", &long[..3_000])), "{told}");
    for message in ["m1", "m3"] {
        desk.own(&["message", "read", message]).data();
    }
    desk.claude("UserPromptSubmit", &json!({"prompt": "go on"})).is_silent();
}

#[test]
fn tools_that_end_side_by_side_tell_a_message_once() {
    let desk = Desk::new();
    for round in 0..5 {
        desk.web(&["message", "send", "s1", &format!("number {round}")]);
        let said: Vec<_> = std::thread::scope(|scope| {
            let call = || desk.claude("PostToolUse", &json!({"tool_name": "Bash"}));
            let running: Vec<_> = (0..6).map(|_| scope.spawn(call)).collect();
            running.into_iter().map(|one| one.join().unwrap()).collect()
        });
        let told = said.iter().filter(|said| said.out.contains(&format!("number {round}"))).count();
        assert_eq!(told, 1, "{said:?}");
    }
}

#[test]
fn what_it_waits_for_is_told_and_ends_when_it_goes_on() {
    let desk = Desk::new();
    let needs = |input: &str, question: &str| ("needs_input".to_owned(), input.to_owned(), question.to_owned());
    let asked = json!({"tool_name": "Bash", "tool_input": {"command": "rm -rf target", "description": "clean"}});
    desk.claude("PermissionRequest", &asked).is_silent();
    assert_eq!(desk.needs(), needs("permission", "Bash: rm -rf target"));
    // The notification that follows says less; it is no second question.
    let waits =
        json!({"notification_type": "permission_prompt", "message": "Claude needs your permission to use Bash"});
    let rev = desk.session()["rev"].clone();
    desk.claude("Notification", &waits).is_silent();
    assert_eq!((desk.session()["rev"].clone(), desk.needs()), (rev, needs("permission", "Bash: rm -rf target")));
    let mail = desk.web(&["message", "list"]);
    assert_eq!(mail["items"].as_array().unwrap().len(), 1, "{mail}");
    desk.claude("PostToolUse", &json!({"tool_name": "Bash"})).is_silent();
    assert_eq!(desk.needs().0, "active");
    // Alone it is enough.
    desk.claude("Notification", &waits).is_silent();
    assert_eq!(desk.needs(), needs("permission", "Claude needs your permission to use Bash"));
    desk.claude("UserPromptSubmit", &json!({"prompt": "yes"})).is_silent();
    assert_eq!(desk.needs().0, "active");
    let question = json!({"tool_name": "AskUserQuestion", "tool_input": {"questions": [
        {"question": "Which dialect?", "options": [{"label": "RFC 4180"}, {"label": "Excel"}]}]}});
    desk.claude("PermissionRequest", &question).is_silent();
    assert_eq!(desk.needs(), needs("question", "Which dialect? (RFC 4180 / Excel)"));
}

#[test]
fn it_is_held_back_once_while_a_task_is_open() {
    let desk = Desk::new();
    let stop = |active: bool, last: &str| {
        desk.claude(
            "Stop",
            &json!({"stop_hook_active": active, "last_assistant_message": last, "background_tasks": []}),
        )
    };
    // Given, not begun.
    let reason = stop(false, "hello").held("block");
    assert!(reason.contains("t1 \"Parse CSV\" (pending)") && reason.contains("maestro task start t1"), "{reason}");
    desk.own(&["task", "start"]).data();
    desk.own(&["subtask", "complete", "st1"]).data();
    let reason = stop(false, "I am done, I think.").held("block");
    for part in [
        "t1 \"Parse CSV\" (in_progress)",
        "Open steps: st2 \"grammar\"",
        "maestro task complete t1",
        "maestro task block t1",
    ] {
        assert!(reason.contains(part), "{part}: {reason}");
    }
    // Never in a loop; then somebody is told.
    stop(true, "Really.\nShall I write the grammar?").is_silent();
    let question = "it stopped, and t1 is in_progress: Shall I write the grammar?";
    assert_eq!(desk.needs(), ("needs_input".into(), "idle".into(), question.into()));
    let mail = desk.web(&["message", "list"]).to_string();
    assert!(mail.contains("Shall I write the grammar?"), "{mail}");
    desk.claude("UserPromptSubmit", &json!({"prompt": "yes, write it"})).is_silent();
    assert_eq!(desk.needs().0, "active");
    // Something of its own will wake it.
    let waits =
        json!({"stop_hook_active": false, "background_tasks": [{"id": "b1", "type": "shell", "status": "running"}]});
    desk.claude("Stop", &waits).is_silent();
    // A blocked task waits for others.
    desk.own(&["task", "block", "--reason", "which dialect?"]).data();
    stop(false, "waiting").is_silent();
    desk.web(&["task", "unblock", "t1", "RFC 4180"]);
    let reason = stop(false, "waiting").held("block");
    assert!(reason.contains("RFC 4180") && reason.contains("t1"), "{reason}");
    desk.own(&["subtask", "complete", "st2"]).data();
    desk.own(&["task", "complete", "--summary", "both parts"]).data();
    stop(false, "all done").is_silent();
    assert_eq!(desk.needs().0, "active");
    // Mail is a reason to go on; read, it is none.
    desk.web(&["message", "send", "s1", "One more thing."]);
    let reason = stop(false, "all done").held("block");
    assert!(reason.starts_with("Message m") && reason.ends_with(" from tester: One more thing."), "{reason}");
    stop(false, "all done").is_silent();
    let idle = json!({"notification_type": "idle_prompt", "message": "Claude is waiting for your input"});
    desk.claude("Notification", &idle).is_silent();
    assert_eq!(desk.needs().0, "active", "idle without a task is no need");
}

#[test]
fn a_usage_limit_and_a_login_are_needs_too() {
    let desk = Desk::new();
    let said = "API Error: Request rejected (429) · You have hit your limit, resets 2126-11-25T10:00:00Z";
    desk.claude("StopFailure", &json!({"error": "rate_limit", "last_assistant_message": said})).is_silent();
    assert_eq!(desk.needs(), ("needs_input".into(), "rate_limited".into(), said.into()));
    assert_eq!(desk.session()["until"], "2126-11-25T10:00:00.000Z");
    desk.claude("StopFailure", &json!({"error": "authentication_failed", "error_details": "Please run /login"}))
        .is_silent();
    assert_eq!(desk.needs(), ("needs_input".into(), "login".into(), "Please run /login".into()));
    assert!(desk.session()["until"].is_null());
    desk.claude("StopFailure", &json!({"error": "server_error"})).is_silent();
    assert_eq!(desk.needs(), ("needs_input".into(), "idle".into(), "it broke off: server_error".into()));
}
