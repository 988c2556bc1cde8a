//! `task.submit`: hands a task in for review; the claim stays, if it has not been given back meanwhile.

use crate::{Refusal, Status, Task, TaskChange, decide::who::Who, draft::Draft, verb::SubmitTask};

use super::{
    complete::{is_late, keep_late_report, still_latest, told},
    invalid,
};

pub(crate) fn decide(draft: &mut Draft, who: &Who, verb: &SubmitTask) -> Result<(), Refusal> {
    let task = draft.task(verb.task)?;
    let handed_in = matches!(task.status, Status::InReview { .. }) && task.claim.is_none();
    if !who.commands_all() && !handed_in && is_late(&task, who) {
        keep_late_report(draft, who, &task, verb.summary.clone());
        return Ok(());
    }
    who.must_work_on(&task, "submit")?;
    match task.status {
        Status::InReview { .. } => return Ok(()),
        Status::InProgress { .. } => {}
        Status::Pending if still_latest(&task, who) => {}
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
    after.released = None;
    draft.put_task(TaskChange::Submitted { from: task.status.kind(), summary: verb.summary.clone() }, after);
    if let Some(told) = told(draft, who, &task) {
        let summary = verb.summary.as_deref().unwrap_or("(no summary)");
        let text = format!("{} submitted {} for review: {}\n{summary}", who.actor, task.id, task.title);
        draft.report(&told, Some(task.id), &text);
    }
    Ok(())
}
