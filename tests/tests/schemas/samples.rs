//! What is really said fits its schema, and what is wrong does not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use maestro_domain::{AgentName, Timestamp};
use maestro_wire::*;
use serde_json::{Value, json};

use super::validator::{accepts, refuses};

/// The golden files of a kind: name less the kind, content.
fn golden(kind: &str) -> Vec<(String, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/wire/tests/golden/v1");
    let prefix = format!("{kind}.");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if let Some(name) = stem.strip_prefix(&prefix) {
            found.push((name.to_owned(), serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap()));
        }
    }
    assert!(!found.is_empty(), "no golden files of {kind}");
    found
}

/// Every way to spoil a document by one field: a name that nothing knows, a field less, a number for a text.
fn less(sample: &Value, field: &str) -> Value {
    let mut less = sample.clone();
    assert!(less.as_object_mut().unwrap().remove(field).is_some(), "{field} is not there");
    less
}

fn with(sample: &Value, pointer: &str, value: Value) -> Value {
    let mut spoilt = sample.clone();
    *spoilt.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer} is not in {sample}")) = value;
    spoilt
}

#[test]
fn commits_fit_and_spoilt_ones_do_not() {
    for (name, commit) in golden("commit") {
        accepts("commit", &name, &commit);
        for event in commit.as_array().unwrap() {
            let entity = event["type"].as_str().unwrap().split('.').nth(1).unwrap();
            accepts(&format!("event.{entity}"), &name, event);
            refuses("event", "an event without an actor", &less(event, "actor"));
            refuses("event", "an event of no type", &with(event, "/type", json!("maestro.task.sung")));
            refuses("event", "a time that is none", &with(event, "/time", json!("yesterday")));
            if event["data"].get("after").is_some() {
                refuses("event", "an entity without its revision", &with(event, "/data/after/rev", json!("one")));
                refuses("event", "an event without its entity", &with(event, "/data/after", Value::Null));
            }
        }
    }
    refuses("commit", "one event alone", &json!({"specversion": "1.0"}));
}

#[test]
fn the_kind_of_a_change_and_the_type_of_its_event_belong_together() {
    let commits = golden("commit");
    let events = commits.iter().flat_map(|(_, commit)| commit.as_array().unwrap());
    let created = events.clone().find(|event| event["type"] == "maestro.task.created").unwrap();
    refuses("event", "a creation with another type", &with(created, "/type", json!("maestro.task.completed")));
    refuses("event", "another change", &with(created, "/data/change/kind", json!("completed")));
}

#[test]
fn commands_fit_and_spoilt_ones_do_not() {
    for (name, file) in golden("command") {
        let envelope = &file["envelope"];
        accepts("command", &name, envelope);
        accepts(&format!("command.{name}"), &name, &envelope["data"]);
        refuses("command", "an envelope without id", &less(envelope, "id"));
        refuses("command", "an id that is no ULID", &with(envelope, "/id", json!("7")));
        refuses("command", "another version", &with(envelope, "/type", json!("maestro.v2.command")));
        let mut unknown = envelope.clone();
        unknown["data"]["ofNoVersion"] = json!(1);
        unknown["ofNoVersion"] = json!(1);
        refuses("command", "an unknown field", &unknown);
        refuses(&format!("command.{name}"), "an unknown field", &unknown["data"]);
    }
    refuses("command.task.create", "a blank title", &json!({"title": ""}));
    refuses("command.task.create", "no title", &json!({}));
    refuses("command.task.create", "a priority that is none", &json!({"title": "a", "priority": "soon"}));
    refuses("command.task.start", "a wildcard", &json!({"task": "t*"}));
    accepts("command.task.create", "the least", &json!({"title": "a"}));
}

#[test]
fn queries_and_waits_fit_and_spoilt_ones_do_not() {
    for kind in ["query", "wait"] {
        for (name, envelope) in golden(kind) {
            accepts(kind, &name, &envelope);
            accepts(&format!("{kind}.{name}"), &name, &envelope["data"]);
            refuses(kind, "no payload", &less(&envelope, "data"));
            refuses(&format!("{kind}.{name}"), "an unknown field", &json!({"ofNoVersion": 1}));
            accepts(&format!("{kind}.{name}"), "nothing special", &json!({}));
        }
    }
    refuses("query.task.list", "a status that is none", &json!({"status": ["done"]}));
    refuses("wait", "too long a wait", &json!({"type": "maestro.v1.wait", "timeoutMs": 30_001, "data": {}}));
}

#[test]
fn replies_fit_and_spoilt_ones_do_not() {
    let data = [
        ("task", "answer.task"),
        ("task-unchanged", "answer.task"),
        ("task-unchanged", "view.task-row"),
        ("nothing", "answer.task"),
        ("deleted", "answer.task"),
        ("project", "answer.project"),
        ("session", "answer.session"),
        ("session-view", "view.session"),
        ("task-page", "page.task-row"),
        ("waited", "view.waited"),
    ];
    let mut seen = BTreeSet::new();
    for (name, reply) in golden("reply") {
        accepts("reply", &name, &reply);
        refuses("reply", "a reply of neither kind", &less(&reply, "success"));
        refuses("reply", "success and its opposite", &with(&reply, "/success", json!(reply["success"] != true)));
        for (_, schema) in data.iter().filter(|(golden, _)| *golden == name) {
            accepts(schema, &name, &reply["data"]);
            refuses(schema, "a number", &json!(7));
            seen.insert(name.clone());
        }
        if reply["success"] == false {
            accepts("error", &name, &reply);
            refuses("error", "a code that is none", &with(&reply, "/error", json!("some_code")));
            accepts("cli.error", &name, &reply);
            seen.insert(name);
        }
    }
    assert_eq!(seen.len(), golden("reply").len(), "a golden reply is compared with nothing");
    let page = golden("reply").into_iter().find(|(name, _)| name == "task-page").unwrap().1;
    refuses(
        "page.task-row",
        "a row without title",
        &with(&page, "/data/items/0", less(&page["data"]["items"][0], "title")),
    );
    refuses(
        "view.task-row",
        "a status without its time",
        &with(&page, "/data/items/0/status", json!("blocked"))["data"]["items"][0],
    );
}

#[test]
fn every_code_fits_the_error() {
    for code in ErrorCode::ALL {
        let error = ErrorBody::new(*code, "what is").with("task", "t1").commands(["maestro doctor"]);
        accepts("error", code.as_str(), &json!(error));
        refuses("error", "commands that are no texts", &with(&json!(error), "/details/commands", json!([1])));
    }
}

#[test]
fn leases_nodes_and_orders_fit() {
    let since = Timestamp::from_millis(1_763_856_000_000);
    let node: maestro_domain::NodeName = "host-a".parse().unwrap();
    let lease = Lease { epoch: 1, nonce: "n".to_owned(), node: node.clone(), pid: 7, since };
    accepts("bucket.lease", "a lease", &json!(lease));
    refuses("bucket.lease", "a lease without epoch", &less(&json!(lease), "epoch"));
    let agent: AgentName = "shell".parse().unwrap();
    let record = NodeRecord {
        draining: false,
        node,
        pool: "default".parse().unwrap(),
        labels: vec!["gpu".parse().unwrap()],
        agents: vec![AgentInfo { name: agent.clone(), version: Some("1".to_owned()) }],
        slots: 4,
        free: 3,
        version: "0.1.0".to_owned(),
        pid: 7,
        since,
    };
    accepts("bucket.node", "a node", &json!(record));
    refuses("bucket.node", "fewer than no slots", &with(&json!(record), "/slots", json!(-1)));
    let order = SpawnOrder {
        project: "web".parse().unwrap(),
        session: "s1".parse().unwrap(),
        epoch: 1,
        pool: "default".parse().unwrap(),
        agent,
        seq: Some(7),
        ledger: Some("01M82ZHR1308VJY62C7VZ88NW0".to_owned()),
    };
    accepts("order.spawn", "an order", &json!(order));
    refuses("order.spawn", "a session that is none", &with(&json!(order), "/session", json!("t1")));
}

#[test]
fn what_is_told_of_worktrees_fits() {
    let file = json!({"path": "a", "status": "renamed", "from": "b", "added": 1, "removed": 0, "binary": false, "patch": "diff", "truncated": false});
    let diff = json!({
        "project": "web", "session": "s1", "epoch": 1, "path": "/w", "branch": "maestro/t1-s1", "base": "main", "start": "c",
        "ahead": 1, "dirty": 1, "merged": false, "pushed": false, "running": true, "files": [file], "uncommitted": [],
        "commits": [{"id": "c", "subject": "one"}], "truncated": false, "ofALaterVersion": 1,
    });
    accepts("view.diff", "a diff", &diff);
    refuses("view.diff", "a status that is none", &with(&diff, "/files/0/status", json!("sung")));
    refuses("view.diff", "no files", &less(&diff, "files"));
    let request = json!({"project": "web", "session": "s1"});
    accepts("request.worktree", "the least", &request);
    refuses("request.worktree", "a session that is none", &with(&request, "/session", json!("t1")));
    refuses("request.worktree", "a field of no version", &json!({"project": "web", "session": "s1", "froce": true}));
    accepts("request.prune", "the least", &json!({}));
    refuses("request.prune", "a word", &json!({"dryRun": "yes"}));
    let pruned = json!({"removed": [], "kept": [{"project": "web", "session": "s1", "path": "/w", "branch": "b", "reason": "r"}]});
    accepts("view.pruned", "what is kept", &pruned);
    refuses("view.pruned", "without the reason", &json!({"removed": [], "kept": [less(&pruned["kept"][0], "reason")]}));
}

#[test]
fn documents_of_the_command_line_are_told_apart() {
    let done = json!({"success": true, "data": {"id": "t1"}, "seq": 7});
    let data = json!({"commandId": "01JD0000000000000000000000", "project": "web", "command": "task.log",
        "queuedIn": "outbox", "reason": "connection_refused"});
    let queued = json!({"success": true, "data": data, "queued": true});
    let error = json!({"success": false, "error": "usage", "message": "no", "retryable": false});
    for (name, sample) in [("cli.done", &done), ("cli.queued", &queued), ("cli.error", &error)] {
        accepts(name, name, sample);
        accepts("cli.output", name, sample);
        for other in ["cli.done", "cli.queued", "cli.error"].iter().filter(|other| **other != name) {
            refuses(other, name, sample);
        }
    }
    refuses("cli.output", "queued with a sequence", &{
        let mut spoilt = queued.clone();
        spoilt["seq"] = json!(7);
        spoilt
    });
    refuses("cli.output", "nothing", &json!({}));
}

#[test]
fn frames_of_the_socket_fit() {
    let id = "01JD0000000000000000000000";
    let event = golden("commit").remove(0).1;
    let page = golden("reply").into_iter().find(|(name, _)| name == "task-page").unwrap().1;
    let refused = golden("reply").into_iter().find(|(name, _)| name == "refused-already-claimed").unwrap().1;
    let mut reply = refused.clone();
    reply["type"] = json!("reply");
    reply["id"] = json!(id);
    let frames = [
        ("client.hello", json!({"type": "hello", "version": 1, "project": "web", "ledger": "L", "since": 7})),
        ("client.cmd", json!({"type": "cmd", "id": id, "entity": "task", "verb": "create", "data": {"title": "a"}})),
        ("client.qry", json!({"type": "qry", "id": "q1", "entity": "project", "verb": "list", "project": "_"})),
        ("client.switch", json!({"type": "switch", "project": "web"})),
        ("client.diff", json!({"type": "diff", "id": "d1", "session": "s1", "node": "build-2"})),
        (
            "bridge.welcome",
            json!({"type": "welcome", "version": 1, "ledger": "L", "projects": null, "user": "ann", "serverVersion": "0.1.0"}),
        ),
        ("bridge.commit", json!({"type": "commit", "project": "web", "seq": 7, "prev": 5, "events": event})),
        ("bridge.commit", json!({"type": "commit", "project": "_", "seq": 1, "events": []})),
        (
            "bridge.snapshot",
            json!({"type": "snapshot", "project": "web", "seq": 7, "page": 0, "last": false, "tasks": page["data"]["items"], "sessions": []}),
        ),
        ("bridge.reply", json!({"type": "reply", "id": "q1", "success": true, "data": 1, "seq": 7, "ledger": "L"})),
        ("bridge.reply", reply),
        ("bridge.resync", json!({"type": "resync", "project": "web"})),
        ("bridge.error", json!({"type": "error", "code": "usage", "message": "no", "retryable": false})),
        ("bridge.bye", json!({"type": "bye", "reason": "shutdown"})),
    ];
    for (name, frame) in frames {
        let schema = format!("socket.{name}");
        accepts(&schema, name, &frame);
        refuses(&schema, "a frame of another type", &with(&frame, "/type", json!("shout")));
        let mut later = frame;
        later["ofALaterVersion"] = json!(true);
        accepts(&schema, "a later field", &later);
    }
    refuses("socket.client.hello", "no version", &json!({"type": "hello"}));
    refuses("socket.bridge.commit", "no events", &json!({"type": "commit", "project": "web", "seq": 7}));
}
