//! A task, its subtasks, its claim and its assignment.

mod flat;
mod status;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Actor, Label, PlanKey, SessionId, SubtaskId, TaskId, Timestamp, Title};
pub use status::{BlockKind, Status, StatusKind};

/// How urgent a task is; `critical` goes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    Critical,
    High,
    #[default]
    Medium,
    Low,
}

/// A step inside a task. Its description is a long text and travels only with the change that sets it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Subtask {
    pub id: SubtaskId,
    pub title: Title,
    pub completed: bool,
    pub created_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_by: Option<Actor>,
}

/// Who holds a claim: one incarnation of a session, or a person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Holder {
    pub actor: Actor,
    /// The session's incarnation; absent for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
}

/// The one live claim of a task; claims of a task are numbered from 1.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    pub number: u32,
    #[serde(flatten)]
    pub holder: Holder,
    pub since: Timestamp,
}

/// The latest claim after it was given back: while the task's status stays as the release left it, that holder may
/// still complete it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Released {
    pub number: u32,
    #[serde(flatten)]
    pub holder: Holder,
    pub at: Timestamp,
}

/// The session that a task was given to when it was spawned.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Assignment {
    pub session: SessionId,
    pub by: Actor,
    pub at: Timestamp,
}

/// Where an imported task comes from: importing the same again finds it by this.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Origin {
    /// The plan.
    pub source: PlanKey,
    /// What the task is called in it.
    pub key: PlanKey,
}

/// Completed subtasks of all.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Progress {
    pub completed: u32,
    pub total: u32,
}

/// A unit of work, less its long texts (description, criteria, notes, summary), which travel with the changes that
/// set them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Task {
    pub id: TaskId,
    /// Grows by one with every change.
    pub rev: u32,
    pub title: Title,
    #[serde(flatten)]
    pub status: Status,
    pub priority: Priority,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<TaskId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subtasks: Vec<Subtask>,
    /// The highest subtask number given so far; numbers are not used twice.
    #[serde(default)]
    pub last_subtask: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// How many claims there have been.
    #[serde(default)]
    pub claims: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Released>,
    /// The last five holders before the present one: what they report late is kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub past_holders: Vec<Holder>,
    /// How often the task came back unfinished since it was created, unblocked or reopened.
    #[serde(default)]
    pub releases: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignment: Option<Assignment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    pub created_by: Actor,
    pub created_at: Timestamp,
    pub updated_by: Actor,
    pub updated_at: Timestamp,
}

impl Task {
    #[must_use]
    pub fn progress(&self) -> Progress {
        let completed = self.subtasks.iter().filter(|s| s.completed).count();
        Progress { completed: count(completed), total: count(self.subtasks.len()) }
    }

    #[must_use]
    pub fn subtask(&self, id: SubtaskId) -> Option<&Subtask> {
        self.subtasks.iter().find(|s| s.id == id)
    }

    #[must_use]
    pub fn open_subtasks(&self) -> Vec<SubtaskId> {
        self.subtasks.iter().filter(|s| !s.completed).map(|s| s.id).collect()
    }
}

fn count(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
