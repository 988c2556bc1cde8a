//! The body of an error, and how payloads from outside are read.

use maestro_domain::InvalidValue;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::ErrorCode;

/// An error as it is told: what is, the facts, the next command to type.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[error("{message}")]
pub struct ErrorBody {
    #[serde(rename = "error")]
    pub code: ErrorCode,
    pub message: String,
    /// Facts by name; `commands` holds runnable next commands.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub details: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<String>,
    pub retryable: bool,
}

impl ErrorBody {
    #[must_use]
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), details: Map::new(), suggestion: None, retryable: code.retryable() }
    }

    /// Adds a fact.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a sentence on what to do.
    #[must_use]
    pub fn suggest(mut self, text: impl Into<String>) -> Self {
        self.suggestion = Some(text.into());
        self
    }

    /// Adds runnable commands, the best first; the first is the suggestion too unless there is one.
    #[must_use]
    pub fn commands<T: Into<String>>(mut self, commands: impl IntoIterator<Item = T>) -> Self {
        let commands: Vec<Value> = commands.into_iter().map(|c| Value::String(c.into())).collect();
        if let (None, Some(Value::String(first))) = (&self.suggestion, commands.first()) {
            self.suggestion = Some(first.clone());
        }
        self.details.insert("commands".to_owned(), Value::Array(commands));
        self
    }
}

impl From<InvalidValue> for ErrorBody {
    fn from(invalid: InvalidValue) -> Self {
        Self::new(ErrorCode::parse(invalid.code).unwrap_or(ErrorCode::InvalidValue), invalid.message)
    }
}

/// Reads JSON from outside; the error says which field, what was found and what is expected.
///
/// # Errors
/// `malformed_json`, `missing_required_field`, `unknown_field`, `invalid_value`, or the code of the value's own type.
pub fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ErrorBody> {
    serde_json::from_slice(bytes).map_err(|error| explain(&error))
}

/// Turns serde's words into a code. Values of the model carry theirs in brackets; the rest is told apart by the
/// beginnings of serde's own messages, which are pinned by a test.
pub(crate) fn explain(error: &serde_json::Error) -> ErrorBody {
    use serde_json::error::Category;
    let text = error.to_string();
    match error.classify() {
        Category::Syntax | Category::Eof | Category::Io => {
            ErrorBody::new(ErrorCode::MalformedJson, format!("the payload is not JSON: {text}"))
        }
        Category::Data => {
            if let Some((code, rest)) = text.strip_prefix('[').and_then(|t| t.split_once("] "))
                && let Some(code) = ErrorCode::parse(code)
            {
                return ErrorBody::new(code, rest);
            }
            let code = if text.starts_with("missing field") {
                ErrorCode::MissingRequiredField
            } else if text.starts_with("unknown field") {
                ErrorCode::UnknownField
            } else if text.starts_with("unknown variant") && text.contains("`critical`") {
                ErrorCode::InvalidPriority
            } else if text.starts_with("unknown variant") && text.contains("`in_review`") {
                ErrorCode::InvalidStatus
            } else {
                ErrorCode::InvalidValue
            };
            ErrorBody::new(code, text)
        }
    }
}

#[cfg(test)]
mod tests {
    use maestro_domain::{CreateTask, LogTask};

    use super::*;

    #[test]
    fn each_kind_of_bad_json_has_its_code() {
        let code = |json: &str| decode::<CreateTask>(json.as_bytes()).unwrap_err().code;
        assert_eq!(code("{"), ErrorCode::MalformedJson);
        assert_eq!(code("{}"), ErrorCode::MissingRequiredField);
        assert_eq!(code(r#"{"title":"a","what":1}"#), ErrorCode::UnknownField);
        assert_eq!(code(r#"{"title":7}"#), ErrorCode::InvalidValue);
        assert_eq!(code(r#"{"title":"  "}"#), ErrorCode::InvalidTitle);
        assert_eq!(code(r#"{"title":"a","priority":"soon"}"#), ErrorCode::InvalidPriority);
        assert_eq!(code(r#"{"title":"a","dependsOn":["t1.>"]}"#), ErrorCode::InvalidTaskId);
        let huge = format!(r#"{{"task":"t1","message":"{}"}}"#, "x".repeat(10_000));
        assert_eq!(decode::<LogTask>(huge.as_bytes()).unwrap_err().code, ErrorCode::TooLarge);
    }
}
