//! `task.release`: gives a claim back. The third time somebody has to look at the task.

use crate::{
    BlockKind, Limits, Line, Refusal, Status, Task, TaskChange, TaskId,
    decide::{orchestrator_of, who::Who},
    draft::Draft,
    verb::ReleaseTask,
};

use super::{becomes_ready, complete::give_back, invalid};

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
    give_up(draft, who, task.id);
    let text = format!("{} was released: {reason}{}", task.id, comes_back(draft, task.id).unwrap_or_default());
    if let Some(told) = &told {
        draft.report(told, Some(task.id), &text);
    }
    if let Some(holder) = holder.filter(|holder| told.as_ref() != Some(holder)) {
        draft.notify(&holder, Some(task.id), &text);
    }
    Ok(())
}

/// A session that was given the task, and gives it up, is not expected to begin it any more.
fn give_up(draft: &mut Draft, who: &Who, id: TaskId) {
    let Some(session) = who.actor.session() else { return };
    let its = |task: &Task| task.assignment.as_ref().is_some_and(|assignment| assignment.session == session);
    if draft.state.task(id).is_some_and(|task| its(task)) {
        draft.change_task(id, TaskChange::Unassigned { session }, |task| task.assignment = None);
    }
}

/// What to say of a task that came back once too often.
pub(crate) fn comes_back(draft: &Draft, id: TaskId) -> Option<String> {
    let task = draft.state.task(id)?;
    let Status::Blocked { blocked_kind: BlockKind::ReleasedTooOften, .. } = task.status else { return None };
    Some(format!("; {id} came back {} times and is blocked: maestro task unblock {id}", task.releases))
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
    becomes_ready(draft, id);
}
