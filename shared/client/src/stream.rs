//! The streams as `nats/streams.json` defines them: made when they are not there, compared when they are,
//! changed as far as that loses nothing, never deleted.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};
use thiserror::Error;

use crate::api::{ApiError, code};
use crate::client::Client;

/// How often a creation that lost a race is tried again, and how long after.
const CREATE_ATTEMPTS: u32 = 10;
const CREATE_WAIT: Duration = Duration::from_millis(100);

/// One entry of the definition file. `config` is the stream's configuration as the JetStream API spells
/// it; only what it states is compared.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// The name in our vocabulary: `EVENTS`, `LIVE`.
    pub name: String,
    /// The account it lives in: `CORE`, `WORK`.
    pub account: String,
    /// Stream configuration.
    pub config: Map<String, Value>,
    /// What is added to `config` when there is one replica.
    #[serde(default)]
    pub only_at_r1: Map<String, Value>,
}

#[derive(Deserialize)]
struct DefinitionFile {
    streams: Vec<Definition>,
}

/// The definition file cannot be read.
#[derive(Debug, Error)]
#[error("the stream definitions are not valid: {0}")]
pub struct DefinitionError(#[from] serde_json::Error);

impl Definition {
    /// Reads the content of the definition file.
    pub fn parse_file(json: &str) -> Result<Vec<Self>, DefinitionError> {
        Ok(serde_json::from_str::<DefinitionFile>(json)?.streams)
    }

    /// The name of the stream at the broker: `KV_LIVE` for `LIVE`.
    pub fn stream(&self) -> &str {
        self.config.get("name").and_then(Value::as_str).unwrap_or(&self.name)
    }

    /// The same with at least this many bytes.
    #[must_use]
    pub fn with_max_bytes(mut self, bytes: u64) -> Self {
        self.config.insert("max_bytes".to_owned(), Value::from(bytes));
        self
    }

    fn desired(&self, replicas: u8) -> Map<String, Value> {
        let mut config = self.config.clone();
        if replicas == 1 {
            config.extend(self.only_at_r1.clone());
        }
        config.insert("num_replicas".to_owned(), Value::from(replicas));
        config
    }
}

/// What was done about a stream.
#[derive(Clone, Debug, PartialEq)]
pub enum StreamChange {
    /// It was not there and was made.
    Created {
        /// Its name at the broker.
        stream: String,
    },
    /// A setting was changed.
    Updated {
        /// Its name at the broker.
        stream: String,
        /// The setting.
        field: String,
        /// What it was.
        from: Value,
        /// What it is.
        to: Value,
    },
}

/// A stream is not as defined, and making it so would lose something or is not possible.
#[derive(Debug, Error)]
pub enum StreamMismatch {
    /// It differs in a way that cannot be changed.
    #[error("stream `{stream}` is not as defined: {differences}; {reason}")]
    Differs {
        /// Its name at the broker.
        stream: String,
        /// Every difference: `field: is X, defined as Y`.
        differences: String,
        /// Why it is left as it is.
        reason: String,
    },
    /// It could not be made.
    #[error("stream `{stream}` could not be made: {source}")]
    NotCreated {
        /// Its name at the broker.
        stream: String,
        /// What JetStream says.
        source: ApiError,
    },
    /// Its state could not be read.
    #[error("stream `{stream}` could not be read: {source}")]
    NotRead {
        /// Its name at the broker.
        stream: String,
        /// What JetStream says.
        source: ApiError,
    },
}

#[derive(Deserialize)]
struct PurgeAnswer {
    purged: u64,
}

impl Client {
    /// Removes the messages of a subject, those below sequence `before` only when it is stated. Returns how many.
    ///
    /// # Errors
    /// When the broker does not answer or does not permit it.
    pub async fn purge(&self, stream: &str, subject: &str, before: Option<u64>) -> Result<u64, ApiError> {
        let body = match before {
            Some(seq) => json!({ "filter": subject, "seq": seq }),
            None => json!({ "filter": subject }),
        };
        let answer: PurgeAnswer = self.api(&format!("STREAM.PURGE.{stream}"), Some(&body)).await?;
        Ok(answer.purged)
    }

    /// Removes one message.
    ///
    /// # Errors
    /// When it is not there, the broker does not answer or does not permit it.
    pub async fn remove_message(&self, stream: &str, seq: u64) -> Result<(), ApiError> {
        let body = json!({ "seq": seq, "no_erase": true });
        self.api::<Value>(&format!("STREAM.MSG.DELETE.{stream}"), Some(&body)).await.map(|_| ())
    }

    /// Removes a consumer; none of this name is as good.
    ///
    /// # Errors
    /// When the broker does not answer or does not permit it.
    pub async fn forget_consumer(&self, stream: &str, consumer: &str) -> Result<(), ApiError> {
        match self.api::<Value>(&format!("CONSUMER.DELETE.{stream}.{consumer}"), None::<&()>).await {
            Err(error) if error.err_code() != Some(code::CONSUMER_NOT_FOUND) => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Makes the stream as defined, with this many replicas; a greater `max_bytes` than defined is left. An empty list:
    /// it was so already.
    pub async fn ensure_stream(
        &self,
        definition: &Definition,
        replicas: u8,
    ) -> Result<Vec<StreamChange>, StreamMismatch> {
        let stream = definition.stream().to_owned();
        let desired = definition.desired(replicas);
        match self.stream_info(&stream).await {
            Ok(info) => self.align_stream(stream, &desired, info.config, info.messages).await,
            Err(ApiError::NoStream(_)) => self.create_stream(stream, &desired).await,
            Err(source) => Err(StreamMismatch::NotRead { stream, source }),
        }
    }

    /// Several replicas may start at once. While another one's creation is under way, the broker counts its bytes twice,
    /// so even "no storage" is believed only when it is said again.
    async fn create_stream(
        &self,
        stream: String,
        desired: &Map<String, Value>,
    ) -> Result<Vec<StreamChange>, StreamMismatch> {
        let mut attempt = 0;
        let source = loop {
            let source = match self.api::<Value>(&format!("STREAM.CREATE.{stream}"), Some(desired)).await {
                Ok(_) => return Ok(vec![StreamChange::Created { stream }]),
                Err(source) => source,
            };
            let raced = matches!(
                source.err_code(),
                Some(code::STREAM_NAME_IN_USE | code::STORAGE_RESOURCES | code::INSUFFICIENT_RESOURCES)
            );
            if !raced || attempt == CREATE_ATTEMPTS {
                break source;
            }
            tokio::time::sleep(CREATE_WAIT).await;
            // Another replica was faster, perhaps with other settings.
            match self.stream_info(&stream).await {
                Ok(info) => return self.align_stream(stream, desired, info.config, info.messages).await,
                Err(ApiError::NoStream(_)) => attempt += 1,
                Err(source) => return Err(StreamMismatch::NotRead { stream, source }),
            }
        };
        Err(StreamMismatch::NotCreated { stream, source })
    }

    async fn align_stream(
        &self,
        stream: String,
        desired: &Map<String, Value>,
        found: Value,
        messages: u64,
    ) -> Result<Vec<StreamChange>, StreamMismatch> {
        let Value::Object(found) = found else {
            let source = ApiError::Malformed("configuration is no object".to_owned());
            return Err(StreamMismatch::NotRead { stream, source });
        };
        let differing: Vec<(&String, Value, &Value)> = desired
            .iter()
            // A limit that somebody raised stays: what is defined is the least.
            .filter(|(field, to)| field.as_str() != "max_bytes" || !has_room(found.get("max_bytes"), to))
            .map(|(field, to)| (field, found.get(field).cloned().unwrap_or(Value::Null), to))
            .filter(|(_, from, to)| !same(from, to))
            .collect();
        if differing.is_empty() {
            return Ok(Vec::new());
        }
        let differs = |reason: String| StreamMismatch::Differs {
            stream: stream.clone(),
            differences: differing
                .iter()
                .map(|(field, from, to)| format!("{field}: is {from}, defined as {to}"))
                .collect::<Vec<_>>()
                .join("; "),
            reason,
        };
        for (field, from, to) in &differing {
            if let Some(loss) = loss(field, from, to, messages, desired) {
                return Err(differs(loss));
            }
        }
        let mut merged = found.clone();
        merged.extend(differing.iter().map(|(field, _, to)| ((*field).clone(), (*to).clone())));
        match self.api::<Value>(&format!("STREAM.UPDATE.{stream}"), Some(&merged)).await {
            Ok(_) => Ok(differing
                .into_iter()
                .map(|(field, from, to)| StreamChange::Updated {
                    stream: stream.clone(),
                    field: field.clone(),
                    from,
                    to: to.clone(),
                })
                .collect()),
            Err(error) => Err(differs(format!("the broker does not change it: {error}"))),
        }
    }
}

/// Whether a limit in bytes is at least as defined; none is.
fn has_room(from: Option<&Value>, to: &Value) -> bool {
    let bytes = |value: &Value| value.as_i64().filter(|bytes| *bytes > 0);
    match (from.and_then(bytes), bytes(to)) {
        (Some(from), Some(to)) => from >= to,
        (None, _) => true,
        (Some(_), None) => false,
    }
}

/// Equal, where an absent setting is the broker's zero: `null`, `false`, `0`, `""`, `[]`, `{}`, `"none"`.
fn same(from: &Value, to: &Value) -> bool {
    let zero = |value: &Value| match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "none",
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) => false,
    };
    from == to || (zero(from) && zero(to))
}

/// Why a change would throw stored messages away.
fn loss(field: &str, from: &Value, to: &Value, messages: u64, desired: &Map<String, Value>) -> Option<String> {
    let limit = to.as_u64().filter(|limit| *limit > 0);
    match field {
        "max_msgs" if limit.is_some_and(|limit| limit < messages) => {
            Some(format!("it holds {messages} messages, more than that limit"))
        }
        // A stream that refuses what is new rather than losing what is old must not begin to forget.
        "max_age" | "max_msgs_per_subject"
            if limit.is_some()
                && messages > 0
                && desired.get("discard") == Some(&Value::from("new"))
                && desired.get("retention") == Some(&Value::from("limits"))
                && from.as_i64().unwrap_or(0) <= 0 =>
        {
            Some("that limit would remove messages it was made to keep".to_owned())
        }
        _ => None,
    }
}
