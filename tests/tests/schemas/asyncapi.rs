//! The AsyncAPI document as the standard wants it: required fields, references, and the subjects of the wire.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::Path;

use maestro_tests::schema;
use maestro_wire::Subject;
use serde_json::Value;

fn document() -> Value {
    let text = fs::read_to_string(schema::directory().join("asyncapi.yaml")).unwrap();
    serde_yaml_ng::from_str(&text).unwrap()
}

fn entries<'a>(document: &'a Value, name: &str) -> Vec<(&'a String, &'a Value)> {
    let entries: Vec<_> = document[name].as_object().unwrap_or_else(|| panic!("{name} is no object")).iter().collect();
    assert!(!entries.is_empty(), "{name} is empty");
    entries
}

fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(object) => {
            found.extend(object.get("$ref").and_then(Value::as_str));
            object.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn it_has_what_the_standard_requires() {
    let document = document();
    assert_eq!(document["asyncapi"], "3.0.0");
    for field in ["title", "version"] {
        assert!(document["info"][field].is_string(), "info.{field}");
    }
    for (name, server) in entries(&document, "servers") {
        assert!(server["host"].is_string() && server["protocol"].is_string(), "{name}");
    }
    for (name, channel) in entries(&document, "channels") {
        let messages = channel["messages"].as_object().unwrap();
        assert!(!messages.is_empty(), "{name} carries nothing");
        assert!(messages.values().all(|message| message["$ref"].is_string()), "{name}");
        let Some(address) = channel["address"].as_str() else {
            assert!(channel["address"].is_null());
            continue;
        };
        let named: BTreeSet<&str> = address.split(['{', '}']).skip(1).step_by(2).collect();
        let described: BTreeSet<&str> =
            channel["parameters"].as_object().map(|p| p.keys().map(String::as_str).collect()).unwrap_or_default();
        assert_eq!(named, described, "{name}");
    }
    for (name, operation) in entries(&document, "operations") {
        assert!(operation["action"] == "send" || operation["action"] == "receive", "{name}");
        let channel = operation["channel"]["$ref"].as_str().unwrap();
        assert_belong(name, channel, &operation["messages"]);
        if let Some(reply) = operation.get("reply") {
            assert!(reply["address"]["location"].as_str().is_some_and(|l| l.starts_with("$message.")), "{name}");
            assert_belong(name, reply["channel"]["$ref"].as_str().unwrap(), &reply["messages"]);
        }
    }
    for (name, message) in entries(&document["components"], "messages") {
        let payload = &message["payload"];
        let described = payload["schemaFormat"].is_string() && payload["schema"].is_object();
        assert!(described || message["contentType"] == "application/octet-stream", "{name}");
    }
}

/// The standard: messages of an operation are messages of its channel, referred to there.
fn assert_belong(name: &str, channel: &str, messages: &Value) {
    for message in messages.as_array().unwrap() {
        let message = message["$ref"].as_str().unwrap();
        assert!(message.starts_with(&format!("{channel}/messages/")), "{name}: {message} is not of {channel}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 200, "only {} references", found.len());
    for reference in found {
        match reference.strip_prefix('#') {
            Some(pointer) => assert!(document.pointer(pointer).is_some(), "{reference}"),
            None => assert!(schema::directory().join(reference).is_file(), "there is no {reference}"),
        }
    }
}

#[test]
fn every_schema_is_used_and_every_message_is_sent() {
    let document = document();
    let mut found = Vec::new();
    references(&document, &mut found);
    let used: BTreeSet<&str> = found.iter().copied().collect();
    for (name, _) in entries(&document["components"], "messages") {
        assert!(used.contains(format!("#/components/messages/{name}").as_str()), "{name} is on no channel");
    }
    for (channel, value) in entries(&document, "channels") {
        for name in value["messages"].as_object().unwrap().keys() {
            let pointer = format!("#/channels/{channel}/messages/{name}");
            assert!(used.contains(pointer.as_str()), "nobody sends or takes {name} on {channel}");
        }
    }
    // What the document does not name is a part of something that it names, or printed by the command line.
    let parts = ["event", "cli.", "view.message", "view.project", "view.task-row", "view.timeline-entry", "error"];
    for name in schema::schemas().keys() {
        let part = parts.iter().any(|part| name.starts_with(part));
        assert!(part || used.contains(name.as_str()), "{name} is used by nothing");
    }
}

#[test]
fn its_addresses_are_the_subjects_of_the_wire() {
    let example = |name: &str| match name {
        "project" => "web",
        "actor" | "session" => "s7",
        "epoch" => "2",
        "request" => "ping",
        "entity" => "task",
        "verb" => "create",
        "what" => "tasks",
        _ => "default",
    };
    let mut kinds = HashSet::new();
    for (name, channel) in entries(&document(), "channels") {
        let Some(address) = channel["address"].as_str().filter(|a| a.starts_with("maestro.")) else { continue };
        let filled: String = address
            .split(['{', '}'])
            .enumerate()
            .map(|(i, part)| if i % 2 == 1 { example(part) } else { part })
            .collect();
        let subject: Subject = filled.parse().unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(subject.to_string(), filled);
        kinds.insert(std::mem::discriminant(&subject));
    }
    assert_eq!(kinds.len(), 8, "a kind of subject has no channel");
}

#[test]
fn the_frames_of_the_bridge_are_all_there() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bins/bridge/src");
    let read = |name: &str| fs::read_to_string(source.join(name)).unwrap();
    let frame = read("socket/frame.rs");
    let part = |from: &str, to: &str| frame.split(from).nth(1).unwrap().split(to).next().unwrap().to_owned();
    let from_client: BTreeSet<String> = part("Ok(match kind {", "other =>")
        .lines()
        .filter_map(|line| line.trim().strip_prefix('"')?.split_once("\" =>").map(|(name, _)| name.to_owned()))
        .collect();
    let mut to_client = BTreeSet::new();
    let mut renamed = None;
    for line in part("pub enum ToClient<'a> {", "\n}").lines() {
        if let Some(rest) = line.trim().strip_prefix("#[serde(rename = \"") {
            renamed = rest.split('"').next().map(str::to_owned);
        }
        if line.strip_prefix("    ").is_some_and(|name| name.starts_with(char::is_uppercase)) {
            let name = line.trim().split([' ', '{']).next().unwrap_or_default().to_ascii_lowercase();
            to_client.insert(renamed.take().unwrap_or(name));
        }
    }
    for (file, name) in [("socket/frame.rs", "reply"), ("snapshot.rs", "snapshot"), ("feed/commit.rs", "commit")] {
        assert!(read(file).contains(&format!("r#type: \"{name}\"")), "{name} is not made in {file} any more");
        to_client.insert(name.to_owned());
    }
    let described = |direction: &str| -> BTreeSet<String> {
        let prefix = format!("socket.{direction}.");
        let names = schema::schemas().into_keys();
        names.filter_map(|name| Some(name.strip_prefix(&prefix)?.strip_suffix(".schema.json")?.to_owned())).collect()
    };
    assert_eq!(described("client"), from_client, "frames of a client: tests/src/schema/socket.rs");
    assert_eq!(described("bridge"), to_client, "frames of the bridge: tests/src/schema/socket.rs");
}
