//! `task.release`: gives a claim back. The third time somebody has to look at the task.

use crate::{
    BlockKind, Limits, Line, Refusal, Status, Task, TaskChange, TaskId,
    decide::{orchestrator_of, who::Who},
    draft::Draft,
    verb::ReleaseTask,
};

use super::{block_if_hopeless, complete::give_back, invalid, ready_among};

pub(crate) fn decide(draft: &mut Draft, who: &Who, verb: &ReleaseTask) -> Result<(), Refusal> {
    let task = draft.task(verb.task)?;
    who.must_work_on(&task, "release")?;
    match task.status {
        Status::Pending => return Ok(()),
        Status::InProgress { .. } => {}
        Status::InReview { .. } | Status::Blocked { .. } if task.claim.is_some() => {}
        Status::InReview { .. } | Status::Blocked { .. } => {
            return Err(Refusal::NotClaimed { task: task.id, actor: who.actor.clone() });
        }
        Status::Completed { .. } | Status::Cancelled { .. } => {
            return Err(invalid(&task, "release"));
        }
    }
    let told = orchestrator_of(&draft.state, &task);
    let reason = verb.reason.clone().unwrap_or_else(|| Draft::line(&format!("released by {}", who.actor)));
    let holder = task.claim.as_ref().map(|c| c.holder.actor.clone());
    release(draft, task.id, &reason, Counts::Yes);
    for told in [told, holder].into_iter().flatten() {
        draft.notify(&told, Some(task.id), &format!("{} was released: {reason}", task.id));
    }
    Ok(())
}

/// Whether a task that comes back is one step nearer to being blocked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counts {
    Yes,
    No,
}

/// Takes the claim off: an `in_progress` task returns to pending, or is blocked when it came back too often; others
/// keep their status.
pub(crate) fn release(draft: &mut Draft, id: TaskId, reason: &Line, counts: Counts) {
    let Some(task) = draft.state.task(id).cloned() else { return };
    let mut after = Task::clone(&task);
    let from = task.status.kind();
    let number = task.claims;
    give_back(&mut after, draft.now);
    if !matches!(task.status, Status::InProgress { .. }) {
        after.released = None;
        draft.put_task(TaskChange::Released { from, to: from, number, reason: reason.clone() }, after);
        return;
    }
    if counts == Counts::Yes {
        after.releases += 1;
    }
    if counts == Counts::Yes && after.releases >= Limits::RELEASES {
        let why = Draft::line(&format!("came back unfinished {} times; last: {reason}", after.releases));
        after.released = None;
        after.status = Status::Blocked {
            blocked_kind: BlockKind::ReleasedTooOften,
            blocked_reason: why.clone(),
            blocked_at: draft.now,
        };
        draft.put_task(TaskChange::Blocked { from, cause: BlockKind::ReleasedTooOften, reason: why }, after);
        return;
    }
    after.status = Status::Pending;
    let to = after.status.kind();
    draft.put_task(TaskChange::Released { from, to, number, reason: reason.clone() }, after);
    block_if_hopeless(draft, id);
    for id in ready_among(draft, &[id]) {
        draft.announce_ready(id);
    }
}
