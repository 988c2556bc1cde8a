//! `task.block` and `task.unblock`

use crate::{
    BlockKind, Refusal, Status, StatusKind, Task, TaskChange,
    decide::{orchestrator_of, who::Who},
    draft::Draft,
    verb::{BlockTask, UnblockTask},
};

use super::{cancelled_dependency, invalid, ready_among};

pub(crate) fn decide(draft: &mut Draft, who: &Who, verb: &BlockTask) -> Result<(), Refusal> {
    let task = draft.task(verb.task)?;
    who.must_work_on(&task, "block")?;
    match task.status {
        Status::Blocked { .. } => return Ok(()),
        Status::InProgress { .. } => {}
        Status::Pending | Status::InReview { .. } | Status::Completed { .. } | Status::Cancelled { .. } => {
            return Err(invalid(&task, "block"));
        }
    }
    let mut after = Task::clone(&task);
    after.status = Status::Blocked {
        blocked_kind: BlockKind::Reported,
        blocked_reason: verb.reason.clone(),
        blocked_at: draft.now,
    };
    let change =
        TaskChange::Blocked { from: task.status.kind(), cause: BlockKind::Reported, reason: verb.reason.clone() };
    draft.put_task(change, after);
    if let Some(told) = orchestrator_of(&draft.state, &task) {
        let text = format!(
            "{} is blocked ({}): {}\nAnswer with: maestro task unblock {} \"<answer>\"",
            task.id, task.title, verb.reason, task.id
        );
        draft.report(&told, Some(task.id), &text);
    }
    Ok(())
}

/// Back to its holder with the answer, or to pending when nobody holds it.
pub(crate) fn unblock(draft: &mut Draft, who: &Who, verb: &UnblockTask) -> Result<(), Refusal> {
    let task = draft.task(verb.task)?;
    who.must_take_up(&task, "unblock")?;
    match task.status {
        Status::Blocked { .. } => {}
        Status::Pending | Status::InProgress { .. } => return Ok(()),
        Status::InReview { .. } | Status::Completed { .. } | Status::Cancelled { .. } => {
            return Err(invalid(&task, "unblock"));
        }
    }
    if let (None, Some(dependency)) = (&task.claim, cancelled_dependency(draft, &task)) {
        return Err(Refusal::DependencyCancelled { task: task.id, dependency });
    }
    let mut after = Task::clone(&task);
    after.releases = 0;
    let to = if task.claim.is_some() { StatusKind::InProgress } else { StatusKind::Pending };
    after.status = match to {
        StatusKind::InProgress => Status::InProgress { started_at: draft.now },
        StatusKind::Pending
        | StatusKind::InReview
        | StatusKind::Blocked
        | StatusKind::Completed
        | StatusKind::Cancelled => Status::Pending,
    };
    draft.put_task(TaskChange::Unblocked { to, message: verb.message.clone() }, after);
    for id in ready_among(draft, &[task.id]) {
        draft.announce_ready(id);
    }
    if let Some(claim) = &task.claim {
        let answer = verb.message.as_deref().unwrap_or("Go on with it.");
        let text = format!("{} is unblocked: {answer}", task.id);
        draft.notify(&claim.holder.actor, Some(task.id), &text);
    }
    Ok(())
}
