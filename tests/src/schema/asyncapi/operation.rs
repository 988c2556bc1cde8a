//! The operations: one a verb, so that a request and its reply stand together.

use maestro_domain::Request;
use maestro_wire::Query;
use serde_json::{Map, Value, json};

use super::super::view;
use super::message::{WAITS, answer_to_command, sockets};
use super::pointer;

pub fn operations() -> Value {
    let mut all = Map::new();
    for (entity, verb) in Request::VERBS {
        let name = format!("command.{entity}.{verb}");
        let reply = answer_to_command(entity, verb);
        all.insert(
            name.clone(),
            operation("receive", "cmd", &[name], &format!("Carries out {entity} {verb}."), Some(&reply)),
        );
    }
    for (entity, verb) in Query::VERBS {
        let name = format!("query.{entity}.{verb}");
        let reply = answer_to_query(entity, verb);
        all.insert(
            name.clone(),
            operation("receive", "qry", &[name], &format!("Answers {entity} {verb}."), Some(&reply)),
        );
    }
    for what in WAITS {
        let name = format!("wait.{what}");
        let about = format!("Answers when something of {what} happened, or when the time is over.");
        all.insert(name.clone(), operation("receive", "wait", &[name], &about, Some("reply.view.waited")));
    }
    let commands: Vec<String> = super::message::commands();
    let mut plain = |name: &str, action, channel, messages: &[String], about| {
        all.insert(name.to_owned(), operation(action, channel, messages, about, None));
    };
    let one = |name: &str| vec![name.to_owned()];
    plain(
        "drainInbox",
        "receive",
        "box",
        &commands,
        "Carries out what waited, in order; a refusal becomes a message to the actor.",
    );
    plain("appendCommit", "send", "evt", &one("commit"), "Writes what was decided.");
    plain("orderSession", "send", "spawn", &one("order.spawn"), "Asks a pool to start an epoch of a session.");
    plain("publishOutput", "send", "term.out", &one("terminal"), "Tells what a terminal prints.");
    plain("holdLease", "send", "live", &one("bucket.lease"), "Says that a session's holder lives.");
    plain("registerNode", "send", "nodes", &one("bucket.node"), "Says that a spawner lives.");
    plain("hearClient", "receive", "socket", &sockets("client"), "Frames of a client.");
    plain("tellClient", "send", "socket", &sockets("bridge"), "Frames of the bridge.");
    let agents = "Answers `agents`: every profile, its program, version and login.";
    all.insert(
        "askAgents".to_owned(),
        operation("receive", "node", &one("request"), agents, Some("reply.view.node-agents")),
    );
    for (name, message, about, reply) in [
        ("diffWorktree", "request.worktree", "Answers `diff`: what a session has changed.", "reply.view.diff"),
        ("mergeWorktree", "request.worktree", "Answers `merge`: into the base, or to the remote.", "reply.view.merge"),
        ("discardWorktree", "request.worktree", "Answers `discard`: it is removed.", "reply.view.removed-worktree"),
        ("pruneWorktrees", "request.prune", "Answers `prune`: what nobody needs is removed.", "reply.view.pruned"),
    ] {
        all.insert(name.to_owned(), operation("receive", "node", &one(message), about, Some(reply)));
    }
    for (name, message, about, reply) in [
        ("askScreen", "request", "Answers `screen`: the picture and the offset that it reflects.", "reply.view.screen"),
        ("typeInput", "terminal.in", "Takes `in`.", "reply.view.terminal"),
        ("resizeTerminal", "terminal.size", "Takes `resize`.", "reply.view.terminal"),
    ] {
        all.insert(name.to_owned(), operation("receive", "term", &one(message), about, Some(reply)));
    }
    for (name, channel, about) in [
        ("askHolder", "term", "Answers `ping`, takes `stop`."),
        ("askNode", "node", "Answers `info`: the node's record and its sessions."),
    ] {
        all.insert(name.to_owned(), operation("receive", channel, &one("request"), about, Some("reply")));
    }
    Value::Object(all)
}

fn answer_to_query(entity: &str, verb: &str) -> String {
    let read = |json: &str| {
        let envelope = format!(r#"{{"type":"{}","data":{json}}}"#, maestro_wire::QueryEnvelope::TYPE);
        maestro_wire::decode_query(entity, verb, envelope.as_bytes()).ok()
    };
    read("{}").map_or("reply".to_owned(), |(_, query)| format!("reply.{}", view::of_query(&query)))
}

fn operation(action: &str, channel: &str, messages: &[String], summary: &str, reply: Option<&str>) -> Value {
    let of = |channel: &str, name: &str| pointer(&["channels", channel, "messages", name]);
    let mut operation = json!({
        "action": action,
        "channel": pointer(&["channels", channel]),
        "summary": summary,
        "messages": messages.iter().map(|name| of(channel, name)).collect::<Vec<_>>(),
    });
    if let Some(reply) = reply {
        operation["reply"] = json!({
            "address": {"location": "$message.header#/reply", "description": "The reply subject of the request."},
            "channel": pointer(&["channels", "replies"]),
            "messages": [of("replies", reply)],
        });
    }
    operation
}
