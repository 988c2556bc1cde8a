//! The frames of the bridge's WebSocket, as `bins/bridge/src/socket/frame.rs` reads and writes them.

use serde_json::{Value, json};

use super::root::{Named, to};

pub const VERSION: u32 = 1;

/// Frames of a client, with what they are for.
pub const FROM_CLIENT: &[(&str, &str)] = &[
    ("hello", "The first frame."),
    ("cmd", "A command under the client's own id; repeated under the same id it is carried out once."),
    ("qry", "A query; its id comes back with the reply."),
    ("switch", "Follow another project."),
    ("term.open", "Shows a session's terminal under a number of the client's own; binary frames carry it."),
    ("term.in", "What somebody typed; a binary frame (16, the number in 4 bytes, bytes) does the same."),
    ("term.resize", "The size that the viewer has."),
    ("term.close", "Shows it no more."),
    ("term.screen", "One look at a terminal, answered by `reply`."),
    ("diff", "What a session changed in its worktree, told by the spawner that has it; answered by `reply`."),
    ("ping", "Answered by `pong`."),
    ("pong", "Answers nothing; a sign of life."),
];

/// Frames of the bridge, with what they are for.
pub const TO_CLIENT: &[(&str, &str)] = &[
    ("welcome", "Answers `hello`."),
    ("projects", "The projects, whenever one of them changed."),
    ("snapshot", "A page of the project as it is; commits are replayed from the lowest `seq` of the pages."),
    ("commit", "One commit, to be applied whole."),
    ("resync", "The client fell behind: pages of a snapshot follow."),
    ("reply", "Answers `cmd` and `qry`."),
    ("nodes", "The spawners and their agents, at the beginning and whenever they changed."),
    (
        "term.opened",
        "A terminal's size. Binary frames follow: kind (0 output, 1 screen, 2 what was before), the number \
        in 4 bytes, the offset of the first byte in 8, the bytes. Again after a hole in the output.",
    ),
    ("term.size", "Somebody gave the terminal another size."),
    ("term.closed", "Nobody holds this terminal; what is left of it came before."),
    ("error", "Not the answer to anything in particular."),
    ("pong", "Answers `ping`."),
    ("bye", "The bridge ends the connection; come back."),
];

pub fn schemas() -> Named {
    let id = json!({"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"});
    let slug = json!({"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{0,31}$"});
    let text = json!({"type": "string"});
    let number = json!({"type": "integer", "minimum": 0});
    let word = json!({"type": "string", "pattern": "^[a-z0-9_-]{1,32}$"});
    let list = |of: &str| json!({"type": "array", "items": to(of)});
    let session = json!({"type": "string", "pattern": "^s[1-9][0-9]{0,8}$"});
    let term = describe(&number, "The client's number of a terminal.");
    let size = json!({"type": "integer", "minimum": 1, "maximum": 1000});
    let since = describe(&number, "The last commit that the client has.");
    let from = [
        (
            "hello",
            json!({"version": {"const": VERSION}, "project": describe(&slug, "Absent: the one that changed last."),
                "ledger": describe(&text, "The ledger that `since` counts in."), "since": since}),
            vec!["version"],
        ),
        (
            "cmd",
            json!({"id": id, "entity": word, "verb": word, "data": {"type": "object"},
                "project": describe(&slug, "Absent: the one that is followed.")}),
            vec!["id", "entity", "verb", "data"],
        ),
        (
            "qry",
            json!({"id": text, "entity": word, "verb": word, "data": {"type": "object"},
                "project": {"type": "string", "pattern": "^(_|[a-z0-9][a-z0-9-]{0,31})$",
                    "description": "`_`: about no project. Absent: the one that is followed."}}),
            vec!["id", "entity", "verb"],
        ),
        ("switch", json!({"project": slug, "since": since}), vec!["project"]),
        ("term.open", json!({"term": term, "session": session, "epoch": number}), vec!["term", "session", "epoch"]),
        ("term.in", json!({"term": term, "text": text}), vec!["term", "text"]),
        ("term.resize", json!({"term": term, "cols": size, "rows": size}), vec!["term", "cols", "rows"]),
        ("term.close", json!({"term": term}), vec!["term"]),
        ("term.screen", json!({"id": text, "session": session, "epoch": number}), vec!["id", "session", "epoch"]),
        (
            "diff",
            json!({"id": text, "session": session, "node": describe(&text, "Where the session runs, or ran.")}),
            vec!["id", "session", "node"],
        ),
        ("ping", json!({}), vec![]),
        ("pong", json!({}), vec![]),
    ];
    let back = [
        (
            "welcome",
            json!({"version": {"const": VERSION}, "ledger": text, "user": text, "serverVersion": text,
                "project": describe(&slug, "What is followed; absent when there is no project yet."),
                "projects": {"anyOf": [list("view.project"), {"type": "null"}],
                    "description": "`null`: the server does not answer now; a `projects` frame follows when it does."},
                "moves": {"description": "From each status the verbs that move a task on, and where they lead.",
                    "type": "object", "additionalProperties": {"type": "array", "items": {"type": "object",
                        "properties": {"verb": word, "to": word}, "required": ["verb", "to"]}}},
                "terminals": {"type": "boolean", "description": "Whether terminals can be opened here."}}),
            vec!["version", "ledger", "projects", "user", "serverVersion"],
        ),
        ("projects", json!({"projects": list("view.project")}), vec!["projects"]),
        (
            "snapshot",
            json!({"project": slug, "seq": number, "page": number, "last": {"type": "boolean"},
                "tasks": list("view.task-row"), "sessions": list("view.session"),
                "timeline": {"type": "array", "items": to("view.timeline-entry"), "description": "The newest first."}}),
            vec!["project", "seq", "page", "last", "tasks", "sessions"],
        ),
        (
            "commit",
            json!({"project": describe(&text, "A project, or `_`."), "seq": number, "events": to("commit"),
                "prev": describe(&number, "The commit of this project before this one; 0: none. A client that has \
                    another one as its last has missed something.")}),
            vec!["project", "seq", "events"],
        ),
        ("nodes", json!({"nodes": list("bucket.node")}), vec!["nodes"]),
        (
            "term.opened",
            json!({"term": term, "session": session, "epoch": number, "cols": size, "rows": size, "offset": number,
                "plain": describe(&json!({"type": "boolean"}), "Its agent has pipes: lines end with a line feed alone.")}),
            vec!["term", "session", "epoch", "cols", "rows", "offset"],
        ),
        ("term.size", json!({"term": term, "cols": size, "rows": size}), vec!["term", "cols", "rows"]),
        ("term.closed", json!({"term": term, "reason": text}), vec!["term", "reason"]),
        ("resync", json!({"project": slug}), vec!["project"]),
        (
            "error",
            json!({"code": text, "message": text, "suggestion": text, "retryable": {"type": "boolean"}}),
            vec!["code", "message", "retryable"],
        ),
        ("pong", json!({}), vec![]),
        (
            "bye",
            json!({"reason": {"type": "string", "description": "As `shutdown`, `ledger_changed`, `unavailable`."}}),
            vec!["reason"],
        ),
    ];
    let mut all = Named::new();
    for (direction, frames) in [("client", from.to_vec()), ("bridge", back.to_vec())] {
        for (name, properties, required) in frames {
            all.push((file(direction, name), frame(direction, name, properties, &required)));
        }
    }
    all.push((file("bridge", "reply"), reply()));
    all
}

/// The schema of a frame: `socket.client.hello`.
pub fn file(direction: &str, name: &str) -> String {
    format!("socket.{direction}.{name}")
}

pub fn about(direction: &str, name: &str) -> &'static str {
    let frames = if direction == "client" { FROM_CLIENT } else { TO_CLIENT };
    frames.iter().find(|(frame, _)| *frame == name).map_or("", |(_, about)| about)
}

fn describe(schema: &Value, text: &str) -> Value {
    let mut schema = schema.clone();
    schema["description"] = text.into();
    schema
}

/// Unknown fields are ignored, so they are allowed here too.
fn frame(direction: &str, name: &str, mut properties: Value, required: &[&str]) -> Value {
    properties["type"] = json!({"const": name});
    let required: Vec<&str> = std::iter::once("type").chain(required.iter().copied()).collect();
    json!({
        "title": format!("Frame {name} from the {direction}"),
        "description": about(direction, name),
        "type": "object",
        "properties": properties,
        "required": required,
    })
}

/// The wire's reply under the client's id.
fn reply() -> Value {
    let done = json!({"title": "done", "properties": {"success": {"const": true}, "data": {},
        "unchanged": {"const": true}, "seq": {"type": "integer"}, "ledger": {"type": "string"}}});
    let refused = json!({"title": "refused", "properties": {"success": {"const": false}}, "allOf": [to("error")]});
    let mut schema = frame("bridge", "reply", json!({"id": {"type": "string"}}), &["id", "success"]);
    schema["oneOf"] = json!([done, refused]);
    schema
}
