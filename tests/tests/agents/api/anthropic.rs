//! The Messages API, as Claude Code 2.1.197 uses it.

use serde_json::{Value, json};

use super::items;
use crate::stub::{Heard, Said, events};

pub fn read(asked: &Value) -> Option<Heard> {
    items(asked, "tools").find(|tool| tool["name"] == "Bash")?;
    let blocks = items(asked, "messages").flat_map(|message| items(message, "content"));
    let results = blocks.filter(|block| block["type"] == "tool_result").map(|block| block["content"].to_string());
    Some(Heard { told: asked["messages"].to_string(), results: results.collect() })
}

fn block(said: &Said) -> Value {
    match said {
        Said::Run(command, turn) => json!({ "type": "tool_use", "id": format!("toolu_{turn}"), "name": "Bash",
            "input": { "command": command, "description": "as the script says" } }),
        Said::Text(text) => json!({ "type": "text", "text": text }),
    }
}

fn message(content: Value, stop: Value) -> Value {
    json!({ "id": "msg_1", "type": "message", "role": "assistant", "model": "stub", "content": content,
        "stop_reason": stop, "stop_sequence": null, "usage": { "input_tokens": 1, "output_tokens": 1 } })
}

fn stop_of(said: &Said) -> &'static str {
    match said {
        Said::Run(..) => "tool_use",
        Said::Text(_) => "end_turn",
    }
}

pub fn whole(said: &Said) -> String {
    message(json!([block(said)]), stop_of(said).into()).to_string()
}

pub fn stream(said: &Said) -> String {
    let block = block(said);
    let (start, delta) = match said {
        Said::Run(..) => {
            let mut start = block.clone();
            start["input"] = json!({});
            (start, json!({ "type": "input_json_delta", "partial_json": block["input"].to_string() }))
        }
        Said::Text(text) => (json!({ "type": "text", "text": "" }), json!({ "type": "text_delta", "text": text })),
    };
    let delta_of_message = json!({ "delta": { "stop_reason": stop_of(said), "stop_sequence": null },
        "usage": { "output_tokens": 1 } });
    let mut all = [
        ("message_start", json!({ "message": message(json!([]), Value::Null) })),
        ("content_block_start", json!({ "index": 0, "content_block": start })),
        ("content_block_delta", json!({ "index": 0, "delta": delta })),
        ("content_block_stop", json!({ "index": 0 })),
        ("message_delta", delta_of_message),
        ("message_stop", json!({})),
    ];
    for (name, data) in &mut all {
        data["type"] = (*name).into();
    }
    events(&all)
}
