//! The documents that `maestro … --json` prints: exactly one, success or not.

use serde_json::json;

use super::root::{Named, to};

pub fn schemas() -> Named {
    let seq = json!({"type": "integer", "minimum": 0, "description": "The project's sequence that this reflects."});
    let done = json!({
        "title": "Done",
        "description": "Exit code 0. `data` is the entity for create and get, a page for lists.",
        "type": "object",
        "properties": {
            "success": {"const": true},
            "data": {"description": "As the view of the command says; `null` when there is nothing."},
            "seq": seq,
            "unchanged": {"const": true, "description": "What was asked for was so already."},
        },
        "required": ["success", "data"],
        "additionalProperties": false,
    });
    let queued = json!({
        "title": "Queued",
        "description": "Exit code 0: nobody answered, and the report is kept until somebody does. No `seq`.",
        "type": "object",
        "properties": {
            "success": {"const": true},
            "queued": {"const": true},
            "data": {
                "type": "object",
                "properties": {
                    "commandId": {"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"},
                    "project": {"type": "string"},
                    "command": {"type": "string", "description": "As `task.complete`."},
                    "queuedIn": {"enum": ["inbox", "outbox"], "description": "The broker's stream, or a file of this home."},
                    "reason": {"type": "string", "description": "The error code of why it could not be sent."},
                },
                "required": ["commandId", "project", "command", "queuedIn", "reason"],
            },
        },
        "required": ["success", "queued", "data"],
        "additionalProperties": false,
    });
    let error = json!({
        "title": "Error",
        "description": "Exit code as docs/errors says for `error`.",
        "type": "object",
        "properties": {"success": {"const": false}},
        "required": ["success"],
        "allOf": [to("error")],
    });
    let output = json!({
        "title": "Output",
        "description": "Exactly one of these is printed by every command under --json; streams print one JSON value a line.",
        "oneOf": [to("cli.done"), to("cli.queued"), to("cli.error")],
    });
    [("cli.done", done), ("cli.queued", queued), ("cli.error", error), ("cli.output", output)]
        .map(|(name, schema)| (name.to_owned(), schema))
        .into()
}
