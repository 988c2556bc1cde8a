//! The reply to a command, query or wait.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, de::DeserializeOwned};
use serde_json::{Value, value::RawValue};

use crate::ErrorBody;

/// A reply. `success` tells which half is there: `data`, or the error's fields.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// `maestro.v1.reply`
    #[serde(rename = "type")]
    pub kind: String,
    pub success: bool,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Value>")]
    pub data: Option<Box<RawValue>>,
    /// What was asked for was so already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unchanged: bool,
    /// The project's sequence that this answer reflects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The ledger that `seq` counts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
    #[serde(flatten)]
    pub error: Option<ErrorBody>,
}

/// `null` is an answer, as of `task.next` with nothing ready; only what is absent is none.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Box<RawValue>>, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(Some)
}

/// What came is not a reply.
#[derive(Debug, thiserror::Error)]
#[error("the reply cannot be read: {0}")]
pub struct ReplyError(String);

impl Reply {
    pub const TYPE: &'static str = "maestro.v1.reply";

    #[must_use]
    pub fn ok(data: &impl Serialize) -> Self {
        let data = serde_json::value::to_raw_value(data).unwrap_or_else(|_| RawValue::NULL.to_owned());
        Self {
            kind: Self::TYPE.to_owned(),
            success: true,
            data: Some(data),
            unchanged: false,
            seq: None,
            ledger: None,
            error: None,
        }
    }

    #[must_use]
    pub fn refused(error: ErrorBody) -> Self {
        Self {
            kind: Self::TYPE.to_owned(),
            success: false,
            data: None,
            unchanged: false,
            seq: None,
            ledger: None,
            error: Some(error),
        }
    }

    #[must_use]
    pub fn at(mut self, seq: u64, ledger: &str) -> Self {
        self.seq = Some(seq);
        self.ledger = Some(ledger.to_owned());
        self
    }

    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// # Errors
    /// When the bytes are not a reply of this version.
    pub fn decode(bytes: &[u8]) -> Result<Self, ReplyError> {
        let reply: Self = serde_json::from_slice(bytes).map_err(|e| ReplyError(e.to_string()))?;
        if reply.kind == Self::TYPE { Ok(reply) } else { Err(ReplyError(format!("it is a '{}'", reply.kind))) }
    }

    /// The data, or the error.
    ///
    /// # Errors
    /// The [`ErrorBody`] of a refusal.
    pub fn into_result(self) -> Result<Box<RawValue>, ErrorBody> {
        match (self.success, self.error) {
            (true, _) => Ok(self.data.unwrap_or_else(|| RawValue::NULL.to_owned())),
            (false, Some(error)) => Err(error),
            (false, None) => Err(ErrorBody::new(crate::ErrorCode::Internal, "the server refused without a reason")),
        }
    }

    /// The data in its type.
    ///
    /// # Errors
    /// The [`ErrorBody`] of a refusal; `internal` when the data has another shape.
    pub fn parse<T: DeserializeOwned>(self) -> Result<T, ErrorBody> {
        let data = self.into_result()?;
        serde_json::from_str(data.get()).map_err(|e| {
            ErrorBody::new(crate::ErrorCode::Internal, format!("the server's answer has another shape: {e}"))
                .commands(["maestro doctor"])
        })
    }
}
