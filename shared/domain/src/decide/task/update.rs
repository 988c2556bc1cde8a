//! `task.update`

use crate::{Limits, Refusal, Task, TaskChange, decide::who::Who, draft::Draft, verb::UpdateTask};

use super::create::at_most;

pub(crate) fn decide(draft: &mut Draft, who: &Who, verb: &UpdateTask) -> Result<(), Refusal> {
    let task = draft.task(verb.task)?;
    who.must_work_on(&task, "change")?;
    let mut after = Task::clone(&task);
    let mut fields = Vec::new();
    if let Some(title) = &verb.title {
        after.title = title.clone();
        fields.push("title".to_owned());
    }
    if let Some(priority) = verb.priority {
        after.priority = priority;
        fields.push("priority".to_owned());
    }
    if let Some(labels) = &verb.labels {
        at_most("labels of one task", labels.len(), Limits::LABELS)?;
        after.labels = labels.clone();
        after.labels.sort();
        after.labels.dedup();
        fields.push("labels".to_owned());
    }
    if verb.description.is_some() {
        fields.push("description".to_owned());
    }
    if let Some(acceptance) = &verb.acceptance {
        at_most("acceptance criteria of one task", acceptance.len(), Limits::CRITERIA)?;
        fields.push("acceptance".to_owned());
    }
    if verb.technical_notes.is_some() {
        fields.push("technicalNotes".to_owned());
    }
    if fields.is_empty() {
        return Err(Refusal::NoUpdates);
    }
    let texts = verb.description.is_some() || verb.acceptance.is_some() || verb.technical_notes.is_some();
    if !texts && after == *task {
        return Ok(());
    }
    let change = TaskChange::Updated {
        fields,
        description: verb.description.clone(),
        acceptance: verb.acceptance.clone(),
        technical_notes: verb.technical_notes.clone(),
    };
    draft.put_task(change, after);
    Ok(())
}
