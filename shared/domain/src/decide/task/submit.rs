//! `task.submit`: hands a task in for review; the claim stays.

use crate::{
    Refusal, Status, Task, TaskChange,
    decide::{orchestrator_of, who::Who},
    draft::Draft,
    verb::SubmitTask,
};

use super::invalid;

pub(crate) fn decide(draft: &mut Draft, who: &Who, verb: &SubmitTask) -> Result<(), Refusal> {
    let task = draft.task(verb.task)?;
    who.must_work_on(&task, "submit")?;
    match task.status {
        Status::InReview { .. } => return Ok(()),
        Status::InProgress { .. } => {}
        Status::Pending | Status::Blocked { .. } | Status::Completed { .. } | Status::Cancelled { .. } => {
            return Err(invalid(&task, "submit"));
        }
    }
    let open = task.open_subtasks();
    if !open.is_empty() {
        return Err(Refusal::OpenSubtasks { task: task.id, open });
    }
    let mut after = Task::clone(&task);
    after.status = Status::InReview { submitted_at: draft.now };
    draft.put_task(TaskChange::Submitted { from: task.status.kind(), summary: verb.summary.clone() }, after);
    if let Some(told) = orchestrator_of(&draft.state, &task) {
        let summary = verb.summary.as_deref().unwrap_or("(no summary)");
        let text = format!("{} submitted {} for review: {}\n{summary}", who.actor, task.id, task.title);
        draft.notify(&told, Some(task.id), &text);
    }
    Ok(())
}
