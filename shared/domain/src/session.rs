//! A session: one worker or orchestrator, in numbered incarnations (epochs).

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Actor, AgentName, Label, Line, NodeName, PoolName, SessionId, SkillName, TaskId, Timestamp};

/// What a session is for; decides what it may do.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Acts on its own tasks.
    #[default]
    Worker,
    /// Acts on any task and spawns sessions.
    Orchestrator,
    /// Acts on its own tasks, with a skill of its own.
    Custom,
}

/// What an agent waits for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum InputKind {
    Permission,
    Question,
    Idle,
    RateLimited,
    Login,
}

/// Where a session stands. JSON: `status` and the state's fields beside it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum SessionStatus {
    Requested {
        requested_at: Timestamp,
        expires_at: Timestamp,
    },
    Starting {
        starting_at: Timestamp,
        active_by: Timestamp,
    },
    Active {
        active_at: Timestamp,
    },
    NeedsInput {
        input: InputKind,
        question: Line,
        asked_at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    Exited {
        code: i32,
        ended_at: Timestamp,
    },
    Failed {
        failure: Line,
        ended_at: Timestamp,
    },
    Stopped {
        stopped_by: Actor,
        ended_at: Timestamp,
    },
    Lost {
        lost_reason: Line,
        ended_at: Timestamp,
    },
}

/// A session's status without its fields.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SessionStatusKind {
    Requested,
    Starting,
    Active,
    NeedsInput,
    Exited,
    Failed,
    Stopped,
    Lost,
}

impl SessionStatus {
    #[must_use]
    pub const fn kind(&self) -> SessionStatusKind {
        match self {
            Self::Requested { .. } => SessionStatusKind::Requested,
            Self::Starting { .. } => SessionStatusKind::Starting,
            Self::Active { .. } => SessionStatusKind::Active,
            Self::NeedsInput { .. } => SessionStatusKind::NeedsInput,
            Self::Exited { .. } => SessionStatusKind::Exited,
            Self::Failed { .. } => SessionStatusKind::Failed,
            Self::Stopped { .. } => SessionStatusKind::Stopped,
            Self::Lost { .. } => SessionStatusKind::Lost,
        }
    }
}

impl SessionStatusKind {
    /// Asked for, being prepared or running.
    #[must_use]
    pub const fn is_living(self) -> bool {
        match self {
            Self::Requested | Self::Starting | Self::Active | Self::NeedsInput => true,
            Self::Exited | Self::Failed | Self::Stopped | Self::Lost => false,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Starting => "starting",
            Self::Active => "active",
            Self::NeedsInput => "needs_input",
            Self::Exited => "exited",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Lost => "lost",
        }
    }

    /// The arrows of the state machine within one epoch; a new epoch begins at `requested`.
    #[must_use]
    pub const fn may_become(self, to: Self) -> bool {
        use SessionStatusKind::{Active, Exited, Failed, Lost, NeedsInput, Requested, Starting, Stopped};
        match (self, to) {
            (Requested, Requested | Starting | Failed | Stopped | Lost)
            | (Starting, Starting | Active | Exited | Failed | Stopped | Lost)
            | (Active, Active | NeedsInput | Exited | Failed | Stopped | Lost)
            | (NeedsInput, NeedsInput | Active | Exited | Failed | Stopped | Lost)
            // Thought lost, it was alive: it goes on, or its late end is recorded.
            | (Lost, Lost | Active | NeedsInput | Exited | Stopped)
            | (Exited, Exited)
            | (Failed, Failed)
            | (Stopped, Stopped) => true,
            (Requested, Active | NeedsInput | Exited)
            | (Starting, Requested | NeedsInput)
            | (Active | NeedsInput, Requested | Starting)
            | (Lost, Requested | Starting | Failed)
            | (Exited, Requested | Starting | Active | NeedsInput | Failed | Stopped | Lost)
            | (Failed, Requested | Starting | Active | NeedsInput | Exited | Stopped | Lost)
            | (Stopped, Requested | Starting | Active | NeedsInput | Exited | Failed | Lost) => false,
        }
    }
}

impl fmt::Display for SessionStatusKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What happens when a session ends badly: nothing, or a new epoch after a backoff, at most `max` times.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RestartPolicy {
    #[default]
    Never,
    OnFailure {
        max: u32,
    },
}

/// Which deadline of a session passed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeadlineKind {
    /// No spawner took the request.
    Request,
    /// `starting` without `active`.
    Starting,
    /// The backoff before the next epoch is over.
    Restart,
    /// Its tasks have been done for long enough.
    Done,
}

/// Why a session is to stop, and so what comes after it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StopCause {
    /// Somebody wanted it.
    #[default]
    Asked,
    /// What runs it went down in good order; it can go on where it was.
    Shutdown,
    /// It was done with its tasks.
    TasksDone,
    /// Its next epoch begins when this one has ended.
    Restart,
}

impl StopCause {
    const fn is_asked(&self) -> bool {
        matches!(self, Self::Asked)
    }
}

/// A recorded wish to stop.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct StopRequest {
    pub by: Actor,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "StopCause::is_asked")]
    pub cause: StopCause,
}

/// Where a session may run, beside its pool.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Wants {
    /// Only there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeName>,
    /// Only on hosts that have all of these.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
}

impl Wants {
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.node.is_none() && self.labels.is_empty()
    }
}

/// What an epoch goes on with.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Resumes {
    /// The epoch before it.
    pub epoch: u32,
    /// Where that ran; an agent's own conversation lies there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeName>,
}

/// A session, less its long texts (prompt, command).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Session {
    pub id: SessionId,
    pub rev: u32,
    pub name: Line,
    pub role: Role,
    pub agent: AgentName,
    pub skill: SkillName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Line>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tasks: Vec<TaskId>,
    /// Who spawned it and is told how it goes.
    pub parent: Actor,
    pub pool: PoolName,
    #[serde(default, skip_serializing_if = "Wants::is_empty")]
    pub wants: Wants,
    /// The incarnation; every start is a new one, counting from 1.
    pub epoch: u32,
    #[serde(flatten)]
    pub status: SessionStatus,
    /// The spawner that took this epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node: Option<NodeName>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workspace: Option<Line>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop: Option<StopRequest>,
    #[serde(default)]
    pub restart: RestartPolicy,
    /// Restarts so far.
    #[serde(default)]
    pub restarts: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restart_at: Option<Timestamp>,
    /// How many epochs in a row were lost before their agent ran.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub tries: u32,
    /// Not to be stopped when its tasks are done.
    #[serde(default)]
    pub keep: bool,
    /// All its tasks are done: it is stopped then, unless something comes up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stop_at: Option<Timestamp>,
    /// This epoch goes on with the conversation of an earlier one; absent: it begins with its prompt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<Resumes>,
    /// Its last `update`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update: Option<Line>,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
const fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Session {
    #[must_use]
    pub const fn is_living(&self) -> bool {
        self.status.kind().is_living()
    }

    /// The deadline that this session runs towards, if any.
    #[must_use]
    pub const fn deadline(&self) -> Option<(Timestamp, DeadlineKind)> {
        match (&self.status, self.restart_at) {
            (SessionStatus::Requested { expires_at, .. }, _) => Some((*expires_at, DeadlineKind::Request)),
            (SessionStatus::Starting { active_by, .. }, _) => Some((*active_by, DeadlineKind::Starting)),
            (SessionStatus::Active { .. } | SessionStatus::NeedsInput { .. }, _) => match self.stop_at {
                Some(at) => Some((at, DeadlineKind::Done)),
                None => None,
            },
            (
                SessionStatus::Exited { .. }
                | SessionStatus::Failed { .. }
                | SessionStatus::Stopped { .. }
                | SessionStatus::Lost { .. },
                Some(at),
            ) => Some((at, DeadlineKind::Restart)),
            (
                SessionStatus::Exited { .. }
                | SessionStatus::Failed { .. }
                | SessionStatus::Stopped { .. }
                | SessionStatus::Lost { .. },
                None,
            ) => None,
        }
    }
}
