//! `task.log` and `task.comment`

use crate::{
    Refusal, TaskChange,
    decide::who::Who,
    draft::Draft,
    verb::{CommentTask, LogTask},
};

pub(crate) fn decide(draft: &mut Draft, who: &Who, verb: &LogTask) -> Result<(), Refusal> {
    let task = draft.task(verb.task)?;
    who.must_own(&task, "log progress on")?;
    draft.change_task(verb.task, TaskChange::Progress { message: verb.message.clone() }, |_| {});
    Ok(())
}

pub(crate) fn comment(draft: &mut Draft, verb: &CommentTask) -> Result<(), Refusal> {
    draft.task(verb.task)?;
    draft.change_task(verb.task, TaskChange::Comment { message: verb.message.clone() }, |_| {});
    Ok(())
}
