//! The other agents: their formats, what they lack.

use serde_json::{Value, json};

use super::kit::Desk;

#[test]
fn gemini_is_told_and_held_in_its_own_words() {
    let desk = Desk::new();
    let gemini = |event: &str, more: Value| {
        let mut input = json!({"session_id": "1", "transcript_path": "/x", "cwd": "/x", "hook_event_name": event,
            "timestamp": "2026-11-24T13:00:00Z"});
        more.as_object().unwrap().iter().for_each(|(key, value)| input[key] = value.clone());
        desk.hook("gemini", event, &input)
    };
    assert!(gemini("SessionStart", json!({"source": "startup"})).context("SessionStart").contains("t1"));
    let asked = json!({"notification_type": "ToolPermission", "message": "run rm -rf target?", "details": {}});
    gemini("Notification", asked).is_silent();
    assert_eq!(desk.needs(), ("needs_input".into(), "permission".into(), "run rm -rf target?".into()));
    gemini("AfterTool", json!({"tool_name": "run_shell_command"})).is_silent();
    assert_eq!(desk.needs().0, "active");
    // Nothing can be said when its history is compressed; the next turn makes up for it, once.
    gemini("PreCompress", json!({"trigger": "auto"})).is_silent();
    let told = gemini("BeforeAgent", json!({"prompt": "go on"})).context("BeforeAgent");
    assert!(told.contains("[ ] st1 lexer"), "{told}");
    gemini("BeforeAgent", json!({"prompt": "go on"})).is_silent();
    let reason = gemini("AfterAgent", json!({"prompt_response": "x", "stop_hook_active": false})).held("deny");
    assert!(reason.contains("maestro task start t1"), "{reason}");
    gemini("AfterAgent", json!({"prompt_response": "x", "stop_hook_active": true})).is_silent();
    gemini("SessionEnd", json!({"reason": "exit"})).is_silent();
}

#[test]
fn codex_takes_the_same_shapes_and_nothing_else() {
    let desk = Desk::new();
    let codex = |event: &str, more: Value| {
        let mut input = json!({"session_id": "1", "turn_id": "2", "transcript_path": null, "cwd": "/x",
            "hook_event_name": event, "model": "m", "permission_mode": "default"});
        more.as_object().unwrap().iter().for_each(|(key, value)| input[key] = value.clone());
        desk.hook("codex", event, &input)
    };
    assert!(codex("SessionStart", json!({"source": "startup"})).context("SessionStart").contains("t1"));
    let asked = json!({"tool_name": "Bash", "tool_input": {"command": "cargo publish", "description": "why"}});
    codex("PermissionRequest", asked).is_silent();
    assert_eq!(desk.needs(), ("needs_input".into(), "permission".into(), "Bash: cargo publish".into()));
    codex("UserPromptSubmit", json!({"prompt": "go"})).is_silent();
    assert_eq!(desk.needs().0, "active");
    let stop = |active: bool| codex("Stop", json!({"stop_hook_active": active, "last_assistant_message": null}));
    assert!(stop(false).held("block").contains("t1"));
    stop(true).is_silent();
    let limit =
        json!({"error": "rate_limit", "error_details": null, "last_assistant_message": "try again in 100 days"});
    codex("StopFailure", limit).is_silent();
    assert_eq!(desk.needs().1, "rate_limited");
    assert!(desk.session()["until"].is_string());
}

#[test]
fn opencode_hands_its_events_on_through_a_plugin() {
    let desk = Desk::new();
    let opencode = |event: &str, input: Value| desk.hook("opencode", event, &input);
    let told =
        opencode("session.compacted", json!({"type": "session.compacted", "properties": {"sessionID": "x"}})).json();
    assert!(told["context"].as_str().unwrap().contains("[ ] st1 lexer"), "{told}");
    let asked = json!({"type": "permission.asked", "properties": {"permission": "bash", "patterns": ["rm -rf *"]}});
    opencode("permission.asked", asked).is_silent();
    assert_eq!(desk.needs(), ("needs_input".into(), "permission".into(), "bash: rm -rf *".into()));
    opencode("chat.message", json!({"prompt": "go"})).is_silent();
    assert_eq!(desk.needs().0, "active");
    let held = opencode("session.idle", json!({"active": false})).json();
    assert!(held["hold"].as_str().unwrap().contains("t1"), "{held}");
    opencode("session.idle", json!({"active": true})).is_silent();
    assert_eq!(desk.needs().1, "idle");
    let error =
        json!({"properties": {"error": {"name": "APIError", "data": {"message": "slow down", "statusCode": 429}}}});
    opencode("session.error", error).is_silent();
    assert_eq!(desk.needs().1, "rate_limited");
}
