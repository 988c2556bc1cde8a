//! `task.reopen`

use crate::{Actor, Refusal, Status, Task, TaskChange, decide::who::Who, draft::Draft, verb::ReopenTask};

use super::{becomes_ready, invalid, lift_cancelled, start::living_assignment};

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
    becomes_ready(draft, task.id);
    // It may have gone on to wait for something else.
    if let Some(session) = living_assignment(draft, &task) {
        let why = verb.reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let text = format!("{} was reopened{why}: maestro task start {}", task.id, task.id);
        draft.notify(&Actor::Session(session), Some(task.id), &text);
    }
    let waiting: Vec<_> = draft.state.dependants(task.id).collect();
    lift_cancelled(draft, &waiting);
    Ok(())
}
