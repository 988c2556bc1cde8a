//! Plans in JSON: one object a line, a list, or `{"tasks": [...]}`.

use maestro_wire::{ErrorBody, ErrorCode};
use serde::Deserialize;

use super::Plan;
use crate::repair::nearest;

/// The forms that a whole document may have.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    source: Option<String>,
    tasks: Vec<Plan>,
}

pub fn read(text: &str) -> Result<Vec<Plan>, ErrorBody> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text).map_err(|error| wrong(&error, 1));
    }
    if is_document(text) {
        let document: Document = serde_json::from_str(text).map_err(|error| wrong(&error, 1))?;
        let mut tasks = document.tasks;
        for task in &mut tasks {
            task.source = task.source.take().or_else(|| document.source.clone());
        }
        return Ok(tasks);
    }
    let mut plans = Vec::new();
    for next in serde_json::Deserializer::from_str(text).into_iter::<Plan>() {
        plans.push(next.map_err(|error| wrong(&error, plans.len() + 1))?);
    }
    Ok(plans)
}

/// One object with `tasks` in it.
fn is_document(text: &str) -> bool {
    let mut values = serde_json::Deserializer::from_str(text).into_iter::<serde_json::Value>();
    let first = values.next();
    matches!(first, Some(Ok(value)) if value.get("tasks").is_some())
}

const FIELDS: [&str; 12] = [
    "key",
    "source",
    "title",
    "description",
    "acceptance",
    "technicalNotes",
    "priority",
    "labels",
    "dependsOn",
    "subtasks",
    "status",
    "summary",
];

fn wrong(error: &serde_json::Error, number: usize) -> ErrorBody {
    use serde_json::error::Category;
    let text = error.to_string();
    let place = format!("task {number}, line {} column {}", error.line(), error.column());
    let said = text.split(" at line ").next().unwrap_or(&text);
    // Values of the model say their code in brackets.
    let (code, said) = match said.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
        Some((code, rest)) => (ErrorCode::parse(code).unwrap_or(ErrorCode::InvalidValue), rest),
        None if error.classify() != Category::Data => (ErrorCode::MalformedJson, said),
        None if said.starts_with("missing field") => (ErrorCode::MissingRequiredField, said),
        None if said.starts_with("unknown field") => (ErrorCode::UnknownField, said),
        None if said.contains("`critical`") => (ErrorCode::InvalidPriority, said),
        None if said.contains("`in_review`") => (ErrorCode::InvalidStatus, said),
        None => (ErrorCode::InvalidValue, said),
    };
    let body = ErrorBody::new(code, format!("{place}: {said}"))
        .with("line", error.line())
        .commands(["maestro task import --help", "maestro schema command.task.import"]);
    let typed = said.split('`').nth(1).filter(|_| code == ErrorCode::UnknownField);
    match typed.and_then(|typed| nearest(typed, FIELDS.into_iter())) {
        Some(near) => body.with("nearest", near).suggest(format!("the field is called {near}")),
        None => body,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_a_list_and_a_document_say_the_same() {
        let one = r#"{"key":"a","title":"A","subtasks":["x",{"title":"y","completed":true}]}"#;
        let two = r#"{"title":"B","dependsOn":["a"]}"#;
        let lines = read(&format!("{one}\n\n{two}\n")).unwrap();
        assert_eq!(lines.len(), 2);
        assert_eq!(read(&format!("[{one},{two}]")).unwrap(), lines);
        assert_eq!(read(&format!("{{\"tasks\":[{one},{two}]}}")).unwrap(), lines);
    }

    #[test]
    fn a_mistake_has_a_code_and_a_place() {
        let code = |text: &str| read(text).unwrap_err().code;
        assert_eq!(code("{\"title\":"), ErrorCode::MalformedJson);
        assert_eq!(code("[1"), ErrorCode::InvalidValue);
        assert_eq!(code("{\"key\":\"a\"}"), ErrorCode::MissingRequiredField);
        assert_eq!(code("{\"title\":\"a\",\"priority\":\"soon\"}"), ErrorCode::InvalidPriority);
        let error = read("{\"title\":\"a\"}\n{\"title\":\"b\",\"dependson\":[]}").unwrap_err();
        assert_eq!(error.code, ErrorCode::UnknownField);
        assert_eq!(error.details["nearest"], "dependsOn");
        assert!(error.message.starts_with("task 2, line 2"), "{}", error.message);
    }
}
