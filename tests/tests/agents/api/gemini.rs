//! generateContent of Google's Gemini API, as Gemini CLI 0.61.0 uses it.

use serde_json::{Value, json};

use super::items;
use crate::stub::{Heard, Said};

pub fn read(asked: &Value) -> Option<Heard> {
    let mut tools = items(asked, "tools").flat_map(|tool| items(tool, "functionDeclarations"));
    tools.find(|tool| tool["name"] == "run_shell_command")?;
    let parts = items(asked, "contents").flat_map(|content| items(content, "parts"));
    let results = parts.filter_map(|part| part.get("functionResponse")).map(ToString::to_string);
    Some(Heard { told: asked["contents"].to_string(), results: results.collect() })
}

pub fn write(said: &Said) -> Value {
    let part = match said {
        Said::Run(command, _) => json!({ "functionCall": { "name": "run_shell_command",
            "args": { "command": command, "description": "as the script says" } } }),
        Said::Text(text) => json!({ "text": text }),
    };
    json!({
        "candidates": [{ "content": { "role": "model", "parts": [part] }, "finishReason": "STOP", "index": 0 }],
        "usageMetadata": { "promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2 },
    })
}
