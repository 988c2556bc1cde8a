//! Claude Code's hooks (code.claude.com/docs/en/hooks; checked with 2.1.197), and Codex's, which have the same names and
//! shapes (developers.openai.com/codex/hooks; checked with 0.169.0). Codex refuses fields that it does not know.

use maestro_domain::InputKind;
use serde_json::{Value, json};

use super::agent::{text, tool};
use super::event::{Answer, Event};
use super::until::until;

/// `None`: no such event; `Some(None)`: nothing to us.
pub fn read(event: &str, input: &Value) -> Option<Option<Event>> {
    Some(match event {
        "sessionstart" => Some(Event::Started { again: !matches!(text(input, &["source"]), "" | "startup") }),
        "userpromptsubmit" => Some(Event::Prompted { prompt: text(input, &["prompt"]).to_owned() }),
        "posttooluse" | "posttoolusefailure" => Some(Event::Worked { own: text(input, &["agent_id"]).is_empty() }),
        "permissionrequest" => Some(asks(input)),
        "notification" => waits(input),
        "stop" => stopped(input),
        "stopfailure" => Some(failed(input)),
        "sessionend" | "pretooluse" | "precompact" | "postcompact" | "subagentstart" | "subagentstop" | "setup"
        | "interrupt" => None,
        _ => return None,
    })
}

fn asks(input: &Value) -> Event {
    let question = |key: &str| text(input, &["tool_input", key]);
    match text(input, &["tool_name"]) {
        "AskUserQuestion" => {
            let first = input.pointer("/tool_input/questions/0").unwrap_or(&Value::Null);
            let options = first.get("options").and_then(Value::as_array).into_iter().flatten();
            let labels: Vec<&str> = options.map(|option| text(option, &["label"])).filter(|l| !l.is_empty()).collect();
            let mut asked = text(first, &["question"]).to_owned();
            if !labels.is_empty() {
                asked.push_str(&format!(" ({})", labels.join(" / ")));
            }
            let asked = if asked.is_empty() { "it asks a question".to_owned() } else { asked };
            Event::Asks { input: InputKind::Question, question: asked }
        }
        "ExitPlanMode" => {
            let question = format!("is this plan right? {}", question("plan"));
            Event::Asks { input: InputKind::Question, question: question.trim_end().to_owned() }
        }
        _ => Event::Asks { input: InputKind::Permission, question: tool(input) },
    }
}

fn waits(input: &Value) -> Option<Event> {
    let kind = match text(input, &["notification_type"]) {
        "permission_prompt" | "worker_permission_prompt" => InputKind::Permission,
        "idle_prompt" => InputKind::Idle,
        "elicitation_dialog" => InputKind::Question,
        _ => return None,
    };
    Some(Event::Waits { input: kind, question: text(input, &["message"]).to_owned() })
}

fn stopped(input: &Value) -> Option<Event> {
    let waits_for = |key: &str| input.get(key).and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    // What runs in the background wakes it.
    if waits_for("background_tasks") || waits_for("session_crons") {
        return None;
    }
    let active = input.get("stop_hook_active").and_then(Value::as_bool).unwrap_or(false);
    Some(Event::Stopped { active, last: text(input, &["last_assistant_message"]).to_owned() })
}

fn failed(input: &Value) -> Event {
    let words = [text(input, &["last_assistant_message"]), text(input, &["error_details"])];
    let said = words.into_iter().find(|text| !text.trim().is_empty()).unwrap_or_default();
    let error = text(input, &["error"]);
    let kind = match error {
        "rate_limit" | "billing_error" => InputKind::RateLimited,
        "authentication_failed" | "oauth_org_not_allowed" => InputKind::Login,
        _ => InputKind::Idle,
    };
    let question = if said.is_empty() { format!("it broke off: {error}") } else { said.to_owned() };
    let until = words.iter().find_map(|text| until(text, crate::report::now()));
    Event::Failed { input: kind, question, until: until.filter(|_| kind == InputKind::RateLimited) }
}

pub fn answer(event: &str, answer: &Answer) -> Option<Value> {
    let name = match event {
        "sessionstart" => "SessionStart",
        "userpromptsubmit" => "UserPromptSubmit",
        "posttooluse" => "PostToolUse",
        "stop" => {
            let reason = answer.hold.as_ref()?;
            return Some(json!({"decision": "block", "reason": reason}));
        }
        _ => return None,
    };
    let context = answer.context.as_ref()?;
    Some(json!({"hookSpecificOutput": {"hookEventName": name, "additionalContext": context}}))
}
