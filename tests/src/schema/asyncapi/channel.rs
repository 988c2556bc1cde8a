//! The channels: every subject of the wire, and the socket.

use std::collections::BTreeSet;

use maestro_domain::Request;
use maestro_wire::Query;
use serde_json::{Map, Value, json};

use super::message::{WAITS, commands, queries, replies, sockets};
use super::{object, pointer};

const WORK: &[&str] = &["work"];
const BOTH: &[&str] = &["core", "work"];
const CORE: &[&str] = &["core"];

pub fn channels() -> Value {
    let waits: Vec<String> = WAITS.iter().map(|what| format!("wait.{what}")).collect();
    let all = [
        (
            "cmd",
            channel(
                "maestro.v1.cmd.{project}.{actor}.{entity}.{verb}",
                BOTH,
                &commands(),
                "Commands, request/reply. Who may publish here is that actor; no field of the payload is trusted for it. The \
                header `traceparent` says which trace one belongs to, before the field of that name.",
                Request::VERBS,
            ),
        ),
        (
            "qry",
            channel(
                "maestro.v1.qry.{project}.{actor}.{entity}.{verb}",
                BOTH,
                &queries(),
                "Queries, request/reply; with the header `traceparent` as commands.",
                Query::VERBS,
            ),
        ),
        (
            "wait",
            channel(
                "maestro.v1.wait.{project}.{actor}.{what}",
                BOTH,
                &waits,
                "Long polls of at most 30 s, with a cursor.",
                &[],
            ),
        ),
        (
            "box",
            channel(
                "maestro.v1.box.{project}.{actor}.{entity}.{verb}",
                BOTH,
                &commands(),
                "The same commands, durable (stream INBOX), for when no server answers; the header `traceparent` too.",
                Request::VERBS,
            ),
        ),
        (
            "evt",
            channel(
                "maestro.v1.evt.{project}",
                CORE,
                &["commit".to_owned()],
                "The ledger (stream EVENTS): the commits of a project; `_` carries what is about the ledger itself.",
                &[],
            ),
        ),
        (
            "spawn",
            channel(
                "maestro.v1.spawn.{pool}.{agent}",
                WORK,
                &["order.spawn".to_owned()],
                "The work queue SPAWN: one durable consumer a pool and agent.",
                &[],
            ),
        ),
        (
            "term.out",
            channel(
                "maestro.v1.term.{project}.{session}.{epoch}.out",
                WORK,
                &["terminal".to_owned()],
                "Terminal output (stream TERM), by the holder of this epoch.",
                &[],
            ),
        ),
        (
            "term",
            channel(
                "maestro.v1.term.{project}.{session}.{epoch}.{request}",
                WORK,
                &["request".to_owned(), "terminal.in".to_owned(), "terminal.size".to_owned()],
                "Requests to the holder of this epoch.",
                &[],
            ),
        ),
        (
            "node",
            channel(
                "maestro.v1.node.{node}.{request}",
                WORK,
                &["request".to_owned(), "request.worktree".to_owned(), "request.prune".to_owned()],
                "Requests to one spawner.",
                &[],
            ),
        ),
        (
            "live",
            channel(
                "$KV.LIVE.{project}.{session}",
                WORK,
                &["bucket.lease".to_owned()],
                "The bucket LIVE: a key lives 15 s and is renewed every 5 s.",
                &[],
            ),
        ),
        (
            "nodes",
            channel(
                "$KV.NODES.{node}",
                WORK,
                &["bucket.node".to_owned()],
                "The bucket NODES: a key lives 30 s and is renewed every 10 s.",
                &[],
            ),
        ),
        ("replies", inboxes()),
        ("socket", socket()),
    ];
    object(all.map(|(name, channel)| (name.to_owned(), channel)))
}

fn channel(address: &str, servers: &[&str], messages: &[String], about: &str, verbs: &[(&str, &str)]) -> Value {
    let mut parameters = Map::new();
    for name in address.split(['{', '}']).skip(1).step_by(2) {
        parameters.insert(name.to_owned(), parameter(name, verbs));
    }
    json!({
        "address": address,
        "description": about,
        "servers": servers.iter().map(|server| pointer(&["servers", server])).collect::<Vec<_>>(),
        "parameters": parameters,
        "messages": refer(messages),
    })
}

fn refer(messages: &[String]) -> Value {
    object(messages.iter().map(|name| (name.clone(), pointer(&["components", "messages", name]))))
}

fn parameter(name: &str, verbs: &[(&str, &str)]) -> Value {
    let described = |text: &str| json!({"description": text});
    let listed = |text: &str, all: Vec<&str>| {
        let all: BTreeSet<&str> = all.into_iter().collect();
        json!({"description": text, "enum": all})
    };
    match name {
        "project" => described("A project: `[a-z0-9][a-z0-9-]{0,31}`; `_` for what is about none."),
        "actor" => described("Who asks: a session (`s7`) or a user's name."),
        "session" => described("A session: `s7`."),
        "epoch" => described("The session's incarnation, counted from 1."),
        "pool" => described("A pool of spawners."),
        "agent" => described("An agent profile."),
        "node" => described("A spawner, by default its host's name."),
        "entity" => listed("What it is about.", verbs.iter().map(|(entity, _)| *entity).collect()),
        "verb" => listed(
            "What is asked for; not every verb goes with every entity.",
            verbs.iter().map(|(_, verb)| *verb).collect(),
        ),
        "what" => listed("What is waited for.", WAITS.to_vec()),
        "request" => described(
            "Of a holder: `ping`; `stop`; `screen`, answered by `view.screen`; `in`, the bytes that are typed, with the \
                headers `Maestro-Viewer`, `Maestro-Size` and `Maestro-Input: paste` or `leave`; `resize`, a `terminal.size`; the last two \
                are answered by `view.terminal`. Of a spawner: `info`, `agents`.",
        ),
        _ => described("A token."),
    }
}

/// Replies go to the asker's own inbox; its address comes with the request.
fn inboxes() -> Value {
    json!({
        "address": null,
        "description": "The asker's inbox, `_INBOX.>` or `_R_.>`; replies to any other subject are refused.",
        "servers": [pointer(&["servers", "core"]), pointer(&["servers", "work"])],
        "messages": refer(&replies()),
    })
}

fn socket() -> Value {
    json!({
        "address": "/ws",
        "description": "One WebSocket a client: JSON text frames, `type` tells which. Unknown fields are ignored, unknown \
            types refused. A browser brings its cookie and a permitted Origin, a program its bearer token. The client says \
            `hello`; `welcome` answers, then the missed commits or a snapshot follow, then every commit.",
        "servers": [pointer(&["servers", "bridge"])],
        "messages": refer(&[sockets("client"), sockets("bridge")].concat()),
        "bindings": {"ws": {"method": "GET", "headers": {"type": "object", "properties": {
            "Cookie": {"type": "string"}, "Origin": {"type": "string"}, "Authorization": {"type": "string"},
        }}}},
    })
}
