//! The Responses API of OpenAI, as Codex 0.169.0 uses it.

use serde_json::{Value, json};

use super::items;
use crate::stub::{Heard, Said, events};

pub fn read(asked: &Value) -> Option<Heard> {
    items(asked, "tools").find(|tool| tool["name"] == "exec_command")?;
    let outputs = items(asked, "input").filter(|item| item["type"] == "function_call_output");
    Some(Heard { told: asked["input"].to_string(), results: outputs.map(|item| item["output"].to_string()).collect() })
}

pub fn stream(said: &Said) -> String {
    let item = match said {
        Said::Run(command, turn) => json!({ "type": "function_call", "id": format!("fc_{turn}"),
            "call_id": format!("call_{turn}"), "name": "exec_command", "arguments": json!({ "cmd": command }).to_string() }),
        Said::Text(text) => json!({ "type": "message", "id": "msg_1", "role": "assistant",
            "content": [{ "type": "output_text", "text": text }] }),
    };
    let usage = json!({ "input_tokens": 1, "output_tokens": 1, "total_tokens": 2 });
    events(&[
        ("response.created", json!({ "type": "response.created", "response": { "id": "resp_1" } })),
        ("response.output_item.done", json!({ "type": "response.output_item.done", "output_index": 0, "item": item })),
        (
            "response.completed",
            json!({ "type": "response.completed", "response": { "id": "resp_1", "object": "response",
                "status": "completed", "output": [item], "usage": usage } }),
        ),
    ])
}
