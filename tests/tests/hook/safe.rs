//! A hook never fails its agent: exit 0, nothing on stderr, within its time, whatever happens.

use std::fs;
use std::io::Write;
use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use maestro_tests::stack::Place;
use serde_json::json;

use super::kit::{Desk, hook_in, run};

/// Far above the bound, for a busy machine; without a bound it would be for ever.
const PATIENCE: Duration = Duration::from_secs(20);

fn log(place: &Place) -> String {
    fs::read_to_string(place.home().join("logs/hook.log")).unwrap_or_default()
}

#[test]
fn without_a_broker_nothing_is_said_and_a_need_is_kept() {
    let place = Place::new();
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let hook = |event: &str, input: &str| {
        let url = format!("nats://edge:x@127.0.0.1:{dead}");
        run(hook_in(&place, "claude", event).env("MAESTRO_NATS_URL", url), input.as_bytes())
    };
    for event in ["SessionStart", "UserPromptSubmit", "PostToolUse", "Stop", "SessionEnd"] {
        hook(event, "{}").is_silent();
    }
    let files = || fs::read_dir(place.home().join("outbox")).into_iter().flatten().flatten().count();
    assert_eq!(files(), 0);
    assert!(log(&place).contains("connection_refused"), "{}", log(&place));
    let asked = json!({"tool_name": "Bash", "tool_input": {"command": "ls"}}).to_string();
    hook("PermissionRequest", &asked).is_silent();
    assert_eq!(files(), 1, "{}", log(&place));
    // No stack, no address.
    run(&mut hook_in(&place, "claude", "Stop"), b"{}").is_silent();
}

#[test]
fn what_is_kept_goes_out_with_the_next_hook() {
    let desk = Desk::new();
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = hook_in(desk.stack.place(), "claude", "PermissionRequest");
    command.env("MAESTRO_NATS_URL", format!("nats://edge:x@127.0.0.1:{dead}"));
    run(&mut command, br#"{"tool_name":"Bash","tool_input":{"command":"ls"}}"#).is_silent();
    let kept = || {
        fs::read_dir(desk.stack.home().join("outbox"))
            .unwrap()
            .flatten()
            .filter(|e| e.path().extension().is_some_and(|x| x == "json"))
            .count()
    };
    assert!(kept() > 0);
    let idle = json!({"notification_type": "idle_prompt", "message": "waiting"});
    desk.claude("Notification", &idle).is_silent();
    assert_eq!(kept(), 0, "any other command would send it too");
    assert_eq!(desk.needs(), ("needs_input".into(), "permission".into(), "Bash: ls".into()));
}

#[test]
fn nonsense_is_a_line_in_the_log() {
    let place = Place::new();
    let cases: [(&str, &str, &[u8], &str); 8] = [
        ("claude", "Stopp", b"{}", "no event"),
        ("claud", "Stop", b"{}", "no agent"),
        ("claude", "Stop", b"", "nothing came"),
        ("claude", "Stop", b"{\"a\":", "not JSON"),
        ("claude", "Stop", b"\xff\xfe", "not JSON"),
        ("claude", "Stop", b"[]", "stack_not_running"),
        ("gemini", "AfterAgent", b"\"x\"", "stack_not_running"),
        ("../../x\n", "\u{1b}[31m", b"{}", "no agent"),
    ];
    for (agent, event, input, told) in cases {
        let before = log(&place).lines().count();
        run(&mut hook_in(&place, agent, event), input).is_silent();
        let log = log(&place);
        assert_eq!(log.lines().count(), before + 1, "{log}");
        assert!(log.lines().last().unwrap().contains(told), "{agent} {event}: {log}");
        assert!(!log.contains('\u{1b}'));
    }
    // Wrong words too: exit code 2 would stop an agent.
    for words in [
        &["hook"][..],
        &["hook", "claude"],
        &["hook", "claude", "Stop", "--what"],
        &["--josn", "hook", "claude", "Stop"],
    ] {
        run(place.command().args(words), b"{}").is_silent();
    }
    // Outside of a session it is none of our business, not even a line.
    let before = log(&place);
    run(place.command().args(["hook", "claude", "Stop"]), b"{").is_silent();
    assert_eq!(log(&place), before);
    // A broken configuration.
    fs::write(place.home().join("config.toml"), "sever = 1\n").unwrap();
    run(&mut hook_in(&place, "claude", "Stop"), b"{}").is_silent();
}

#[test]
fn an_agent_that_leaves_the_pipe_open_does_not_hang() {
    let place = Place::new();
    let mut child = hook_in(&place, "claude", "Stop").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let held = child.stdin.take();
    let deadline = Instant::now() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        assert!(Instant::now() < deadline, "it waits for the end of stdin");
        std::thread::sleep(Duration::from_millis(10));
    }
    drop(held);
}

#[test]
fn a_frozen_server_and_a_superseded_session_are_borne() {
    let desk = Desk::new();
    desk.stack.freeze("maestro-server");
    let said = desk.claude("Stop", &json!({"stop_hook_active": false}));
    desk.stack.thaw("maestro-server");
    said.is_silent();
    assert!(said.took < PATIENCE, "{said:?}");
    let mut stale = hook_in(desk.stack.place(), "claude", "PermissionRequest");
    run(stale.env("MAESTRO_SESSION_EPOCH", "7"), b"{\"tool_name\":\"Bash\"}").is_silent();
    assert_eq!(desk.needs().0, "active");
    assert!(log(desk.stack.place()).contains("stale_session"), "{}", log(desk.stack.place()));
    // It is told where it can be told, and nothing holds it back.
    desk.web(&["message", "send", "s1", "for the present one"]);
    for event in ["SessionStart", "UserPromptSubmit", "PostToolUse"] {
        let mut stale = hook_in(desk.stack.place(), "claude", event);
        let told = run(stale.env("MAESTRO_SESSION_EPOCH", "7"), b"{\"source\":\"resume\"}").context(event);
        assert!(told.contains("taken over") && !told.contains("for the present one"), "{event}: {told}");
    }
    let mut stale = hook_in(desk.stack.place(), "claude", "Stop");
    run(stale.env("MAESTRO_SESSION_EPOCH", "7"), b"{}").is_silent();
    assert_eq!(desk.unread(), 1);
}

/// What an agent forgot is told once it was told, and not before: not without a broker, not to a closed pipe.
#[test]
fn a_cut_context_is_told_even_when_the_first_try_fails() {
    let desk = Desk::new();
    let place = desk.stack.place();
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    desk.hook("gemini", "PreCompress", &json!({"trigger": "auto"})).is_silent();
    let prompt = br#"{"prompt": "go on"}"#;
    let mut away = hook_in(place, "gemini", "BeforeAgent");
    run(away.env("MAESTRO_NATS_URL", format!("nats://edge:x@127.0.0.1:{dead}")), prompt).is_silent();
    desk.web(&["message", "send", "s1", "Mind the byte order mark."]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut deaf = hook_in(place, "gemini", "BeforeAgent");
    let mut child = deaf.stdin(Stdio::piped()).stdout(writer).stderr(Stdio::null()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(prompt).unwrap();
    assert!(child.wait().unwrap().success());
    drop(deaf);
    assert!(log(place).contains("does not read"), "{}", log(place));
    let told = desk.hook("gemini", "BeforeAgent", &json!({"prompt": "go on"})).context("BeforeAgent");
    assert!(told.contains("[ ] st1 lexer") && told.contains("byte order mark"), "{told}");
    desk.hook("gemini", "BeforeAgent", &json!({"prompt": "go on"})).is_silent();
}
