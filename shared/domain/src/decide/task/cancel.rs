//! `task.cancel`: pending tasks that depend on it are blocked, its holder is told.

use crate::{Refusal, Status, Task, TaskChange, decide::who::Who, draft::Draft, verb::CancelTask};

use super::{block_if_hopeless, invalid};

pub(crate) fn decide(draft: &mut Draft, who: &Who, verb: &CancelTask) -> Result<(), Refusal> {
    let task = draft.task(verb.task)?;
    who.must_command_all("cancel", Some(&task))?;
    match task.status {
        Status::Cancelled { .. } => return Ok(()),
        Status::Completed { .. } => return Err(invalid(&task, "cancel")),
        Status::Pending | Status::InProgress { .. } | Status::InReview { .. } | Status::Blocked { .. } => {}
    }
    let mut after = Task::clone(&task);
    super::complete::give_back(&mut after, draft.now);
    after.released = None;
    after.status = Status::Cancelled { cancelled_at: draft.now };
    draft.put_task(TaskChange::Cancelled { from: task.status.kind(), reason: verb.reason.clone() }, after);
    if let Some(claim) = &task.claim {
        let reason = verb.reason.as_deref().unwrap_or("no reason given");
        draft.notify(
            &claim.holder.actor,
            Some(task.id),
            &format!("{} was cancelled ({reason}); stop working on it", task.id),
        );
    }
    let waiting: Vec<_> = draft.state.dependants(task.id).collect();
    for id in waiting {
        block_if_hopeless(draft, id);
    }
    Ok(())
}
