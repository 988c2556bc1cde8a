//! Events: what happened, and the entity as it then was.
//!
//! `change` is typed and doubles as the timeline entry; `after` is the whole entity less its long texts, so that a
//! follower keeps a correct picture with one assignment. `after` is absent where the entity is gone (`deleted`,
//! `purged`) or did not change (`ready`).

use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    BlockKind, DeadlineKind, EntityRef, InputKind, Line, Message, MessageId, NodeName, Project, Session, SessionId,
    StatusKind, SubtaskId, Task, TaskId, Timestamp, Title,
    verb::{Markdown, Prompt, Report},
};

/// One event of a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    Project { change: ProjectChange, after: Option<Arc<Project>> },
    Task { id: TaskId, change: TaskChange, after: Option<Arc<Task>> },
    Session { id: SessionId, change: SessionChange, after: Option<Arc<Session>> },
    Message { id: MessageId, change: MessageChange, after: Option<Arc<Message>> },
    Effect { change: EffectChange },
}

/// `entity.kind`, as in `task.completed`.
pub type EventKind = (&'static str, &'static str);

/// A change of any entity, as a timeline shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Change {
    Project(ProjectChange),
    Task(TaskChange),
    Session(SessionChange),
    Message(MessageChange),
    Effect(EffectChange),
}

impl Event {
    #[must_use]
    pub const fn entity(&self) -> EntityRef {
        match self {
            // A failed effect is about the project as a whole; the entity it was for is in its change.
            Self::Project { .. } | Self::Effect { .. } => EntityRef::Project,
            Self::Task { id, .. } => EntityRef::Task(*id),
            Self::Session { id, .. } => EntityRef::Session(*id),
            Self::Message { id, .. } => EntityRef::Message(*id),
        }
    }

    /// The event's name in two tokens: what it is about and what happened.
    #[must_use]
    pub const fn kind(&self) -> EventKind {
        match self {
            Self::Project { change, .. } => ("project", change.kind()),
            Self::Task { change, .. } => ("task", change.kind()),
            Self::Session { change, .. } => ("session", change.kind()),
            Self::Message { change, .. } => ("message", change.kind()),
            Self::Effect { change } => ("effect", change.kind()),
        }
    }
}

macro_rules! changes {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $kind:literal { $($(#[$fdoc:meta])* $field:ident : $ty:ty),* $(,)? }),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(tag = "kind", rename_all_fields = "camelCase")]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $kind)] $variant { $($(#[$fdoc])* $field: $ty),* }),*
        }

        impl $name {
            /// Every kind, as on the wire.
            pub const KINDS: &'static [&'static str] = &[$($kind),*];

            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $kind),*
                }
            }
        }
    };
}

changes! {
    /// What happened to a project.
    ProjectChange {
        Created = "created" {
            #[serde(default, skip_serializing_if = "Option::is_none")] overview: Option<Markdown>,
            #[serde(default, skip_serializing_if = "Option::is_none")] goals: Option<Markdown>,
        },
        Updated = "updated" {
            fields: Vec<String>,
            #[serde(default, skip_serializing_if = "Option::is_none")] overview: Option<Markdown>,
            #[serde(default, skip_serializing_if = "Option::is_none")] goals: Option<Markdown>,
        },
        Archived = "archived" {},
        Restored = "restored" {},
        Purged = "purged" {},
    }
}

/// The long text of a subtask that was created with its task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct NewSubtaskText {
    pub id: SubtaskId,
    pub description: Report,
}

changes! {
    /// What happened to a task. These are the kinds of its timeline.
    TaskChange {
        Created = "created" {
            #[serde(default, skip_serializing_if = "Option::is_none")] description: Option<Markdown>,
            #[serde(default, skip_serializing_if = "Vec::is_empty")] acceptance: Vec<Line>,
            #[serde(default, skip_serializing_if = "Option::is_none")] technical_notes: Option<Markdown>,
            #[serde(default, skip_serializing_if = "Vec::is_empty")] subtasks: Vec<NewSubtaskText>,
        },
        Updated = "updated" {
            fields: Vec<String>,
            #[serde(default, skip_serializing_if = "Option::is_none")] description: Option<Markdown>,
            #[serde(default, skip_serializing_if = "Option::is_none")] acceptance: Option<Vec<Line>>,
            #[serde(default, skip_serializing_if = "Option::is_none")] technical_notes: Option<Markdown>,
        },
        Claimed = "claimed" { from: StatusKind, number: u32, forced: bool },
        Progress = "progress" { message: Report },
        Comment = "comment" { message: Report },
        Submitted = "submitted" {
            from: StatusKind,
            #[serde(default, skip_serializing_if = "Option::is_none")] summary: Option<Report>,
        },
        Completed = "completed" {
            from: StatusKind,
            #[serde(default, skip_serializing_if = "Option::is_none")] summary: Option<Report>,
            forced: bool,
            /// Reported by the holder of the latest claim after that claim was released.
            late: bool,
        },
        LateReport = "late_report" {
            #[serde(default, skip_serializing_if = "Option::is_none")] summary: Option<Report>,
        },
        Blocked = "blocked" { from: StatusKind, cause: BlockKind, reason: Line },
        Unblocked = "unblocked" {
            to: StatusKind,
            #[serde(default, skip_serializing_if = "Option::is_none")] message: Option<Report>,
        },
        Released = "released" { from: StatusKind, to: StatusKind, number: u32, reason: Line },
        Reopened = "reopened" {
            from: StatusKind,
            #[serde(default, skip_serializing_if = "Option::is_none")] reason: Option<Line>,
        },
        Cancelled = "cancelled" {
            from: StatusKind,
            #[serde(default, skip_serializing_if = "Option::is_none")] reason: Option<Line>,
        },
        Ready = "ready" {},
        Deleted = "deleted" {},
        DependenciesChanged = "dependencies_changed" { added: Vec<TaskId>, removed: Vec<TaskId> },
        Assigned = "assigned" { session: SessionId },
        Unassigned = "unassigned" { session: SessionId },
        SubtaskCreated = "subtask_created" {
            subtask: SubtaskId,
            title: Title,
            #[serde(default, skip_serializing_if = "Option::is_none")] description: Option<Report>,
        },
        SubtaskUpdated = "subtask_updated" {
            subtask: SubtaskId,
            #[serde(default, skip_serializing_if = "Option::is_none")] title: Option<Title>,
            #[serde(default, skip_serializing_if = "Option::is_none")] description: Option<Report>,
        },
        SubtaskCompleted = "subtask_completed" { subtask: SubtaskId, title: Title },
        SubtaskReopened = "subtask_reopened" { subtask: SubtaskId, title: Title },
        SubtaskDeleted = "subtask_deleted" { subtask: SubtaskId, title: Title },
        SubtaskMoved = "subtask_moved" { subtask: SubtaskId, position: u32 },
        QueuedRefused = "queued_refused" {
            verb: Line,
            code: Line,
            message: Line,
            #[serde(default, skip_serializing_if = "Option::is_none")] report: Option<Report>,
        },
    }
}

changes! {
    /// What happened to a session.
    SessionChange {
        Requested = "requested" {
            epoch: u32,
            #[serde(default, skip_serializing_if = "Option::is_none")] prompt: Option<Prompt>,
            #[serde(default, skip_serializing_if = "Vec::is_empty")] command: Vec<Report>,
            #[serde(default, skip_serializing_if = "Vec::is_empty")] initial_commands: Vec<Line>,
            #[serde(default, skip_serializing_if = "Option::is_none")] reason: Option<Report>,
            include_related: bool,
        },
        /// A new epoch of the same session that begins anew: under its restart policy, or because somebody wanted it.
        Restarted = "restarted" { epoch: u32 },
        /// A new epoch of the same session that goes on where the last one was.
        Resumed = "resumed" { epoch: u32 },
        /// All its tasks are done.
        StopPlanned = "stop_planned" { stop_at: Timestamp },
        /// It has something to do again.
        StopCalledOff = "stop_called_off" {},
        Starting = "starting" { epoch: u32, node: NodeName },
        Active = "active" { epoch: u32 },
        NeedsInput = "needs_input" {
            input: InputKind,
            question: Line,
            #[serde(default, skip_serializing_if = "Option::is_none")] until: Option<Timestamp>,
        },
        Progress = "progress" { message: Report },
        StopRequested = "stop_requested" {},
        Exited = "exited" { epoch: u32, code: i32 },
        Failed = "failed" { epoch: u32, failure: Line },
        Lost = "lost" { epoch: u32, reason: Line },
        Stopped = "stopped" { epoch: u32 },
        /// The restart that was due did not happen, and why.
        RestartAbandoned = "restart_abandoned" { deadline: DeadlineKind, reason: Line },
    }
}

changes! {
    /// What happened to a message.
    MessageChange {
        Queued = "queued" { body: Report },
        Delivered = "delivered" {},
        Seen = "seen" {},
    }
}

changes! {
    /// What happened to an outside effect.
    EffectChange {
        Failed = "failed" { effect: String, entity: EntityRef, error: Line },
    }
}
