//! The JetStream API as JSON requests. Raw, because the typed structs of the library lag behind the
//! broker and its API refuses unknown fields.

use std::time::Duration;

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::client::Client;
use crate::header::Headers;
use crate::request::RequestError;

/// Bound of one API call.
pub(crate) const CALL_TIMEOUT: Duration = Duration::from_secs(5);

/// Error codes of JetStream that we act on (`nats errors ls`).
pub(crate) mod code {
    pub const ACCOUNT_RESOURCES: u32 = 10002;
    pub const CLUSTER_NO_PEERS: u32 = 10005;
    pub const CLUSTER_NOT_AVAILABLE: u32 = 10008;
    pub const CLUSTER_NOT_LEADER: u32 = 10009;
    pub const CONSUMER_NAME_EXISTS: u32 = 10013;
    pub const CONSUMER_NOT_FOUND: u32 = 10014;
    pub const INSUFFICIENT_RESOURCES: u32 = 10023;
    pub const MEMORY_RESOURCES: u32 = 10028;
    pub const NO_MESSAGE_FOUND: u32 = 10037;
    pub const NOT_ENABLED_FOR_ACCOUNT: u32 = 10039;
    pub const STORAGE_RESOURCES: u32 = 10047;
    pub const MESSAGE_TOO_LARGE: u32 = 10054;
    pub const STREAM_NAME_IN_USE: u32 = 10058;
    pub const STREAM_NOT_FOUND: u32 = 10059;
    pub const WRONG_LAST_SEQUENCE: u32 = 10071;
    pub const NOT_ENABLED: u32 = 10076;
    pub const STORE_FAILED: u32 = 10077;
    pub const CONSUMER_ALREADY_EXISTS: u32 = 10148;
    pub const WRONG_LAST_SEQUENCE_IN_FLIGHT: u32 = 10164;
    pub const TOO_MANY_REQUESTS: u32 = 10167;
}

/// What the JetStream API answered instead of a result.
#[derive(Clone, Debug, Deserialize, Error, PartialEq, Eq)]
#[error("{description} ({err_code})")]
pub struct ApiFailure {
    /// HTTP-like class.
    #[serde(default)]
    pub code: u16,
    /// The stable code.
    #[serde(default)]
    pub err_code: u32,
    /// The text; may change between versions.
    #[serde(default)]
    pub description: String,
}

/// Why a JetStream API call gave no result.
#[derive(Debug, Error, PartialEq)]
pub enum ApiError {
    /// No such stream.
    #[error("there is no stream `{0}`")]
    NoStream(String),
    /// JetStream is off here, or not ready yet, or this user sees none of it.
    #[error("JetStream does not answer")]
    Unavailable,
    /// This user may not call it.
    #[error("the broker does not permit `{0}`")]
    Denied(String),
    /// No answer in time.
    #[error("JetStream did not answer in time")]
    TimedOut,
    /// The connection is down.
    #[error("the connection to the broker is down")]
    Disconnected,
    /// JetStream refused it.
    #[error("JetStream refused: {0}")]
    Refused(#[from] ApiFailure),
    /// An answer that is no JSON of the expected shape.
    #[error("JetStream answered something else than expected: {0}")]
    Malformed(String),
}

impl ApiError {
    /// Whether the same call may succeed a moment later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable | Self::TimedOut | Self::Disconnected => true,
            Self::Refused(failure) => matches!(
                failure.err_code,
                // In a young cluster not every member is known yet.
                code::CLUSTER_NO_PEERS
                    | code::CLUSTER_NOT_AVAILABLE
                    | code::CLUSTER_NOT_LEADER
                    | code::TOO_MANY_REQUESTS
            ),
            Self::NoStream(_) | Self::Denied(_) | Self::Malformed(_) => false,
        }
    }

    pub(crate) fn err_code(&self) -> Option<u32> {
        match self {
            Self::Refused(failure) => Some(failure.err_code),
            _ => None,
        }
    }
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::NoResponders { .. } => Self::Unavailable,
            RequestError::PermissionDenied { subject } => Self::Denied(subject),
            RequestError::TimedOut { .. } => Self::TimedOut,
            RequestError::Disconnected { .. } => Self::Disconnected,
            RequestError::TooLarge { .. } | RequestError::InvalidSubject(_) => Self::Malformed(error.to_string()),
        }
    }
}

#[derive(Deserialize)]
struct Verdict {
    error: Option<ApiFailure>,
}

impl Client {
    /// Calls `$JS.API.{path}`.
    pub(crate) async fn api<T: DeserializeOwned>(
        &self,
        path: &str,
        body: Option<&(impl Serialize + Sync)>,
    ) -> Result<T, ApiError> {
        let payload = match body {
            Some(body) => serde_json::to_vec(body).map_err(|error| ApiError::Malformed(error.to_string()))?,
            None => Vec::new(),
        };
        let subject = format!("$JS.API.{path}");
        let reply = self.request(&subject, &Headers::new(), Bytes::from(payload), CALL_TIMEOUT).await?;
        let malformed = |error: serde_json::Error| ApiError::Malformed(error.to_string());
        match reply.json::<Verdict>().map_err(malformed)?.error {
            Some(failure) if failure.err_code == code::STREAM_NOT_FOUND => {
                // The stream is the last or last but one token of every path we call.
                Err(ApiError::NoStream(stream_of(path).to_owned()))
            }
            Some(failure) if matches!(failure.err_code, code::NOT_ENABLED | code::NOT_ENABLED_FOR_ACCOUNT) => {
                Err(ApiError::Unavailable)
            }
            Some(failure) => Err(ApiError::Refused(failure)),
            None => reply.json().map_err(malformed),
        }
    }
}

/// `STREAM.INFO.{stream}`, `STREAM.MSG.GET.{stream}`, `CONSUMER.CREATE.{stream}.…`: the first token
/// after the verbs, which are the only ones we name and all known here.
fn stream_of(path: &str) -> &str {
    const VERBS: [&str; 9] = ["STREAM", "CONSUMER", "INFO", "MSG", "GET", "NEXT", "CREATE", "UPDATE", "DELETE"];
    path.split('.').find(|token| !VERBS.contains(token)).unwrap_or(path)
}

/// A duration as the API spells it: whole nanoseconds.
pub(crate) fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_found_in_the_path() {
        assert_eq!(stream_of("STREAM.MSG.GET.EVENTS"), "EVENTS");
        assert_eq!(stream_of("CONSUMER.CREATE.EVENTS.follow-1.maestro.v1.evt.web"), "EVENTS");
    }
}
