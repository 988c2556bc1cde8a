//! `task.next`: the best ready task, claimed in the same step when asked.

use crate::{Actor, Label, Refusal, State, Task, TaskId, decide::who::Who, draft::Draft, verb::NextTask};

use super::start;

pub(crate) fn decide(draft: &mut Draft, who: &Who, verb: &NextTask) -> Result<(), Refusal> {
    if !verb.claim {
        return Ok(());
    }
    who.must_live("take a task")?;
    let Some(id) = best(&draft.state, &who.actor, &verb.labels) else { return Ok(()) };
    let task = draft.task(id)?;
    start::claim(draft, who, &task, false);
    Ok(())
}

/// The best ready task for this actor: one it was given, else the first by priority and age that nobody else was, and that
/// it did not give up itself.
pub(crate) fn best(state: &State, actor: &Actor, labels: &[Label]) -> Option<TaskId> {
    let fits = |task: &Task| labels.iter().all(|label| task.labels.contains(label));
    let own = actor.session().and_then(|id| state.session(id)).and_then(|session| {
        let mut given: Vec<_> = session.tasks.iter().filter_map(|id| state.task(*id)).collect();
        given.sort_by_key(|task| (task.priority, task.id));
        let its = |task: &Task| task.assignment.as_ref().is_some_and(|assignment| assignment.session == session.id);
        given.into_iter().find(|task| state.is_ready(task) && fits(task) && its(task)).map(|t| t.id)
    });
    let epoch = actor.session().and_then(|id| state.session(id)).map(|session| session.epoch);
    let gave_up = |task: &Task| {
        epoch.is_some() && task.released.as_ref().is_some_and(|r| r.holder.actor == *actor && r.holder.epoch == epoch)
    };
    own.or_else(|| {
        state
            .ready()
            .iter()
            .map(|(_, id)| *id)
            .find(|id| state.task(*id).is_some_and(|task| fits(task) && !gave_up(task) && free_for(state, task, actor)))
    })
}

fn free_for(state: &State, task: &Task, actor: &Actor) -> bool {
    task.assignment.as_ref().is_none_or(|assignment| {
        *actor == Actor::Session(assignment.session)
            || !state.session(assignment.session).is_some_and(|s| s.is_living() || s.restart_at.is_some())
    })
}
