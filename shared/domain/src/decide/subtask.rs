//! The verbs of a subtask. They are changes of its task.

use std::sync::Arc;

use crate::{
    Limits, Refusal, Subtask, SubtaskId, Task, TaskChange, TaskId,
    draft::Draft,
    verb::{CreateSubtask, MoveSubtask, OneSubtask, UpdateSubtask},
};

use super::{task::create::limit, who::Who};

fn open(draft: &Draft, who: &Who, id: TaskId, what: &'static str) -> Result<Arc<Task>, Refusal> {
    let task = draft.task(id)?;
    who.must_work_on(&task, "change the subtasks of")?;
    if task.status.kind().is_open() {
        return Ok(task);
    }
    Err(Refusal::InvalidTransition { task: id, from: task.status.kind(), verb: what, needs_force: false })
}

fn find(task: &Task, id: SubtaskId) -> Result<(usize, Subtask), Refusal> {
    let position = task.subtasks.iter().position(|s| s.id == id).ok_or_else(|| Refusal::SubtaskNotFound {
        task: task.id,
        subtask: id,
        known: task.subtasks.iter().map(|s| s.id).collect(),
    })?;
    Ok((position, task.subtasks[position].clone()))
}

pub(super) fn create(draft: &mut Draft, who: &Who, verb: &CreateSubtask) -> Result<(), Refusal> {
    let task = open(draft, who, verb.task, "add a subtask")?;
    limit("subtasks of one task", task.subtasks.len(), Limits::SUBTASKS)?;
    limit("subtask numbers", task.last_subtask as usize, Limits::NUMBER as usize)?;
    let id = SubtaskId::new(task.last_subtask + 1);
    let new = Subtask {
        id,
        title: verb.title.clone(),
        completed: false,
        created_at: draft.now,
        completed_at: None,
        completed_by: None,
    };
    let change =
        TaskChange::SubtaskCreated { subtask: id, title: verb.title.clone(), description: verb.description.clone() };
    draft.change_task(verb.task, change, |t| {
        t.subtasks.push(new);
        t.last_subtask += 1;
    });
    Ok(())
}

pub(super) fn update(draft: &mut Draft, who: &Who, verb: &UpdateSubtask) -> Result<(), Refusal> {
    let task = open(draft, who, verb.task, "change a subtask")?;
    let (position, _) = find(&task, verb.subtask)?;
    if verb.title.is_none() && verb.description.is_none() {
        return Err(Refusal::NoUpdates);
    }
    let change = TaskChange::SubtaskUpdated {
        subtask: verb.subtask,
        title: verb.title.clone(),
        description: verb.description.clone(),
    };
    draft.change_task(verb.task, change, |t| {
        if let Some(title) = &verb.title {
            t.subtasks[position].title = title.clone();
        }
    });
    Ok(())
}

pub(super) fn complete(draft: &mut Draft, who: &Who, verb: &OneSubtask) -> Result<(), Refusal> {
    let task = open(draft, who, verb.task, "complete a subtask")?;
    let (position, subtask) = find(&task, verb.subtask)?;
    if subtask.completed {
        return Ok(());
    }
    let (now, actor) = (draft.now, draft.actor.clone());
    let change = TaskChange::SubtaskCompleted { subtask: subtask.id, title: subtask.title };
    draft.change_task(verb.task, change, |t| {
        let subtask = &mut t.subtasks[position];
        (subtask.completed, subtask.completed_at, subtask.completed_by) = (true, Some(now), Some(actor));
    });
    Ok(())
}

pub(super) fn reopen(draft: &mut Draft, who: &Who, verb: &OneSubtask) -> Result<(), Refusal> {
    let task = open(draft, who, verb.task, "reopen a subtask")?;
    let (position, subtask) = find(&task, verb.subtask)?;
    if !subtask.completed {
        return Ok(());
    }
    let change = TaskChange::SubtaskReopened { subtask: subtask.id, title: subtask.title };
    draft.change_task(verb.task, change, |t| {
        let subtask = &mut t.subtasks[position];
        (subtask.completed, subtask.completed_at, subtask.completed_by) = (false, None, None);
    });
    Ok(())
}

pub(super) fn delete(draft: &mut Draft, who: &Who, verb: &OneSubtask) -> Result<(), Refusal> {
    let task = open(draft, who, verb.task, "delete a subtask")?;
    let (position, subtask) = find(&task, verb.subtask)?;
    let change = TaskChange::SubtaskDeleted { subtask: subtask.id, title: subtask.title };
    draft.change_task(verb.task, change, |t| {
        t.subtasks.remove(position);
    });
    Ok(())
}

pub(super) fn reorder(draft: &mut Draft, who: &Who, verb: &MoveSubtask) -> Result<(), Refusal> {
    let task = open(draft, who, verb.task, "move a subtask")?;
    let (position, subtask) = find(&task, verb.subtask)?;
    let target = (verb.position.max(1) as usize - 1).min(task.subtasks.len() - 1);
    if position == target {
        return Ok(());
    }
    let change =
        TaskChange::SubtaskMoved { subtask: subtask.id, position: u32::try_from(target + 1).unwrap_or(u32::MAX) };
    draft.change_task(verb.task, change, |t| {
        let moved = t.subtasks.remove(position);
        t.subtasks.insert(target, moved);
    });
    Ok(())
}
