//! What is asked and answered: payloads of commands, queries and waits, their envelopes, the reply.

use maestro_domain::Request;
use maestro_wire::*;
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use super::root::{Named, read, tidy, to, written};

pub fn schemas() -> Named {
    let mut all = Named::new();
    all.extend(payloads("command", Request::schemas));
    all.extend(payloads("query", Query::schemas));
    all.push(("wait.tasks".to_owned(), read::<WaitTasks>()));
    all.push(("wait.events".to_owned(), read::<WaitEvents>()));
    all.push(("command".to_owned(), envelope(read::<CommandEnvelope>(), CommandEnvelope::TYPE)));
    all.push(("query".to_owned(), envelope(read::<QueryEnvelope>(), QueryEnvelope::TYPE)));
    let mut wait = envelope(read::<WaitEnvelope>(), WaitEnvelope::TYPE);
    wait["properties"]["timeoutMs"]["maximum"] = WaitEnvelope::MAX_MS.into();
    all.push(("wait".to_owned(), wait));
    all.push(("error".to_owned(), error()));
    all.push(("reply".to_owned(), reply()));
    all
}

/// One self-contained schema a verb: `command.task.create`.
fn payloads(kind: &str, of: impl Fn(&mut SchemaGenerator) -> Vec<(String, Schema)>) -> Named {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let verbs = of(&mut generator);
    let definitions = generator.take_definitions(true);
    let schema = |(verb, schema): (String, Schema)| {
        let reference = schema.to_value();
        let own = reference["$ref"].as_str().and_then(|r| r.rsplit('/').next()).unwrap_or_default().to_owned();
        let mut root = definitions.get(&own).cloned().unwrap_or(reference);
        let mut needed = Map::new();
        collect(&root, &definitions, &mut needed);
        if !needed.is_empty() {
            root["$defs"] = Value::Object(needed);
        }
        root["title"] = format!("{kind} {verb}").into();
        tidy(&mut root);
        (format!("{kind}.{verb}"), root)
    };
    verbs.into_iter().map(schema).collect()
}

fn collect(schema: &Value, definitions: &Map<String, Value>, needed: &mut Map<String, Value>) {
    match schema {
        Value::Object(object) => {
            if let Some(name) = object.get("$ref").and_then(Value::as_str).and_then(|r| r.strip_prefix("#/$defs/"))
                && !needed.contains_key(name)
                && let Some(definition) = definitions.get(name)
            {
                needed.insert(name.to_owned(), definition.clone());
                collect(definition, definitions, needed);
            }
            object.values().for_each(|value| collect(value, definitions, needed));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, definitions, needed)),
        _ => {}
    }
}

fn envelope(mut schema: Value, kind: &str) -> Value {
    schema["properties"]["type"] = json!({"type": "string", "const": kind});
    schema["properties"]["data"] = json!({"type": "object", "description": "The payload of the verb in the subject."});
    schema
}

fn error() -> Value {
    let mut schema = written::<ErrorBody>();
    schema["properties"]["details"]["properties"] = json!({
        "commands": {"type": "array", "items": {"type": "string"}, "description": "Runnable next commands, the best first."}
    });
    schema
}

/// Two halves, told apart by `success`.
fn reply() -> Value {
    let seq = json!({
        "seq": {"type": "integer", "minimum": 0, "description": "The project's sequence that this answer reflects."},
        "ledger": {"type": "string", "description": "The ledger that `seq` counts in."},
        "type": {"type": "string", "const": Reply::TYPE},
    });
    let half = |success: bool, more: Value| {
        let mut properties = seq.clone();
        properties["success"] = json!({"type": "boolean", "const": success});
        if let (Some(all), Value::Object(more)) = (properties.as_object_mut(), more) {
            all.extend(more);
        }
        properties
    };
    let unchanged = json!({"type": "boolean", "const": true, "description": "What was asked for was so already."});
    let done = half(
        true,
        json!({"data": {"description": "The answer; `null` when there is nothing."}, "unchanged": unchanged}),
    );
    json!({
        "title": "Reply",
        "description": "The answer to a command, query or wait: `data`, or the fields of an error.",
        "type": "object",
        "oneOf": [
            {"title": "done", "type": "object", "properties": done, "required": ["type", "success", "data"]},
            {"title": "refused", "type": "object", "properties": half(false, json!({})), "required": ["type", "success"],
                "allOf": [to("error")]},
        ],
    })
}

/// An envelope of `kind` with the payload of one verb.
pub fn with_payload(kind: &str, payload: &str) -> Value {
    json!({"allOf": [to(kind)], "properties": {"data": to(payload)}})
}

/// A reply with this data.
pub fn reply_with(data: &str) -> Value {
    json!({
        "allOf": [to("reply")],
        "if": {"properties": {"success": {"const": true}}},
        "then": {"properties": {"data": to(data)}},
    })
}
