//! The AsyncAPI 3 document: who says what to whom, on which subject.

mod channel;
mod message;
mod operation;

use serde_json::{Map, Value, json};

/// Told from the side of whoever serves a channel: `receive` is asked of it, `send` comes from it.
pub fn document() -> Value {
    json!({
        "asyncapi": "3.0.0",
        "id": "urn:maestro:v1",
        "info": {
            "title": "Maestro",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What crosses the broker and the bridge's WebSocket. Operations are told from the side of \
                whoever serves the channel: the server for commands, queries and waits, a spawner or holder for its \
                own subjects, the bridge for its socket. Tokens of subjects never hold `.`, `*`, `>`, space or control \
                characters.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": servers(),
        "channels": channel::channels(),
        "operations": operation::operations(),
        "components": {"messages": message::messages()},
    })
}

fn servers() -> Value {
    json!({
        "core": {
            "host": "127.0.0.1:7372", "protocol": "nats",
            "description": "The account CORE: servers and bridge; streams EVENTS and INBOX. The port that is really used is in stack.json.",
        },
        "work": {
            "host": "127.0.0.1:7372", "protocol": "nats",
            "description": "The account WORK: spawners, holders, agents and the command line; SPAWN, TERM, LIVE, NODES.",
        },
        "bridge": {"host": "127.0.0.1:7373", "protocol": "ws", "description": "The bridge, for browsers and programs."},
    })
}

/// A name inside `components` or `channels`, as a pointer wants it.
fn pointer(parts: &[&str]) -> Value {
    json!({"$ref": format!("#/{}", parts.join("/"))})
}

fn object(entries: impl IntoIterator<Item = (String, Value)>) -> Value {
    Value::Object(entries.into_iter().collect::<Map<_, _>>())
}
