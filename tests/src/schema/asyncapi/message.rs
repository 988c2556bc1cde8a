//! The messages, each with a schema of its own.

use maestro_domain::Request;
use maestro_wire::{Query, header};
use serde_json::{Map, Value, json};

use super::super::event::ENTITIES;
use super::super::message::{reply_with, with_payload};
use super::super::socket::{self, FROM_CLIENT, TO_CLIENT};
use super::super::{root::to, view};

/// What replies carry, by the schema of their data.
pub const ANSWERS: &[&str] = &[
    "answer.project",
    "answer.task",
    "answer.plan",
    "answer.session",
    "answer.message",
    "view.project",
    "view.task",
    "view.session",
    "view.overview",
    "view.server",
    "view.system",
    "view.manifest",
    "view.waited",
    "view.node-agents",
    "view.diff",
    "view.merge",
    "view.removed-worktree",
    "view.pruned",
    "view.screen",
    "view.terminal",
    "page.project",
    "page.task-row",
    "page.subtask",
    "page.session",
    "page.message",
    "page.timeline-entry",
];

/// What waits are for.
pub const WAITS: &[&str] = &["tasks", "events"];

/// Every (entity, verb) of a kind as the name of its message.
pub fn verbs(kind: &str, verbs: &[(&str, &str)]) -> Vec<String> {
    verbs.iter().map(|(entity, verb)| format!("{kind}.{entity}.{verb}")).collect()
}

pub fn commands() -> Vec<String> {
    verbs("command", Request::VERBS)
}

pub fn queries() -> Vec<String> {
    verbs("query", Query::VERBS)
}

pub fn replies() -> Vec<String> {
    ANSWERS.iter().map(|answer| format!("reply.{answer}")).chain(["reply".to_owned()]).collect()
}

pub fn sockets(direction: &str) -> Vec<String> {
    let frames = if direction == "client" { FROM_CLIENT } else { TO_CLIENT };
    frames.iter().map(|(name, _)| socket::file(direction, name)).collect()
}

pub fn messages() -> Value {
    let mut all = Map::new();
    for name in commands() {
        all.insert(name.clone(), message(&name, "", with_payload("command", &name)));
    }
    for name in queries() {
        all.insert(name.clone(), message(&name, "", with_payload("query", &name)));
    }
    for what in WAITS {
        let name = format!("wait.{what}");
        all.insert(name.clone(), message(&name, "", with_payload("wait", &name)));
    }
    all.insert("reply".to_owned(), message("reply", "Any answer or refusal.", to("reply")));
    for answer in ANSWERS {
        all.insert(format!("reply.{answer}"), message(&format!("reply.{answer}"), "", reply_with(answer)));
    }
    let mut commit = message("commit", "One append: a batch of CloudEvents.", to("commit"));
    commit["contentType"] = header::CLOUD_EVENTS_BATCH.into();
    commit["headers"] = commit_headers();
    commit["description"] = format!("Events of {}.", ENTITIES.join(", ")).into();
    all.insert("commit".to_owned(), commit);
    let mut order = message("order.spawn", "Start this epoch of a session.", to("order.spawn"));
    order["headers"] = order_headers();
    all.insert("order.spawn".to_owned(), order);
    all.insert("bucket.lease".to_owned(), message("bucket.lease", "A holder lives.", to("bucket.lease")));
    for (name, about) in [("request.worktree", "Which worktree is meant."), ("request.prune", "Which worktrees.")] {
        all.insert(name.to_owned(), message(name, about, to(name)));
    }
    all.insert("bucket.node".to_owned(), message("bucket.node", "A spawner lives.", to("bucket.node")));
    let mut output = bytes("Terminal output, numbered by byte offset.");
    output["headers"] = output_headers();
    all.insert("terminal".to_owned(), output);
    let mut typed = bytes("What is typed into the terminal.");
    typed["headers"] = input_headers();
    all.insert("terminal.in".to_owned(), typed);
    let mut resize = message("terminal.size", "The size that the terminal is to have.", to("terminal.size"));
    resize["headers"] = input_headers();
    all.insert("terminal.size".to_owned(), resize);
    all.insert(
        "request".to_owned(),
        bytes("A request to a holder or spawner; `ping`, `stop`, `screen`, `info` and `agents` have no payload."),
    );
    for direction in ["client", "bridge"] {
        for name in sockets(direction) {
            let frame = name.rsplit('.').next().unwrap_or_default();
            all.insert(name.clone(), message(&name, socket::about(direction, frame), to(&name)));
        }
    }
    Value::Object(all)
}

/// The message that answers a command.
pub fn answer_to_command(entity: &str, verb: &str) -> String {
    view::of_command(entity, verb).map_or("reply".to_owned(), |answer| format!("reply.{answer}"))
}

fn message(name: &str, summary: &str, schema: Value) -> Value {
    let mut message = json!({
        "name": name,
        "payload": {"schemaFormat": "application/schema+json;version=2020-12", "schema": schema},
    });
    if !summary.is_empty() {
        message["summary"] = summary.into();
    }
    message
}

fn bytes(summary: &str) -> Value {
    json!({"contentType": "application/octet-stream", "summary": summary})
}

fn order_headers() -> Value {
    let text = "The trace that the start belongs to (W3C Trace Context); it goes on in the agent's `TRACEPARENT`.";
    json!({"type": "object", "properties": {header::TRACEPARENT: {"type": "string", "description": text}}})
}

fn output_headers() -> Value {
    let number = |description: &str| json!({"type": "string", "pattern": "^[0-9]+$", "description": description});
    json!({
        "type": "object",
        "properties": {
            header::OFFSET: number("Where the first byte stands, counted from the start of the epoch. Pieces may overlap; the same offset is always the same byte."),
            header::GAP: number("The bytes from here to the offset are not to be had any more."),
            header::SIZE: {"type": "string", "pattern": "^[0-9]+x[0-9]+$", "description": "The terminal's size: columns and rows."},
            header::END: {"type": "string", "pattern": "^-?[0-9]+$", "description": "The agent has ended with this code; nothing follows."},
        },
        "required": [header::OFFSET],
    })
}

fn input_headers() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "properties": {
            header::VIEWER: text("A random word that tells one viewer from another: the size follows whoever typed last."),
            header::SIZE: text("With `in`: the typist's size, which the terminal takes."),
            header::INPUT: {
                "enum": ["keys", "paste", "leave"],
                "description": "`keys`: the bytes as they are. `paste`: one prompt, submitted. `leave`: nothing; the viewer goes.",
            },
        },
    })
}

fn commit_headers() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    json!({
        "type": "object",
        "properties": {
            header::WRITER: text("The replica that wrote it."),
            header::MODEL: text("The version of the domain model that it was decided with."),
            header::CONTENT_TYPE: {"const": header::CLOUD_EVENTS_BATCH},
            header::EXPECTED_LAST_SUBJECT_SEQUENCE: text("The guard: the commit of this project before this one."),
        },
        "required": [header::WRITER, header::MODEL],
    })
}
