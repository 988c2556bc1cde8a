//! The ledger: CloudEvents, one shape a kind of change, and the commit that carries them.

use maestro_domain::{Actor, TaskChange, Timestamp};
use maestro_domain::{EffectChange, Message, MessageChange, Project, ProjectChange, Session, SessionChange, Task};
use maestro_wire::{CommandId, LedgerCreated};
use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use super::root::{Named, lift, read, to};

/// The entities that events are about.
pub const ENTITIES: [&str; 6] = ["project", "task", "session", "message", "effect", "ledger"];

pub fn schemas() -> Named {
    let mut all = vec![
        ("event.project".to_owned(), entity::<ProjectChange, Project>("project")),
        ("event.task".to_owned(), entity::<TaskChange, Task>("task")),
        ("event.session".to_owned(), entity::<SessionChange, Session>("session")),
        ("event.message".to_owned(), entity::<MessageChange, Message>("message")),
        ("event.effect".to_owned(), entity::<EffectChange, ()>("effect")),
        ("event.ledger".to_owned(), ledger()),
    ];
    let known = ENTITIES.iter().map(|entity| to(&format!("event.{entity}")));
    all.push((
        "event".to_owned(),
        json!({"title": "Event", "description": "Any event of this version.", "oneOf": known.collect::<Vec<_>>()}),
    ));
    all.push((
        "commit".to_owned(),
        json!({
            "title": "Commit",
            "description": "One message of the stream EVENTS: everything that one append decided, in order. \
                Viewers skip events of types that they do not know and tolerate unknown fields.",
            "type": "array",
            "items": to("event"),
        }),
    ));
    all
}

/// Every kind of change of one entity, each with the type of its event.
fn entity<C: JsonSchema, A: JsonSchema>(entity: &str) -> Value {
    let mut definitions = Map::new();
    let mut changes = lift(read::<C>(), &mut definitions);
    let description = changes["description"].take();
    let variants = changes["oneOf"].as_array_mut().map(std::mem::take).unwrap_or_default();
    let has_after = entity != "effect";
    if has_after {
        let after = lift(read::<A>(), &mut definitions);
        definitions.insert("After".to_owned(), after);
    }
    let kinds = variants.into_iter().map(|change| {
        let kind = change["properties"]["kind"]["const"].as_str().unwrap_or_default().to_owned();
        // Gone, or unchanged: there is nothing to show.
        let without = ["deleted", "purged", "ready"].contains(&kind.as_str()) || !has_after;
        let mut data = json!({"type": "object", "properties": {"change": change}, "required": ["change"]});
        if !without {
            data["properties"]["after"] = json!({"$ref": "#/$defs/After"});
            data["required"] = json!(["change", "after"]);
        }
        json!({
            "title": format!("{entity}.{kind}"),
            "properties": {"type": {"const": format!("maestro.{entity}.{kind}")}, "data": data},
            "required": ["type", "data"],
        })
    });
    let kinds: Vec<Value> = kinds.collect();
    let mut root = attributes(&format!("Event of a {entity}"), kinds);
    if description.is_string() {
        root["description"] = description;
    }
    root["$defs"] = Value::Object(definitions);
    root
}

fn ledger() -> Value {
    let mut definitions = Map::new();
    let data = lift(read::<LedgerCreated>(), &mut definitions);
    let created = json!({
        "title": "ledger.created",
        "properties": {"type": {"const": "maestro.ledger.created"}, "subject": {"const": "ledger"}, "data": data},
        "required": ["type", "data"],
    });
    let mut root = attributes("What a ledger says about itself", vec![created]);
    root["$defs"] = Value::Object(definitions);
    root
}

/// CloudEvents 1.0, with our extensions.
fn attributes(title: &str, kinds: Vec<Value>) -> Value {
    let plain = |schema: Value, description: &str| {
        let mut schema = lift(schema, &mut Map::new());
        schema["description"] = description.into();
        if let Some(object) = schema.as_object_mut() {
            object.remove("title");
        }
        schema
    };
    json!({
        "title": title,
        "type": "object",
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {"type": "string", "description": "A ULID."},
            "source": {"type": "string", "description": "The replica that wrote it."},
            "type": {"type": "string", "description": "`maestro.` entity `.` kind of change."},
            "subject": {"type": "string", "description": "What it is about: `task/t12`, `project`."},
            "time": plain(read::<Timestamp>(), "When it was decided."),
            "actor": plain(read::<Actor>(), "Who did it: a user, a session, or `system`."),
            "commandid": plain(read::<CommandId>(), "The command that it follows from."),
            "commanddigest": {"type": "string", "description": "Tells another command under the same id."},
            "traceparent": {"type": "string", "description": "W3C trace context."},
        },
        "required": ["specversion", "id", "source", "type", "subject", "time", "actor", "commandid", "data"],
        "oneOf": kinds,
    })
}
