//! `task.create`

use crate::{
    InvalidValue, Limits, NewSubtaskText, Origin, Refusal, Status, Subtask, SubtaskId, Task, TaskChange, TaskId,
    draft::Draft, verb::CreateTask,
};

pub(crate) fn decide(draft: &mut Draft, verb: &CreateTask) -> Result<(), Refusal> {
    let (task, change) = made(draft, verb, None)?;
    draft.put_task(change, task);
    Ok(())
}

/// The task as it would be created, under the next number.
pub(super) fn made(draft: &Draft, verb: &CreateTask, origin: Option<Origin>) -> Result<(Task, TaskChange), Refusal> {
    limit("tasks of one project", draft.state.tasks().len(), Limits::TASKS as usize)?;
    limit("task numbers", draft.state.counters().0 as usize, Limits::NUMBER as usize)?;
    at_most("subtasks of one task", verb.subtasks.len(), Limits::SUBTASKS)?;
    at_most("labels of one task", verb.labels.len(), Limits::LABELS)?;
    at_most("acceptance criteria of one task", verb.acceptance.len(), Limits::CRITERIA)?;
    at_most("dependencies of one task", verb.depends_on.len(), Limits::DEPENDENCIES)?;
    let mut depends_on = Vec::new();
    for id in &verb.depends_on {
        usable_dependency(draft, *id)?;
        if !depends_on.contains(id) {
            depends_on.push(*id);
        }
    }
    let mut labels = verb.labels.clone();
    labels.sort();
    labels.dedup();
    let id = TaskId::new(draft.state.counters().0 + 1);
    let mut texts = Vec::new();
    let mut subtasks = Vec::new();
    for (number, new) in (1..).zip(&verb.subtasks) {
        let id = SubtaskId::new(number);
        if let Some(description) = &new.description {
            texts.push(NewSubtaskText { id, description: description.clone() });
        }
        subtasks.push(Subtask {
            id,
            title: new.title.clone(),
            completed: false,
            created_at: draft.now,
            completed_at: None,
            completed_by: None,
        });
    }
    let task = Task {
        id,
        rev: 0,
        title: verb.title.clone(),
        status: Status::Pending,
        priority: verb.priority,
        labels,
        depends_on,
        last_subtask: u32::try_from(subtasks.len()).unwrap_or(u32::MAX),
        subtasks,
        claim: None,
        claims: 0,
        released: None,
        past_holders: Vec::new(),
        releases: 0,
        assignment: None,
        origin,
        created_by: draft.actor.clone(),
        created_at: draft.now,
        updated_by: draft.actor.clone(),
        updated_at: draft.now,
    };
    let change = TaskChange::Created {
        description: verb.description.clone(),
        acceptance: verb.acceptance.clone(),
        technical_notes: verb.technical_notes.clone(),
        subtasks: texts,
    };
    Ok((task, change))
}

/// Refuses when there are `limit` already.
pub(crate) fn limit(what: &'static str, present: usize, limit: usize) -> Result<(), Refusal> {
    if present >= limit { Err(Refusal::LimitReached { what, limit: limit as u64 }) } else { Ok(()) }
}

/// Refuses more than `limit`.
pub(crate) fn at_most(what: &'static str, wanted: usize, limit: usize) -> Result<(), Refusal> {
    if wanted > limit { Err(Refusal::LimitReached { what, limit: limit as u64 }) } else { Ok(()) }
}

/// A task that others may wait for: it is there and not cancelled.
pub(crate) fn usable_dependency(draft: &Draft, id: TaskId) -> Result<(), Refusal> {
    match draft.task(id)?.status {
        Status::Cancelled { .. } => Err(Refusal::Invalid(InvalidValue::new(
            "invalid_dependency",
            format!("{id} is cancelled and will never complete; reopen it first"),
        ))),
        Status::Pending
        | Status::InProgress { .. }
        | Status::InReview { .. }
        | Status::Blocked { .. }
        | Status::Completed { .. } => Ok(()),
    }
}
