//! Refusals: facts about the state that stand in a command's way.

use crate::{
    Actor, Holder, InvalidValue, MessageId, PlanKey, ProjectId, SessionId, SessionStatusKind, StatusKind, SubtaskId,
    TaskId,
};

/// Why a command cannot be. The wire turns each into an error code, a message and the next commands to type.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refusal {
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    #[error("the address of the repository contains a password; whoever reads the project would read it")]
    PasswordInRepository,
    #[error("there is no project '{0}'")]
    ProjectNotFound(ProjectId),
    #[error("the project '{0}' exists already")]
    ProjectExists(ProjectId),
    #[error("the project '{0}' is archived")]
    ProjectArchived(ProjectId),
    #[error("purging deletes the whole history of '{0}'; repeat its id to confirm")]
    ConfirmationMissing(ProjectId),
    #[error("there is no task {0}")]
    TaskNotFound(TaskId),
    #[error("task {task} has no subtask {subtask}")]
    SubtaskNotFound { task: TaskId, subtask: SubtaskId, known: Vec<SubtaskId> },
    #[error("there is no session {0}")]
    SessionNotFound(SessionId),
    #[error("there is no message {0} for you, or it has been seen")]
    MessageNotFound(MessageId),
    #[error("task {task} is {from}; '{verb}' is not possible from there")]
    InvalidTransition { task: TaskId, from: StatusKind, verb: &'static str, needs_force: bool },
    #[error("task {task} is claimed by {}", holder.actor)]
    AlreadyClaimed { task: TaskId, holder: Holder },
    #[error("task {task} is assigned to {session}")]
    AlreadyAssigned { task: TaskId, session: SessionId },
    #[error("task {task} would wait for ever: {dependency}, which it depends on, was cancelled")]
    DependencyCancelled { task: TaskId, dependency: TaskId },
    #[error("task {task} waits for {}", list(open))]
    DependenciesOpen {
        task: TaskId,
        open: Vec<TaskId>,
        /// Those that the caller may start now.
        startable: Vec<TaskId>,
        /// Those that somebody else works on.
        held: Vec<TaskId>,
    },
    #[error("task {task} has open subtasks: {}", list(open))]
    OpenSubtasks { task: TaskId, open: Vec<SubtaskId> },
    #[error("that dependency would close a circle: {}", circle.iter().map(ToString::to_string).collect::<Vec<_>>().join(" -> "))]
    DependencyCycle { circle: Vec<TaskId> },
    #[error("these tasks would wait for each other: {}", circle.iter().map(PlanKey::as_str).collect::<Vec<_>>().join(" -> "))]
    PlanCycle { circle: Vec<PlanKey> },
    #[error("'{on}', which '{key}' depends on, is neither a key of this plan nor a task")]
    UnknownPlanKey { key: PlanKey, on: PlanKey },
    #[error("'{on}', which '{key}' depends on, is a task of '{from}' that this plan leaves out")]
    LeftOutOfPlan { key: PlanKey, on: PlanKey, from: PlanKey },
    #[error("the key '{0}' names two tasks of this plan")]
    PlanKeyTwice(PlanKey),
    #[error("{} {} on task {task}", list(dependants), if dependants.len() == 1 { "depends" } else { "depend" })]
    HasDependants { task: TaskId, dependants: Vec<TaskId> },
    #[error("task {task} is being worked on by {}", holder.actor)]
    StillClaimed { task: TaskId, holder: Holder },
    #[error("task {task} is not claimed by {actor}")]
    NotClaimed { task: TaskId, actor: Actor },
    #[error("{actor} may not {what}")]
    NotPermitted { actor: Actor, what: String, task: Option<TaskId> },
    #[error("session {session} is in epoch {current}; this command comes from epoch {given:?}")]
    StaleSession { session: SessionId, given: Option<u32>, current: u32 },
    #[error("session {session} is {status}; '{verb}' is not possible there")]
    SessionState { session: SessionId, status: SessionStatusKind, verb: &'static str },
    #[error("session {session} was taken by spawner {by}")]
    SessionTaken { session: SessionId, by: crate::NodeName },
    #[error("{what}: the limit is {limit}")]
    LimitReached { what: &'static str, limit: u64 },
    #[error("nothing to change was given")]
    NoUpdates,
    #[error("that deadline is not due")]
    NotDue,
}

fn list<T: ToString>(items: &[T]) -> String {
    const SHOWN: usize = 10;
    let mut text = items.iter().take(SHOWN).map(ToString::to_string).collect::<Vec<_>>().join(", ");
    if items.len() > SHOWN {
        text.push_str(&format!(" and {} more", items.len() - SHOWN));
    }
    text
}
