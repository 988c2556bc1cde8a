//! The envelope of a command.

use std::{borrow::Cow, fmt, str::FromStr};

use maestro_domain::{Request, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::{ErrorBody, ErrorCode};

/// A command's own name: a ULID, chosen by its sender and kept over retries. Its time is the command's age.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId(pub ulid::Ulid);

impl CommandId {
    /// A name that follows from what it names: every replica that submits the same thing uses the same id.
    #[must_use]
    pub fn derived(at: Timestamp, what: &str) -> Self {
        let hash = xxhash_rust::xxh3::xxh3_128(what.as_bytes());
        Self(ulid::Ulid::from_parts(u64::try_from(at.as_millis()).unwrap_or(0), hash))
    }

    /// When it was made, by its sender's clock.
    #[must_use]
    pub fn time(self) -> Timestamp {
        Timestamp::from_millis(i64::try_from(self.0.timestamp_ms()).unwrap_or(i64::MAX))
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl FromStr for CommandId {
    type Err = ulid::DecodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        ulid::Ulid::from_string(text).map(Self)
    }
}

impl Serialize for CommandId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CommandId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        maestro_domain::from_text(d, |text| {
            text.parse().map_err(|_| "[invalid_command_id] a command id is a ULID of 26 characters")
        })
    }
}

impl JsonSchema for CommandId {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "CommandId".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "pattern": "^[0-7][0-9A-HJKMNP-TV-Z]{25}$"})
    }
}

/// A command on the wire. The verb, the project and the actor stand in the subject.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CommandEnvelope {
    /// `maestro.v1.command`
    #[serde(rename = "type")]
    pub kind: String,
    /// The same over all attempts of one command.
    pub id: CommandId,
    /// After this the sender has given up; the server drops what it did not begin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// The incarnation of the session that sends it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
    /// The replica must have seen this sequence of the project before it decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_seq: Option<u64>,
    /// The ledger that `minSeq` counts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
    /// W3C trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// The verb's payload.
    #[schemars(with = "serde_json::Value")]
    pub data: Box<RawValue>,
}

impl CommandEnvelope {
    pub const TYPE: &'static str = "maestro.v1.command";

    /// # Panics
    /// Never: payloads of the model are plain JSON.
    #[must_use]
    pub fn new(id: CommandId, request: &Request) -> Self {
        Self {
            kind: Self::TYPE.to_owned(),
            id,
            expires_at: None,
            epoch: None,
            min_seq: None,
            ledger: None,
            traceparent: None,
            data: payload(request),
        }
    }

    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

struct Payload<'a>(&'a Request);

impl Serialize for Payload<'_> {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        self.0.serialize_payload(s)
    }
}

fn payload(request: &Request) -> Box<RawValue> {
    serde_json::value::to_raw_value(&Payload(request)).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

/// A digest of what is asked for: verb and payload in canonical form, as 16 hex digits.
#[must_use]
pub fn digest(request: &Request) -> String {
    let (entity, verb) = request.verb();
    let text = format!("{entity}.{verb} {}", payload(request).get());
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}

/// Reads a command's envelope and payload.
///
/// # Errors
/// As [`crate::decode`], and `unknown_command`, `unsupported_version`, `too_large`.
pub fn decode_command(entity: &str, verb: &str, bytes: &[u8]) -> Result<(CommandEnvelope, Request), ErrorBody> {
    if bytes.len() > crate::header::MAX_COMMAND {
        let text = format!("this command has {} bytes; at most {} are taken", bytes.len(), crate::header::MAX_COMMAND);
        return Err(ErrorBody::new(ErrorCode::TooLarge, text));
    }
    if !Request::VERBS.contains(&(entity, verb)) {
        return Err(ErrorBody::new(ErrorCode::UnknownCommand, format!("there is no command '{entity}.{verb}'"))
            .commands(["maestro --help", "maestro doctor"]));
    }
    check_type(bytes, CommandEnvelope::TYPE)?;
    let envelope: CommandEnvelope = crate::decode(bytes)?;
    check_object(envelope.data.get().as_bytes())?;
    let mut deserializer = serde_json::Deserializer::from_str(envelope.data.get());
    match Request::deserialize_payload(entity, verb, &mut deserializer) {
        Some(Ok(request)) => Ok((envelope, request)),
        Some(Err(error)) => Err(crate::error::explain(&error)),
        None => Err(ErrorBody::new(ErrorCode::UnknownCommand, format!("there is no command '{entity}.{verb}'"))),
    }
}

/// Payloads are objects. Without this a list of a struct's fields in their order would be taken for the struct.
pub(crate) fn check_object(bytes: &[u8]) -> Result<(), ErrorBody> {
    match bytes.iter().find(|byte| !byte.is_ascii_whitespace()) {
        Some(b'{') => Ok(()),
        _ => match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
            Ok(_) => Err(ErrorBody::new(ErrorCode::InvalidValue, "a payload is a JSON object; this one is none")),
            Err(error) => Err(crate::error::explain(&error)),
        },
    }
}

/// Another version of the envelope is told apart before its fields are judged.
pub(crate) fn check_type(bytes: &[u8], expected: &str) -> Result<(), ErrorBody> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(rename = "type", borrow, default)]
        kind: Option<Cow<'a, str>>,
    }
    check_object(bytes)?;
    let head: Head<'_> = serde_json::from_slice(bytes).map_err(|error| crate::error::explain(&error))?;
    match head.kind.as_deref() {
        Some(kind) if kind == expected => Ok(()),
        Some(kind) => {
            let kind: String = kind.chars().take(60).collect();
            Err(ErrorBody::new(
                ErrorCode::UnsupportedVersion,
                format!("this message is a '{kind}'; this server speaks '{expected}'"),
            ))
        }
        None => {
            Err(ErrorBody::new(ErrorCode::MissingRequiredField, format!("missing field `type`; it is '{expected}'")))
        }
    }
}
