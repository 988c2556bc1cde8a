//! `task.import`: a plan whose tasks name each other by keys, all of it or nothing.
//!
//! A task is known again by where it came from (`source`) and what it is called there (`key`), so importing the same
//! plan again creates nothing, and a plan that grew creates what is new. A plan whose source is the project itself was
//! exported from it: its keys are ids. Where the keys of another source are ids, they are those of another project: what
//! such a task depends on is never looked for among the tasks here.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use crate::{
    CreateTask, Event, ImportTask, Imported, Limits, NewSubtask, Origin, PlanKey, Refusal, State, Status, StatusKind,
    Task, TaskChange, TaskId, decide::who::Who, draft::Draft, verb::ImportTasks,
};

use super::create::{at_most, made};

pub(crate) fn decide(draft: &mut Draft, who: &Who, verb: &ImportTasks) -> Result<(), Refusal> {
    who.must_live("import tasks")?;
    if verb.tasks.is_empty() {
        return Err(Refusal::NoUpdates);
    }
    at_most("tasks of one import", verb.tasks.len(), Limits::IMPORT)?;
    if verb.tasks.iter().any(|task| task.completed) {
        who.must_command_all("import completed tasks", None)?;
    }
    let order = order(&verb.tasks)?;
    let mut ids = known(&draft.state, &verb.source);
    for task in order {
        if ids.contains_key(&task.key) {
            continue;
        }
        let id = create(draft, who, &verb.source, task, &ids)?;
        ids.insert(task.key.clone(), id);
    }
    Ok(())
}

/// The tasks of a source that are there, by their keys.
fn known(state: &State, source: &PlanKey) -> BTreeMap<PlanKey, TaskId> {
    let own = state.project().is_some_and(|project| project.id.as_str() == source.as_str());
    let ids = state.tasks().keys().filter(|_| own).filter_map(|id| Some((id.to_string().parse().ok()?, *id)));
    let named = state.tasks().values().filter_map(|task| {
        let origin = task.origin.as_ref().filter(|origin| origin.source == *source)?;
        Some((origin.key.clone(), task.id))
    });
    ids.chain(named).collect()
}

/// Whether a task was exported from another project: it is called by its id there.
fn is_elsewhere(state: &State, source: &PlanKey, task: &ImportTask) -> bool {
    let own = state.project().is_some_and(|project| project.id.as_str() == source.as_str());
    !own && task.key.as_str().parse::<TaskId>().is_ok()
}

fn create(
    draft: &mut Draft,
    who: &Who,
    source: &PlanKey,
    task: &ImportTask,
    ids: &BTreeMap<PlanKey, TaskId>,
) -> Result<TaskId, Refusal> {
    let elsewhere = is_elsewhere(&draft.state, source, task);
    let depends_on = task.depends_on.iter().map(|on| {
        let id = on.as_str().parse::<TaskId>().ok();
        let there = || id.filter(|id| !elsewhere && draft.state.task(*id).is_some());
        let unknown = || match id {
            Some(_) if elsewhere => {
                Refusal::LeftOutOfPlan { key: task.key.clone(), on: on.clone(), from: source.clone() }
            }
            Some(_) | None => Refusal::UnknownPlanKey { key: task.key.clone(), on: on.clone() },
        };
        ids.get(on).copied().or_else(there).ok_or_else(unknown)
    });
    let step =
        |step: &crate::ImportSubtask| NewSubtask { title: step.title.clone(), description: step.description.clone() };
    let verb = CreateTask {
        title: task.title.clone(),
        description: task.description.clone(),
        acceptance: task.acceptance.clone(),
        technical_notes: task.technical_notes.clone(),
        priority: task.priority,
        labels: task.labels.clone(),
        depends_on: depends_on.collect::<Result<_, _>>()?,
        subtasks: task.subtasks.iter().map(step).collect(),
    };
    let origin = Origin { source: source.clone(), key: task.key.clone() };
    let (mut new, change) = made(draft, &verb, Some(origin))?;
    for (subtask, step) in new.subtasks.iter_mut().zip(&task.subtasks) {
        if step.completed {
            subtask.completed = true;
            subtask.completed_at = Some(draft.now);
            subtask.completed_by = Some(who.actor.clone());
        }
    }
    let id = new.id;
    draft.put_task(change, new);
    if task.completed {
        let status = Status::Completed { completed_at: draft.now, completed_by: who.actor.clone() };
        let change = TaskChange::Completed {
            from: StatusKind::Pending,
            summary: task.summary.clone(),
            forced: true,
            late: false,
        };
        draft.change_task(id, change, |task| task.status = status);
    }
    Ok(id)
}

/// The tasks so that each comes after those it depends on, otherwise as they stand.
///
/// # Errors
/// `PlanCycle` and `PlanKeyTwice`.
pub fn order(tasks: &[ImportTask]) -> Result<Vec<&ImportTask>, Refusal> {
    let mut by_key: HashMap<&PlanKey, &ImportTask> = HashMap::new();
    for task in tasks {
        if by_key.insert(&task.key, task).is_some() {
            return Err(Refusal::PlanKeyTwice(task.key.clone()));
        }
    }
    let mut done: HashMap<&PlanKey, bool> = HashMap::new();
    let mut order = Vec::with_capacity(tasks.len());
    for task in tasks {
        // Depth first without recursion: a plan may be one long chain.
        let mut way: Vec<(&ImportTask, usize)> = vec![(task, 0)];
        while let Some((at, next)) = way.last_mut() {
            let at = *at;
            if done.get(&at.key) == Some(&true) {
                way.pop();
                continue;
            }
            done.insert(&at.key, false);
            let Some(on) = at.depends_on.get(*next) else {
                done.insert(&at.key, true);
                order.push(at);
                way.pop();
                continue;
            };
            *next += 1;
            let Some(below) = by_key.get(on) else { continue };
            match done.get(&below.key) {
                Some(true) => {}
                Some(false) => {
                    let from = way.iter().position(|(task, _)| task.key == below.key).unwrap_or(0);
                    let circle = way[from..].iter().map(|(task, _)| task.key.clone());
                    return Err(Refusal::PlanCycle { circle: circle.chain([below.key.clone()]).collect() });
                }
                None => way.push((below, 0)),
            }
        }
    }
    Ok(order)
}

/// What became of each task of the plan.
pub(crate) fn answer(state: &State, verb: &ImportTasks, events: &[Event]) -> Vec<Imported> {
    let mut created: HashMap<&PlanKey, &Arc<Task>> = HashMap::new();
    for event in events {
        // Of two events about one task the later one says how it stands.
        if let Event::Task { after: Some(task), .. } = event
            && let Some(origin) = task.origin.as_ref().filter(|origin| origin.source == verb.source)
        {
            created.insert(&origin.key, task);
        }
    }
    let known = known(state, &verb.source);
    let item = |task: &ImportTask| {
        let (found, created) = match created.get(&task.key) {
            Some(new) => (Arc::clone(new), true),
            None => (Arc::clone(state.task(*known.get(&task.key)?)?), false),
        };
        Some(Imported { key: task.key.clone(), task: found, created })
    };
    verb.tasks.iter().filter_map(item).collect()
}
