//! `--fields`: only these of each entity.

use maestro_wire::Reply;
use serde_json::{Map, Value, value::RawValue};

/// Keeps the named fields of an entity, or of each item of a list. An empty list keeps all.
pub fn pick(mut reply: Reply, fields: &[String]) -> Reply {
    if let (false, Some(data)) = (fields.is_empty(), &reply.data)
        && let Ok(value) = serde_json::from_str::<Value>(data.get())
    {
        let picked = picked(value, fields);
        reply.data = Some(serde_json::value::to_raw_value(&picked).unwrap_or_else(|_| RawValue::NULL.to_owned()));
    }
    reply
}

fn picked(value: Value, fields: &[String]) -> Value {
    let Value::Object(mut object) = value else { return value };
    if let Some(Value::Array(items)) = object.get_mut("items") {
        for item in items.iter_mut() {
            if let Value::Object(entity) = item {
                *item = Value::Object(only(entity, fields));
            }
        }
        return Value::Object(object);
    }
    Value::Object(only(&object, fields))
}

fn only(entity: &Map<String, Value>, fields: &[String]) -> Map<String, Value> {
    fields.iter().filter_map(|field| Some((field.clone(), entity.get(field)?.clone()))).collect()
}

/// The same for people: one line an entity, fields parted by tabs.
pub fn lines(data: &str, fields: &[String]) -> String {
    let value = serde_json::from_str::<Value>(data).unwrap_or_default();
    let entities = match value.get("items").and_then(Value::as_array) {
        Some(items) => items.clone(),
        None => vec![value],
    };
    let cell = |value: Option<&Value>| match value {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let line = |entity: &Value| fields.iter().map(|field| cell(entity.get(field))).collect::<Vec<_>>().join("\t");
    entities.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_was_asked_for_stays() {
        let fields = ["id".to_owned(), "title".to_owned()];
        let page = Reply::ok(&json!({"items": [{"id": "t1", "title": "a", "rev": 3}], "nextCursor": "x"}));
        let data = pick(page, &fields).data.unwrap();
        assert_eq!(data.get(), r#"{"items":[{"id":"t1","title":"a"}],"nextCursor":"x"}"#);
        assert_eq!(lines(data.get(), &fields), "t1\ta");
        let one = pick(Reply::ok(&json!({"id": "t1", "rev": 3})), &fields).data.unwrap();
        assert_eq!(one.get(), r#"{"id":"t1"}"#);
    }
}
