//! One order of keys, whatever features the build has, so that a file only changes when its meaning does.

use std::collections::HashMap;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

/// What stands first; the rest follows by name, definitions last.
const FIRST: &[&str] = &[
    "$comment",
    "$schema",
    "$id",
    "asyncapi",
    "id",
    "info",
    "title",
    "version",
    "summary",
    "description",
    "address",
    "type",
    "const",
    "enum",
    "properties",
    "required",
    "$ref",
    "allOf",
    "anyOf",
    "oneOf",
];
const LAST: &[&str] = &["channels", "operations", "components", "$defs"];

struct Ordered<'a>(&'a Value);

impl Serialize for Ordered<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(object) => {
                let rank: HashMap<&str, usize> = FIRST.iter().enumerate().map(|(rank, key)| (*key, rank)).collect();
                let rank = |key: &str| {
                    let last = LAST.iter().position(|last| *last == key).map(|place| FIRST.len() + 1 + place);
                    rank.get(key).copied().or(last).unwrap_or(FIRST.len())
                };
                let mut entries: Vec<_> = object.iter().collect();
                entries.sort_by_key(|(key, _)| (rank(key), *key));
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(key, &Ordered(value))?;
                }
                map.end()
            }
            Value::Array(items) => serializer.collect_seq(items.iter().map(Ordered)),
            other => other.serialize(serializer),
        }
    }
}

/// Indented, with a line's end at the end.
///
/// # Panics
/// Never: a value is plain JSON.
#[must_use]
pub fn json(value: &Value) -> String {
    serde_json::to_string_pretty(&Ordered(value)).expect("a value is JSON") + "\n"
}

/// # Panics
/// Never: a value is plain JSON.
#[must_use]
pub fn yaml(value: &Value) -> String {
    serde_yaml_ng::to_string(&Ordered(value)).expect("a value is YAML")
}
