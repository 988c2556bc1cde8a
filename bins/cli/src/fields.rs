//! `--fields`: only these of each entity.

use clap::Args;
use maestro_wire::{ErrorBody, ErrorCode, Reply};
use serde_json::{Map, Value, value::RawValue};

use crate::output::Output;
use crate::repair::nearest;

/// The flag, for every command that shows entities.
#[derive(Args, Clone, Debug, Default)]
pub struct FieldsArgs {
    /// Only these fields of each, as in id,title
    #[arg(long, value_delimiter = ',', value_name = "FIELD")]
    pub fields: Vec<String>,
}

/// Keeps the named fields of an entity, or of each item of a list. An empty list keeps all.
///
/// # Errors
/// `unknown_field`, with the nearest one, when there are entities and none has it: a field without a value is left out
/// of JSON, so what only some lack is no mistake.
pub fn pick(mut reply: Reply, fields: &[String]) -> Result<Reply, ErrorBody> {
    if let (false, Some(data)) = (fields.is_empty(), &reply.data)
        && let Ok(value) = serde_json::from_str::<Value>(data.get())
    {
        let picked = picked(value, fields)?;
        reply.data = Some(serde_json::value::to_raw_value(&picked).unwrap_or_else(|_| RawValue::NULL.to_owned()));
    }
    Ok(reply)
}

/// An answer with only these fields, or as `human` shows it.
///
/// # Errors
/// As [`pick`].
pub fn shown(
    reply: Reply,
    only: FieldsArgs,
    human: impl FnOnce(&str) -> String + 'static,
) -> Result<Output, ErrorBody> {
    let reply = pick(reply, &only.fields)?;
    Ok(Output::reply(reply, move |data| if only.fields.is_empty() { human(data) } else { lines(data, &only.fields) }))
}

/// Fields that exist though no entity at hand may have them.
const OPTIONAL: [&str; 44] = [
    "acceptance",
    "assignment",
    "baseBranch",
    "blockedAt",
    "blockedKind",
    "blockedReason",
    "body",
    "cancelledAt",
    "claim",
    "claims",
    "completedAt",
    "completedBy",
    "defaultAgent",
    "dependants",
    "dependencies",
    "dependsOn",
    "description",
    "endedAt",
    "epoch",
    "exitCode",
    "failure",
    "goals",
    "holds",
    "labels",
    "lateReport",
    "lostReason",
    "messages",
    "model",
    "node",
    "origin",
    "overview",
    "pastHolders",
    "pending",
    "question",
    "released",
    "repository",
    "restartAt",
    "startedAt",
    "submittedAt",
    "subtasks",
    "summary",
    "task",
    "technicalNotes",
    "workspace",
];

fn picked(value: Value, fields: &[String]) -> Result<Value, ErrorBody> {
    let Value::Object(mut object) = value else { return Ok(value) };
    let Some(Value::Array(items)) = object.get_mut("items") else {
        known(fields, std::slice::from_ref(&object))?;
        return Ok(Value::Object(only(&object, fields)));
    };
    let entities: Vec<Map<String, Value>> = items.iter().filter_map(|item| item.as_object().cloned()).collect();
    known(fields, &entities)?;
    *items = entities.iter().map(|entity| Value::Object(only(entity, fields))).collect();
    Ok(Value::Object(object))
}

fn known(fields: &[String], entities: &[Map<String, Value>]) -> Result<(), ErrorBody> {
    if entities.is_empty() {
        return Ok(());
    }
    let has = |field: &str| OPTIONAL.contains(&field) || entities.iter().any(|entity| entity.contains_key(field));
    let Some(unknown) = fields.iter().find(|field| !has(field)) else { return Ok(()) };
    let mut names: Vec<&str> = entities.iter().flat_map(Map::keys).map(String::as_str).collect();
    names.sort_unstable();
    names.dedup();
    let near = nearest(unknown, names.iter().copied().chain(OPTIONAL));
    let body = ErrorBody::new(ErrorCode::UnknownField, format!("there is no field '{}'", unknown.escape_debug()))
        .with("field", unknown.as_str())
        .with("known", names.clone());
    Err(match near {
        Some(near) => body.with("meant", near).suggest(format!("it is called {near}")),
        None => body.suggest(format!("the fields are {}", names.join(", "))),
    })
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
        let data = pick(page, &fields).unwrap().data.unwrap();
        assert_eq!(data.get(), r#"{"items":[{"id":"t1","title":"a"}],"nextCursor":"x"}"#);
        assert_eq!(lines(data.get(), &fields), "t1\ta");
        let one = pick(Reply::ok(&json!({"id": "t1", "title": "a", "rev": 3})), &fields[..1]).unwrap().data.unwrap();
        assert_eq!(one.get(), r#"{"id":"t1"}"#);
    }

    #[test]
    fn a_field_that_nobody_has_is_a_mistake_and_one_that_some_lack_is_none() {
        let page = || Reply::ok(&json!({"items": [{"id": "t1", "title": "a"}]}));
        let error = pick(page(), &["titel".to_owned()]).unwrap_err();
        assert_eq!((error.code, &error.details["meant"]), (ErrorCode::UnknownField, &json!("title")));
        assert!(pick(page(), &["id".to_owned(), "labels".to_owned()]).is_ok());
        assert!(pick(Reply::ok(&json!({"items": []})), &["titel".to_owned()]).is_ok());
    }
}
