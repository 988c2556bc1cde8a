//! `task.reopen`

use crate::{Refusal, Status, Task, TaskChange, decide::who::Who, draft::Draft, verb::ReopenTask};

use super::{block_if_hopeless, invalid, lift_cancelled, ready_among};

pub(crate) fn decide(draft: &mut Draft, who: &Who, verb: &ReopenTask) -> Result<(), Refusal> {
    let task = draft.task(verb.task)?;
    who.must_command_all("reopen", Some(&task))?;
    match task.status {
        Status::Completed { .. } | Status::Cancelled { .. } => {}
        Status::Pending => return Ok(()),
        Status::InProgress { .. } | Status::InReview { .. } | Status::Blocked { .. } => {
            return Err(invalid(&task, "reopen"));
        }
    }
    let mut after = Task::clone(&task);
    after.status = Status::Pending;
    after.releases = 0;
    after.released = None;
    draft.put_task(TaskChange::Reopened { from: task.status.kind(), reason: verb.reason.clone() }, after);
    block_if_hopeless(draft, task.id);
    for id in ready_among(draft, &[task.id]) {
        draft.announce_ready(id);
    }
    let waiting: Vec<_> = draft.state.dependants(task.id).collect();
    lift_cancelled(draft, &waiting);
    Ok(())
}
