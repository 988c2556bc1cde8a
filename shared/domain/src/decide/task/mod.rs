//! The verbs of a task.

pub(super) mod block;
pub(super) mod cancel;
pub(super) mod complete;
pub(super) mod create;
pub(super) mod delete;
pub(super) mod depend;
pub(super) mod import;
pub(super) mod log;
pub(super) mod next;
pub(super) mod release;
pub(super) mod reopen;
pub(super) mod start;
pub(super) mod submit;
pub(super) mod update;

use crate::{Refusal, Task, TaskChange, TaskId, draft::Draft};

fn invalid(task: &Task, verb: &'static str) -> Refusal {
    Refusal::InvalidTransition { task: task.id, from: task.status.kind(), verb, needs_force: false }
}

/// Those of `candidates` that are ready now; the caller knows that they were not before.
fn ready_among(draft: &Draft, candidates: &[TaskId]) -> Vec<TaskId> {
    candidates
        .iter()
        .copied()
        .filter(|id| draft.state.task(*id).is_some_and(|task| draft.state.is_ready(task)))
        .collect()
}

/// After a task became pending: blocked where it would wait for ever, told of where it may be taken.
pub(super) fn becomes_ready(draft: &mut Draft, id: TaskId) {
    block_if_hopeless(draft, id);
    for id in ready_among(draft, &[id]) {
        draft.announce_ready(id);
    }
}

/// A pending task that waits for a cancelled one would wait for ever: it is blocked, so that somebody sees it.
fn block_if_hopeless(draft: &mut Draft, id: TaskId) {
    use crate::{BlockKind, Status};
    let Some(task) = draft.state.task(id).cloned() else { return };
    if !matches!(task.status, Status::Pending) {
        return;
    }
    let Some(dependency) = cancelled_dependency(draft, &task) else { return };
    let reason = Draft::line(&format!("{dependency} was cancelled and this task depends on it"));
    let (cause, at) = (BlockKind::DependencyCancelled, draft.now);
    let status = Status::Blocked { blocked_kind: cause, blocked_reason: reason.clone(), blocked_at: at };
    draft.change_task(id, TaskChange::Blocked { from: task.status.kind(), cause, reason }, |t| {
        t.status = status;
        t.released = None;
    });
}

fn cancelled_dependency(draft: &Draft, task: &Task) -> Option<TaskId> {
    let cancelled =
        |id: &TaskId| draft.state.task(*id).is_some_and(|task| matches!(task.status, crate::Status::Cancelled { .. }));
    task.depends_on.iter().copied().find(cancelled)
}

/// A cancelled dependency stands in nobody's way any more: those that it blocked are pending again.
fn lift_cancelled(draft: &mut Draft, candidates: &[TaskId]) {
    use crate::{BlockKind, Status, StatusKind};
    for id in candidates {
        let Some(task) = draft.state.task(*id).cloned() else { continue };
        let Status::Blocked { blocked_kind: BlockKind::DependencyCancelled, .. } = task.status else { continue };
        if cancelled_dependency(draft, &task).is_none() {
            let change = TaskChange::Unblocked { to: StatusKind::Pending, message: None };
            draft.change_task(*id, change, |t| t.status = Status::Pending);
        }
    }
}
