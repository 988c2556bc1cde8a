//! A message from anyone to a session or a person; each of its steps is an event.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Actor, MessageId, TaskId, Timestamp};

/// How far a message got.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    Queued,
    Delivered,
    Seen,
}

/// What a message is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MessageKind {
    /// From one to another.
    #[default]
    Mail,
    /// The answer to what a session waits for.
    Answer,
    /// The server tells what became of a session or task.
    Notice,
}

/// A message, less its body, which travels with the change that queued it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Message {
    pub id: MessageId,
    pub rev: u32,
    pub kind: MessageKind,
    pub from: Actor,
    pub to: Actor,
    /// Only for this incarnation of the session, if given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    pub status: MessageStatus,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}
