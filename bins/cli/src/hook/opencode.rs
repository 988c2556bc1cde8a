//! OpenCode has no hooks that are commands: a plugin (`opencode.js`, printed by `maestro hook opencode plugin`) hands its
//! events on, as they are, and does with the answer what its API allows. So both formats are ours.

use maestro_domain::InputKind;
use serde_json::{Value, json};

use super::agent::text;
use super::event::{Answer, Event};
use super::until::until;

/// The plugin, for `.opencode/plugins`.
pub const PLUGIN: &str = include_str!("opencode.js");

/// `None`: no such event; `Some(None)`: nothing to us.
pub fn read(event: &str, input: &Value) -> Option<Option<Event>> {
    let properties = input.get("properties").unwrap_or(input);
    Some(match event {
        "sessioncreated" => Some(Event::Started { again: false }),
        "sessioncompacted" => Some(Event::Started { again: true }),
        "chatmessage" => Some(Event::Prompted { prompt: text(input, &["prompt"]).to_owned() }),
        "toolexecuteafter" => Some(Event::Worked { own: true }),
        "permissionasked" | "permissionupdated" => {
            Some(Event::Asks { input: InputKind::Permission, question: permission(properties) })
        }
        "sessionidle" => {
            let active = input.get("active").and_then(Value::as_bool).unwrap_or(false);
            Some(Event::Stopped { active, last: text(input, &["last"]).to_owned() })
        }
        "sessionerror" => failed(properties),
        _ => return None,
    })
}

fn permission(properties: &Value) -> String {
    let title = text(properties, &["title"]);
    if !title.is_empty() {
        return title.to_owned();
    }
    let patterns = properties.get("patterns").or(properties.get("pattern"));
    let what = match patterns {
        Some(Value::String(one)) => one.clone(),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(" "),
        _ => String::new(),
    };
    let kind =
        [text(properties, &["permission"]), text(properties, &["type"])].into_iter().find(|kind| !kind.is_empty());
    format!("{}: {what}", kind.unwrap_or("may it go on?"))
}

fn failed(properties: &Value) -> Option<Event> {
    let (name, said) = (text(properties, &["error", "name"]), text(properties, &["error", "data", "message"]));
    let status = properties.pointer("/error/data/statusCode").and_then(Value::as_u64);
    let input = match name {
        // Somebody wanted it so.
        "MessageAbortedError" => return None,
        "ProviderAuthError" => InputKind::Login,
        _ if status == Some(429) => InputKind::RateLimited,
        _ => InputKind::Idle,
    };
    let question = if said.is_empty() { format!("it broke off: {name}") } else { said.to_owned() };
    let until = until(said, crate::report::now()).filter(|_| input == InputKind::RateLimited);
    Some(Event::Failed { input, question, until })
}

pub fn answer(answer: &Answer) -> Option<Value> {
    match (&answer.context, &answer.hold) {
        (None, None) => None,
        (context, hold) => Some(json!({"context": context, "hold": hold})),
    }
}
