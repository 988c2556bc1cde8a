//! Appending to a stream under the guard of the subject's last sequence.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use thiserror::Error;

use crate::api::{ApiFailure, code};
use crate::client::Client;
use crate::header::Headers;
use crate::request::RequestError;

const EXPECTED_LAST_SUBJECT_SEQUENCE: &str = "Nats-Expected-Last-Subject-Sequence";

/// The stream has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// The message's sequence in the stream.
    pub seq: u64,
}

/// Why nothing was appended, or why it is not known.
#[derive(Debug, Error, PartialEq)]
pub enum AppendError {
    /// Somebody appended to the subject in between, or is about to; ours is not in the stream. (A
    /// `duplicate` answer counts too: then an earlier try of ours may be.)
    #[error("the subject has moved on (last sequence {last:?})")]
    Conflict {
        /// The subject's last sequence, when the broker says it.
        last: Option<u64>,
    },
    /// A limit of the stream, the account or the disk is reached; not in the stream.
    #[error("the stream is full: {reason}")]
    Full {
        /// The broker's words.
        reason: String,
    },
    /// Greater than the broker or the stream accepts; not in the stream.
    #[error("the message is greater than what may be appended ({limit:?} bytes)")]
    TooLarge {
        /// The broker's limit in bytes; unknown when it is the stream's.
        limit: Option<usize>,
    },
    /// No stream listens on the subject; JetStream may be starting. Not in any stream.
    #[error("no stream takes `{subject}`")]
    NoStream {
        /// The subject.
        subject: String,
    },
    /// This user may not publish there; not in the stream.
    #[error("the broker does not permit `{subject}`")]
    Denied {
        /// The subject.
        subject: String,
    },
    /// The connection was down before anything was sent; not in the stream.
    #[error("the connection to the broker is down")]
    Disconnected,
    /// No acknowledgement: the message may be in the stream or may still get there. Only reading the
    /// stream (or a conflict of the next append) tells.
    #[error("no acknowledgement came; the outcome is unknown")]
    Unknown,
    /// The cluster has no leader for the stream right now; not in the stream.
    #[error("the stream is not available: {0}")]
    Unavailable(ApiFailure),
    /// The broker refused for another reason; not in the stream.
    #[error("the broker refused: {0}")]
    Refused(ApiFailure),
    /// A subject with a space, an empty token or nothing in it.
    #[error("`{0}` is not a subject")]
    InvalidSubject(String),
}

#[derive(Deserialize)]
struct Ack {
    error: Option<ApiFailure>,
    #[serde(default)]
    seq: u64,
    #[serde(default)]
    duplicate: bool,
}

impl Client {
    /// Appends one message and waits for the stream's acknowledgement.
    ///
    /// `expected_last` is the last sequence of exactly this subject (0: none yet); `None` appends
    /// unguarded. Clones of the client append concurrently, each call holds one round trip.
    pub async fn append(
        &self,
        subject: &str,
        payload: Bytes,
        headers: &Headers,
        expected_last: Option<u64>,
        ack_timeout: Duration,
    ) -> Result<Appended, AppendError> {
        let guarded;
        let headers = match expected_last {
            Some(last) => {
                guarded = headers.clone().with(EXPECTED_LAST_SUBJECT_SEQUENCE, last);
                &guarded
            }
            None => headers,
        };
        let reply = self.request(subject, headers, payload, ack_timeout).await.map_err(from_request)?;
        // Whoever answers something else is no stream we know; it may have kept the message all the same.
        let Ok(ack) = reply.json::<Ack>() else { return Err(AppendError::Unknown) };
        match ack {
            Ack { error: Some(failure), .. } => Err(from_failure(failure)),
            Ack { duplicate: true, .. } => Err(AppendError::Conflict { last: None }),
            Ack { seq: 0, .. } => Err(AppendError::Unknown),
            Ack { seq, .. } => Ok(Appended { seq }),
        }
    }
}

fn from_request(error: RequestError) -> AppendError {
    match error {
        RequestError::NoResponders { subject } => AppendError::NoStream { subject },
        RequestError::PermissionDenied { subject } => AppendError::Denied { subject },
        RequestError::TimedOut { .. } | RequestError::Disconnected { maybe_sent: true } => AppendError::Unknown,
        RequestError::Disconnected { maybe_sent: false } => AppendError::Disconnected,
        RequestError::TooLarge { limit } => AppendError::TooLarge { limit: Some(limit) },
        RequestError::InvalidSubject(subject) => AppendError::InvalidSubject(subject),
    }
}

fn from_failure(failure: ApiFailure) -> AppendError {
    match failure.err_code {
        code::WRONG_LAST_SEQUENCE => AppendError::Conflict { last: current_sequence(&failure.description) },
        code::WRONG_LAST_SEQUENCE_IN_FLIGHT => AppendError::Conflict { last: None },
        code::ACCOUNT_RESOURCES
        | code::INSUFFICIENT_RESOURCES
        | code::MEMORY_RESOURCES
        | code::STORAGE_RESOURCES
        // Whatever the store itself refuses: maximum messages or bytes, a full disk, a failed write.
        | code::STORE_FAILED => AppendError::Full { reason: failure.description },
        code::MESSAGE_TOO_LARGE => AppendError::TooLarge { limit: None },
        code::CLUSTER_NOT_AVAILABLE | code::CLUSTER_NOT_LEADER | code::TOO_MANY_REQUESTS => {
            AppendError::Unavailable(failure)
        }
        _ => AppendError::Refused(failure),
    }
}

/// `wrong last sequence: 17`: the only place where the broker says it.
fn current_sequence(description: &str) -> Option<u64> {
    description.rsplit_once(':')?.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(err_code: u32, description: &str) -> ApiFailure {
        ApiFailure { code: 400, err_code, description: description.to_owned() }
    }

    #[test]
    fn both_conflict_codes_are_conflicts() {
        assert_eq!(from_failure(failure(10071, "wrong last sequence: 17")), AppendError::Conflict { last: Some(17) });
        assert_eq!(from_failure(failure(10164, "wrong last sequence")), AppendError::Conflict { last: None });
    }
}
