//! What queries answer: entities with their long texts and what follows from them.

use std::collections::BTreeMap;

use maestro_domain::{
    Actor, Line, Message, PlanKey, Priority, Progress, Project, Session, SessionId, StatusKind, Subtask, SubtaskId,
    Task, TaskId, Timestamp, Title,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// A page of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Give it back to get the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// A project with its long texts and counts of its tasks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProjectView {
    #[serde(flatten)]
    pub project: Project,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub overview: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub goals: Option<String>,
    /// Tasks by status.
    #[serde(default)]
    pub tasks: BTreeMap<StatusKind, u64>,
    #[serde(default)]
    pub living_sessions: u64,
    /// Those of them that wait for somebody.
    #[serde(default)]
    pub needs_input: u64,
}

/// The long texts of a task.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TaskTexts {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acceptance: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub technical_notes: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// What a superseded holder reported.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late_report: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub subtask_descriptions: BTreeMap<SubtaskId, String>,
}

/// A task in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskRow {
    #[serde(flatten)]
    pub task: Task,
    pub progress: Progress,
    /// Pending, and everything it depends on is completed. Absent (false) in the answers to commands.
    #[serde(default)]
    pub ready: bool,
}

/// A dependency as its dependant needs to know it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DependencyView {
    pub id: TaskId,
    pub title: Title,
    pub status: StatusKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// The branch of the session that did it, where it worked in a worktree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

/// A task of a plan that was imported.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImportedTask {
    /// What the plan calls it.
    pub key: PlanKey,
    pub id: TaskId,
    pub title: Title,
    pub status: StatusKind,
    /// False: it was there before.
    pub created: bool,
}

/// What became of a plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ImportedPlan {
    /// In the plan's order; of a plan that took several commands the first 500.
    pub items: Vec<ImportedTask>,
    /// How many of the plan's tasks are new.
    pub created: u32,
    /// All tasks of a plan that took several commands.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<u32>,
    /// How many commands it took; each was all or nothing. Absent: one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<u32>,
}

/// A task with everything that a worker needs in one answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TaskDetail {
    #[serde(flatten)]
    pub task: Task,
    pub progress: Progress,
    pub ready: bool,
    #[serde(flatten)]
    pub texts: TaskTexts,
    /// Texts were cut so that the answer fits into one message. `subtask.list` has those of the subtasks whole, `task.get`
    /// of a dependency its summary.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<DependencyView>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dependants: Vec<TaskId>,
    /// The last entries, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub timeline: Vec<TimelineEntry>,
    /// The caller's unread messages about this task, the oldest first, ten at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<MessageView>,
}

/// A step of a task with its description.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SubtaskView {
    #[serde(flatten)]
    pub subtask: Subtask,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What happened, when, by whom: the change of one event with its `kind` and fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TimelineEntry {
    /// The project's sequence of the commit.
    pub seq: u64,
    /// The event's id.
    pub id: String,
    pub at: Timestamp,
    pub actor: Actor,
    /// `task/t12`
    pub entity: String,
    #[serde(flatten)]
    pub change: Map<String, Value>,
}

/// A session with what a list shows beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    #[serde(flatten)]
    pub session: Session,
    /// Tasks whose claim it holds.
    #[serde(default)]
    pub holds: Vec<TaskId>,
    /// Messages that it has not seen.
    #[serde(default)]
    pub unread: u64,
    /// Why a request waits: `no spawner in pool gpu`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pending: Option<String>,
}

/// A message with its body.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MessageView {
    #[serde(flatten)]
    pub message: Message,
    pub body: String,
}

/// What `status` shows; it begins with what needs the caller.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Overview {
    pub project: ProjectView,
    /// Sessions that wait for input.
    pub needs_input: Vec<SessionView>,
    pub blocked: Vec<TaskRow>,
    pub in_review: Vec<TaskRow>,
    /// The caller's unread messages.
    pub messages: Vec<MessageView>,
    pub in_progress: Vec<TaskRow>,
    /// The best ready tasks.
    pub ready: Vec<TaskRow>,
    pub sessions: Vec<SessionView>,
    /// Effects that the performer gave up on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed_effects: Vec<Line>,
}

/// A replica of the server, as `doctor` shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerInfo {
    pub replica: String,
    pub version: String,
    pub model: u32,
    pub ledger: String,
    /// The last sequence of the ledger that this replica has applied.
    pub applied: u64,
    pub projects: u64,
    pub pid: u32,
    pub started_at: Timestamp,
    /// Why the projection was rebuilt at the start, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuilt: Option<String>,
}

/// For tests and clients that want only these: a task's heart.
impl TaskRow {
    #[must_use]
    pub const fn priority(&self) -> Priority {
        self.task.priority
    }
    #[must_use]
    pub const fn status(&self) -> StatusKind {
        self.task.status.kind()
    }
    #[must_use]
    pub fn holder(&self) -> Option<SessionId> {
        self.task.claim.as_ref().and_then(|c| c.holder.actor.session())
    }
}
