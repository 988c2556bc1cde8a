//! The agents whose hooks are understood. Each file says where its format is documented.

use std::str::FromStr;

use serde_json::Value;

use super::event::{Answer, Event};
use super::{claude, gemini, opencode};

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Agent {
    Claude,
    Codex,
    Gemini,
    Opencode,
}

impl Agent {
    pub const NAMES: [&str; 4] = ["claude", "codex", "gemini", "opencode"];

    /// What happened; `None` when it is nothing to us. An event that nobody knows is an error, a sentence.
    pub fn read(self, event: &str, input: &Value) -> Result<Option<Event>, String> {
        let name = plain(event);
        let read = match self {
            // Codex took the format over.
            Self::Claude | Self::Codex => claude::read(&name, input),
            Self::Gemini => gemini::read(&name, input),
            Self::Opencode => opencode::read(&name, input),
        };
        read.ok_or_else(|| format!("'{}' is no event that is known of it", event.escape_debug()))
    }

    /// What stands on stdout; `None`: nothing.
    pub fn answer(self, event: &str, answer: &Answer) -> Option<Value> {
        let name = plain(event);
        match self {
            Self::Claude | Self::Codex => claude::answer(&name, answer),
            Self::Gemini => gemini::answer(&name, answer),
            Self::Opencode => opencode::answer(answer),
        }
    }
}

impl FromStr for Agent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "claude" => Ok(Self::Claude),
            "codex" => Ok(Self::Codex),
            "gemini" => Ok(Self::Gemini),
            "opencode" => Ok(Self::Opencode),
            other => {
                let known = Self::NAMES.join(", ");
                Err(format!("'{}' is no agent with hooks; there are {known}", other.escape_debug()))
            }
        }
    }
}

/// `SessionStart`, `session-start`, `session_start` and `session.start` are one event.
fn plain(event: &str) -> String {
    event.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect()
}

/// A text of the input, or nothing.
pub fn text<'a>(input: &'a Value, path: &[&str]) -> &'a str {
    path.iter().try_fold(input, |value, key| value.get(key)).and_then(Value::as_str).unwrap_or_default()
}

/// What a tool is about to do, in one line.
pub fn tool(input: &Value) -> String {
    let name = text(input, &["tool_name"]);
    let given = input.get("tool_input").unwrap_or(&Value::Null);
    let told = ["command", "file_path", "path", "url", "query", "pattern", "description"];
    let what = told.iter().map(|key| text(given, &[key])).find(|text| !text.is_empty());
    match (name, what) {
        ("", None) => "may it go on?".to_owned(),
        (name, None) => format!("may it use {name}?"),
        ("", Some(what)) => what.to_owned(),
        (name, Some(what)) => format!("{name}: {what}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const EVENTS: [&str; 22] = [
        "SessionStart",
        "UserPromptSubmit",
        "PostToolUse",
        "PermissionRequest",
        "Notification",
        "Stop",
        "StopFailure",
        "SessionEnd",
        "BeforeAgent",
        "AfterAgent",
        "AfterTool",
        "PreCompress",
        "session.created",
        "session.compacted",
        "session.idle",
        "session.error",
        "chat.message",
        "permission.asked",
        "permission.updated",
        "tool.execute.after",
        "",
        "x",
    ];

    /// Whatever an agent sends, it is read or refused; and what is answered is an object that says something.
    #[test]
    fn any_json_is_borne() {
        let odd = [json!(null), json!(true), json!(1e300), json!("é\u{0}"), json!([]), json!([[]]), json!({})];
        let keys = [
            "source",
            "prompt",
            "tool_name",
            "tool_input",
            "notification_type",
            "message",
            "stop_hook_active",
            "error",
            "last_assistant_message",
            "error_details",
            "background_tasks",
            "properties",
            "active",
            "last",
            "prompt_response",
        ];
        let mut inputs = odd.to_vec();
        for value in &odd {
            inputs.push(Value::Object(keys.iter().map(|key| ((*key).to_owned(), value.clone())).collect()));
            inputs.push(json!({"tool_name": "AskUserQuestion", "tool_input": {"questions": value}}));
            inputs.push(json!({"tool_name": "AskUserQuestion", "tool_input": {"questions": [{"options": [value, {"label": value}]}]}}));
            inputs.push(json!({"properties": {"error": value, "patterns": [value]}}));
        }
        let answer = Answer { context: Some("c".into()), hold: Some("h".into()) };
        for agent in Agent::NAMES.map(|name| name.parse::<Agent>().unwrap()) {
            for event in EVENTS {
                for input in &inputs {
                    let _ = agent.read(event, input);
                }
                assert!(
                    agent.answer(event, &answer).is_none_or(|answer| answer.as_object().is_some_and(|o| !o.is_empty()))
                );
                assert_eq!(agent.answer(event, &Answer::default()), None, "{agent:?} {event}");
            }
        }
    }
}
