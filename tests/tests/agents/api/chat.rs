//! Chat completions, as OpenCode 1.18.33 uses them with any provider that is compatible with OpenAI's.

use serde_json::{Value, json};

use super::items;
use crate::stub::{Heard, Said, events};

pub fn read(asked: &Value) -> Option<Heard> {
    items(asked, "tools").find(|tool| tool["function"]["name"] == "bash")?;
    let results = items(asked, "messages").filter(|message| message["role"] == "tool");
    let results = results.map(|message| message["content"].to_string()).collect();
    Some(Heard { told: asked["messages"].to_string(), results })
}

pub fn stream(said: &Said) -> String {
    let (delta, finish) = match said {
        Said::Run(command, turn) => {
            let arguments = json!({ "command": command, "description": "as the script says" }).to_string();
            let call = json!({ "index": 0, "id": format!("call_{turn}"), "type": "function",
                "function": { "name": "bash", "arguments": arguments } });
            (json!({ "role": "assistant", "tool_calls": [call] }), "tool_calls")
        }
        Said::Text(text) => (json!({ "role": "assistant", "content": text }), "stop"),
    };
    let chunk = |delta: Value, finish: Value| {
        json!({ "id": "c1", "object": "chat.completion.chunk", "created": 1, "model": "stub",
            "choices": [{ "index": 0, "delta": delta, "finish_reason": finish }],
            "usage": { "prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2 } })
    };
    let chunks = [("", chunk(delta, Value::Null)), ("", chunk(json!({}), finish.into()))];
    format!("{}data: [DONE]\n\n", events(&chunks))
}
