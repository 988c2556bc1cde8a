//! From a type to a schema that stands alone.

use schemars::{JsonSchema, generate::SchemaSettings};
use serde_json::{Map, Value, json};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

pub type Named = Vec<(String, Value)>;

/// The file of a schema.
pub fn file(name: &str) -> String {
    format!("{name}.schema.json")
}

/// What a reader takes: fields with a default may be absent.
pub fn read<T: JsonSchema>() -> Value {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    schema
}

/// What a program writes: fields with a default are there, and what may be absent is never `null`.
pub fn written<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    let mut schema = settings.into_generator().into_root_schema_for::<T>().to_value();
    tidy(&mut schema);
    never_null(&mut schema);
    schema
}

/// A reference to another file.
pub fn to(name: &str) -> Value {
    json!({"$ref": file(name)})
}

/// The generated note, the dialect, its own name and a title.
pub fn finished(name: &str, mut schema: Value) -> Value {
    if let Some(object) = schema.as_object_mut() {
        object.insert("$comment".to_owned(), super::NOTE.into());
        object.insert("$schema".to_owned(), DIALECT.into());
        object.insert("$id".to_owned(), file(name).into());
        object.entry("title").or_insert_with(|| name.into());
    }
    schema
}

/// Paragraphs instead of source lines; no widths of Rust's numbers.
pub fn tidy(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(Value::String(text)) = object.get_mut("description") {
                // Lines of a comment are lines of source; a paragraph is what is meant.
                *text = text.split("\n\n").map(|p| p.replace('\n', " ")).collect::<Vec<_>>().join("\n\n");
            }
            object.retain(|key, value| !(key == "format" && value.as_str().is_some_and(|f| f != "date-time")));
            object.values_mut().for_each(tidy);
        }
        Value::Array(items) => items.iter_mut().for_each(tidy),
        _ => {}
    }
}

fn never_null(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            let required: Vec<String> =
                object.get("required").and_then(|r| serde_json::from_value(r.clone()).ok()).unwrap_or_default();
            if let Some(Value::Object(properties)) = object.get_mut("properties") {
                properties.iter_mut().filter(|(name, _)| !required.contains(name)).for_each(|(_, p)| without_null(p));
            }
            object.values_mut().for_each(never_null);
        }
        Value::Array(items) => items.iter_mut().for_each(never_null),
        _ => {}
    }
}

fn without_null(property: &mut Value) {
    let Some(object) = property.as_object_mut() else { return };
    if let Some(Value::Array(types)) = object.get_mut("type") {
        types.retain(|kind| kind != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            object.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
        choices.retain(|choice| choice["type"] != "null");
        if let [only] = choices.as_slice() {
            let only = only.as_object().cloned().unwrap_or_default();
            object.remove("anyOf");
            object.extend(only);
        }
    }
}

/// Moves the definitions of `schema` into `all` and answers the rest.
pub fn lift(mut schema: Value, all: &mut Map<String, Value>) -> Value {
    if let Some(object) = schema.as_object_mut() {
        object.remove("$schema");
        if let Some(Value::Object(definitions)) = object.remove("$defs") {
            all.extend(definitions);
        }
    }
    schema
}
