//! Reading tasks. In JSON the fields of a status and of a claim's holder stand beside those of the task and the claim;
//! they are read in one pass, since serde's own way with flattened fields puts every value aside first, and a rebuild
//! reads millions.

use serde::{Deserialize, Deserializer, de::Error};

use super::{Assignment, BlockKind, Claim, Holder, Origin, Priority, Released, Status, StatusKind, Subtask, Task};
use crate::{Actor, Label, Line, TaskId, Timestamp, Title};

#[derive(Deserialize)]
#[serde(rename = "Task", rename_all = "camelCase")]
struct FlatTask {
    id: TaskId,
    rev: u32,
    title: Title,
    status: StatusKind,
    started_at: Option<Timestamp>,
    submitted_at: Option<Timestamp>,
    blocked_kind: Option<BlockKind>,
    blocked_reason: Option<Line>,
    blocked_at: Option<Timestamp>,
    completed_at: Option<Timestamp>,
    completed_by: Option<Actor>,
    cancelled_at: Option<Timestamp>,
    priority: Priority,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    depends_on: Vec<TaskId>,
    #[serde(default)]
    subtasks: Vec<Subtask>,
    #[serde(default)]
    last_subtask: u32,
    claim: Option<Claim>,
    #[serde(default)]
    claims: u32,
    released: Option<Released>,
    #[serde(default)]
    past_holders: Vec<Holder>,
    #[serde(default)]
    releases: u32,
    assignment: Option<Assignment>,
    origin: Option<Origin>,
    created_by: Actor,
    created_at: Timestamp,
    updated_by: Actor,
    updated_at: Timestamp,
}

impl<'de> Deserialize<'de> for Task {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let flat = FlatTask::deserialize(deserializer)?;
        let status = match flat.status {
            StatusKind::Pending => Status::Pending,
            StatusKind::InProgress => Status::InProgress { started_at: there(flat.started_at, "startedAt")? },
            StatusKind::InReview => Status::InReview { submitted_at: there(flat.submitted_at, "submittedAt")? },
            StatusKind::Blocked => Status::Blocked {
                blocked_kind: there(flat.blocked_kind, "blockedKind")?,
                blocked_reason: there(flat.blocked_reason, "blockedReason")?,
                blocked_at: there(flat.blocked_at, "blockedAt")?,
            },
            StatusKind::Completed => Status::Completed {
                completed_at: there(flat.completed_at, "completedAt")?,
                completed_by: there(flat.completed_by, "completedBy")?,
            },
            StatusKind::Cancelled => Status::Cancelled { cancelled_at: there(flat.cancelled_at, "cancelledAt")? },
        };
        Ok(Self {
            id: flat.id,
            rev: flat.rev,
            title: flat.title,
            status,
            priority: flat.priority,
            labels: flat.labels,
            depends_on: flat.depends_on,
            subtasks: flat.subtasks,
            last_subtask: flat.last_subtask,
            claim: flat.claim,
            claims: flat.claims,
            released: flat.released,
            past_holders: flat.past_holders,
            releases: flat.releases,
            assignment: flat.assignment,
            origin: flat.origin,
            created_by: flat.created_by,
            created_at: flat.created_at,
            updated_by: flat.updated_by,
            updated_at: flat.updated_at,
        })
    }
}

#[derive(Deserialize)]
#[serde(rename = "Claim")]
struct FlatClaim {
    number: u32,
    actor: Actor,
    epoch: Option<u32>,
    since: Timestamp,
}

impl<'de> Deserialize<'de> for Claim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let FlatClaim { number, actor, epoch, since } = FlatClaim::deserialize(deserializer)?;
        Ok(Self { number, holder: Holder { actor, epoch }, since })
    }
}

#[derive(Deserialize)]
#[serde(rename = "Released")]
struct FlatReleased {
    number: u32,
    actor: Actor,
    epoch: Option<u32>,
    at: Timestamp,
}

impl<'de> Deserialize<'de> for Released {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let FlatReleased { number, actor, epoch, at } = FlatReleased::deserialize(deserializer)?;
        Ok(Self { number, holder: Holder { actor, epoch }, at })
    }
}

fn there<T, E: Error>(value: Option<T>, name: &'static str) -> Result<T, E> {
    value.ok_or_else(|| E::missing_field(name))
}
