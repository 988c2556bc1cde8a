//! Long polls: bounded, with a cursor, answered when something happens or the time is over.

use maestro_domain::{EntityRef, SessionId, SessionStatusKind, StatusKind, TaskId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{ErrorBody, ErrorCode, MessageView, TimelineEntry};

/// A wait on the wire; what is waited for stands in the subject: `tasks` or `events`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WaitEnvelope {
    /// `maestro.v1.wait`
    #[serde(rename = "type")]
    pub kind: String,
    /// At most this long, in milliseconds; 30,000 is the bound.
    pub timeout_ms: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
    /// The replica must have seen this sequence of the project first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_seq: Option<u64>,
    /// The ledger that `minSeq` counts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
    #[schemars(with = "serde_json::Value")]
    pub data: Box<RawValue>,
}

/// `wait.….tasks`: until one (or all) of the tasks is completed, in review, blocked, cancelled or released, its
/// session needs input or ended, or the caller has an unread message. Answers [`Waited`].
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WaitTasks {
    pub tasks: Vec<TaskId>,
    /// Sessions whose end or need of input is waited for too.
    pub sessions: Vec<SessionId>,
    pub all: bool,
    /// What was released, asked or ended up to this sequence of the project is old news.
    pub since: Option<u64>,
    /// Unread messages of the caller up to this number are old news.
    pub since_message: Option<maestro_domain::MessageId>,
}

/// `wait.….events`: what happened in the project after `since`. Answers [`Waited`] with `events`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WaitEvents {
    /// Absent: from now on.
    pub since: Option<u64>,
    pub entity: Option<EntityRef>,
    pub limit: Option<u32>,
}

/// What can be waited for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum WaitRequest {
    Tasks(WaitTasks),
    Events(WaitEvents),
}

/// Why a wait is over.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum WaitReason {
    /// The task has a status that somebody waits for.
    Task { task: TaskId, status: StatusKind },
    /// The task was given back unfinished.
    Released { task: TaskId },
    /// The session needs input or ended.
    Session { session: SessionId, status: SessionStatusKind },
}

/// The answer to a wait.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waited {
    /// False: the time is over, wait again with the same cursor.
    pub reached: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<WaitReason>,
    /// The caller's unread messages.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<MessageView>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<TimelineEntry>,
    /// Give it back as `since`.
    pub cursor: u64,
}

impl WaitEnvelope {
    pub const TYPE: &'static str = "maestro.v1.wait";
    /// The longest wait in milliseconds.
    pub const MAX_MS: u32 = 30_000;

    #[must_use]
    pub fn new(request: &WaitRequest, timeout_ms: u32) -> Self {
        let data = match request {
            WaitRequest::Tasks(tasks) => serde_json::value::to_raw_value(tasks),
            WaitRequest::Events(events) => serde_json::value::to_raw_value(events),
        };
        Self {
            kind: Self::TYPE.to_owned(),
            timeout_ms: timeout_ms.min(Self::MAX_MS),
            epoch: None,
            min_seq: None,
            ledger: None,
            data: data.unwrap_or_else(|_| RawValue::NULL.to_owned()),
        }
    }

    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl WaitRequest {
    /// The last token of the subject.
    #[must_use]
    pub const fn what(&self) -> &'static str {
        match self {
            Self::Tasks(_) => "tasks",
            Self::Events(_) => "events",
        }
    }
}

/// Reads a wait.
///
/// # Errors
/// As [`crate::decode`], and `unknown_command`, `unsupported_version`.
pub fn decode_wait(what: &str, bytes: &[u8]) -> Result<(WaitEnvelope, WaitRequest), ErrorBody> {
    crate::command::check_type(bytes, WaitEnvelope::TYPE)?;
    let envelope: WaitEnvelope = crate::decode(bytes)?;
    crate::command::check_object(envelope.data.get().as_bytes())?;
    let json = envelope.data.get();
    let request = match what {
        "tasks" => serde_json::from_str(json).map(WaitRequest::Tasks),
        "events" => serde_json::from_str(json).map(WaitRequest::Events),
        _ => return Err(ErrorBody::new(ErrorCode::UnknownCommand, format!("'{what}' cannot be waited for"))),
    };
    request.map(|request| (envelope, request)).map_err(|error| crate::error::explain(&error))
}
