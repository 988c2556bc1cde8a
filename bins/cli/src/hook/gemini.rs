//! Gemini CLI's hooks (docs/hooks/reference.md of google-gemini/gemini-cli). It has no hook for a usage limit, and none in
//! which something can be said after its history was compressed: that is made up for at the next turn or tool.

use maestro_domain::InputKind;
use serde_json::{Value, json};

use super::agent::text;
use super::event::{Answer, Event};

/// `None`: no such event; `Some(None)`: nothing to us.
pub fn read(event: &str, input: &Value) -> Option<Option<Event>> {
    Some(match event {
        "sessionstart" => Some(Event::Started { again: !matches!(text(input, &["source"]), "" | "startup") }),
        "beforeagent" => Some(Event::Prompted { prompt: text(input, &["prompt"]).to_owned() }),
        "aftertool" => Some(Event::Worked { own: true }),
        "precompress" => Some(Event::Compacting),
        "notification" => match text(input, &["notification_type"]) {
            "ToolPermission" => {
                let question = text(input, &["message"]).to_owned();
                Some(Event::Asks { input: InputKind::Permission, question })
            }
            _ => None,
        },
        "afteragent" => {
            let active = input.get("stop_hook_active").and_then(Value::as_bool).unwrap_or(false);
            Some(Event::Stopped { active, last: text(input, &["prompt_response"]).to_owned() })
        }
        "sessionend" | "beforemodel" | "aftermodel" | "beforetoolselection" | "beforetool" => None,
        _ => return None,
    })
}

pub fn answer(event: &str, answer: &Answer) -> Option<Value> {
    let name = match event {
        "sessionstart" => "SessionStart",
        "beforeagent" => "BeforeAgent",
        "aftertool" => "AfterTool",
        "afteragent" => {
            let reason = answer.hold.as_ref()?;
            return Some(json!({"decision": "deny", "reason": reason}));
        }
        _ => return None,
    };
    let context = answer.context.as_ref()?;
    Some(json!({"hookSpecificOutput": {"hookEventName": name, "additionalContext": context}}))
}
