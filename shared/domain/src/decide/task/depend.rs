//! `task.depend`: the edges of a graph that stays without circles.

use std::collections::{HashMap, HashSet};

use crate::{Limits, Refusal, State, Task, TaskChange, TaskId, decide::who::Who, draft::Draft, verb::DependTask};

use super::{
    create::{at_most, usable_dependency},
    invalid, lift_cancelled, ready_among,
};

pub(crate) fn decide(draft: &mut Draft, who: &Who, verb: &DependTask) -> Result<(), Refusal> {
    let task = draft.task(verb.task)?;
    who.must_work_on(&task, "change the dependencies of")?;
    if verb.add.is_empty() && verb.remove.is_empty() {
        return Err(Refusal::NoUpdates);
    }
    if !task.status.kind().is_open() {
        return Err(invalid(&task, "depend"));
    }
    let was_ready = draft.state.is_ready(&task);
    let mut after = Task::clone(&task);
    let removed: Vec<_> = verb.remove.iter().copied().filter(|id| task.depends_on.contains(id)).collect();
    after.depends_on.retain(|id| !removed.contains(id));
    let mut added = Vec::new();
    for id in &verb.add {
        usable_dependency(draft, *id)?;
        if let Some(circle) = path(&draft.state, *id, task.id) {
            let circle = std::iter::once(task.id).chain(circle).collect();
            return Err(Refusal::DependencyCycle { circle });
        }
        if !after.depends_on.contains(id) {
            after.depends_on.push(*id);
            added.push(*id);
        }
    }
    at_most("dependencies of one task", after.depends_on.len(), Limits::DEPENDENCIES)?;
    if added.is_empty() && removed.is_empty() {
        return Ok(());
    }
    draft.put_task(TaskChange::DependenciesChanged { added, removed }, after);
    lift_cancelled(draft, &[task.id]);
    if !was_ready {
        for id in ready_among(draft, &[task.id]) {
            draft.announce_ready(id);
        }
    }
    Ok(())
}

/// The way from one task along its dependencies to another, both ends included.
fn path(state: &State, from: TaskId, to: TaskId) -> Option<Vec<TaskId>> {
    let mut came_from: HashMap<TaskId, TaskId> = HashMap::new();
    let mut seen = HashSet::from([from]);
    let mut open = vec![from];
    while let Some(id) = open.pop() {
        if id == to {
            let mut way = vec![id];
            let mut at = id;
            while let Some(before) = came_from.get(&at) {
                way.push(*before);
                at = *before;
            }
            way.reverse();
            return Some(way);
        }
        for next in state.task(id).into_iter().flat_map(|t| &t.depends_on) {
            if seen.insert(*next) {
                came_from.insert(*next, id);
                open.push(*next);
            }
        }
    }
    None
}
