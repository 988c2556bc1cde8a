//! `task.start`: claims a task; sends one back from review; takes up a completed one again. One in review or blocked goes
//! back to its holder; with none, an orchestrator's or person's `start` makes it pending, for whoever takes it next.

use crate::{
    Actor, Claim, Holder, Refusal, Status, Task, TaskChange, TaskId, decide::who::Who, draft::Draft, verb::UnblockTask,
};

use super::{becomes_ready, block::unblock, invalid};

pub(crate) fn decide(draft: &mut Draft, who: &Who, id: TaskId, force: bool) -> Result<(), Refusal> {
    let task = draft.task(id)?;
    who.must_live("start")?;
    let mine = task.claim.as_ref().is_some_and(|c| c.holder == who.holder());
    match task.status {
        Status::Cancelled { .. } => Err(invalid(&task, "start")),
        Status::InProgress { .. } if mine => Ok(()),
        Status::InProgress { .. } | Status::Pending => take(draft, who, &task, force),
        Status::Completed { .. } => {
            who.must_own(&task, "start")?;
            take(draft, who, &task, force)
        }
        Status::InReview { .. } | Status::Blocked { .. } => match &task.claim {
            Some(_) if mine => {
                resume(draft, who, &task, None);
                Ok(())
            }
            Some(claim) if who.commands_all() => {
                let to = claim.holder.clone();
                resume(draft, who, &task, Some(&to));
                Ok(())
            }
            Some(claim) => Err(Refusal::AlreadyClaimed { task: id, holder: claim.holder.clone() }),
            None if matches!(task.status, Status::Blocked { .. }) && who.commands_all() => {
                unblock(draft, who, &UnblockTask { task: id, message: None })
            }
            None if who.commands_all() => {
                send_back(draft, &task);
                Ok(())
            }
            None => {
                who.must_take_up(&task, "start")?;
                take(draft, who, &task, force)
            }
        },
    }
}

fn take(draft: &mut Draft, who: &Who, task: &Task, force: bool) -> Result<(), Refusal> {
    may_take(draft, who, task, force)?;
    claim(draft, who, task, force);
    Ok(())
}

/// Nobody else holds it or was given it, and nothing it depends on is open.
fn may_take(draft: &Draft, who: &Who, task: &Task, force: bool) -> Result<(), Refusal> {
    if let Some(claim) = &task.claim {
        return Err(Refusal::AlreadyClaimed { task: task.id, holder: claim.holder.clone() });
    }
    let assigned = living_assignment(draft, task);
    if let Some(session) = assigned.filter(|s| who.actor != Actor::Session(*s))
        && !(force && who.commands_all())
    {
        return Err(Refusal::AlreadyAssigned { task: task.id, session });
    }
    let open: Vec<_> = draft.state.open_dependencies(task).collect();
    if !open.is_empty() && !force {
        let of = |which: &dyn Fn(&Task) -> bool| -> Vec<TaskId> {
            open.iter().copied().filter(|id| draft.state.task(*id).is_some_and(|task| which(task))).collect()
        };
        let startable = of(&|task| {
            let given = living_assignment(draft, task).is_some_and(|session| who.actor != Actor::Session(session));
            matches!(task.status, Status::Pending) && !given && draft.state.open_dependencies(task).next().is_none()
        });
        let held = of(&|task| {
            let other = task.claim.as_ref().is_some_and(|claim| claim.holder.actor != who.actor);
            other && !matches!(task.status, Status::Blocked { .. })
        });
        return Err(Refusal::DependenciesOpen { task: task.id, open, startable, held });
    }
    Ok(())
}

/// The session that a task is assigned to, if it still lives or will be restarted.
pub(crate) fn living_assignment(draft: &Draft, task: &Task) -> Option<crate::SessionId> {
    let session = task.assignment.as_ref()?.session;
    draft.state.session(session).filter(|s| s.is_living() || s.restart_at.is_some()).map(|s| s.id)
}

pub(super) fn claim(draft: &mut Draft, who: &Who, task: &Task, force: bool) {
    let mut after = Task::clone(task);
    let now = draft.now;
    if matches!(after.status, Status::Completed { .. }) {
        after.releases = 0;
    }
    after.claims += 1;
    after.claim = Some(Claim { number: after.claims, holder: who.holder(), since: now });
    after.released = None;
    after.status = Status::InProgress { started_at: now };
    let change = TaskChange::Claimed { from: task.status.kind(), number: after.claims, forced: force };
    draft.put_task(change, after);
}

/// Back from review, with its worker gone: whoever is ready takes it.
fn send_back(draft: &mut Draft, task: &Task) {
    let mut after = Task::clone(task);
    after.status = Status::Pending;
    after.releases = 0;
    after.released = None;
    let reason = Draft::line("sent back from review");
    draft.put_task(TaskChange::Reopened { from: task.status.kind(), reason: Some(reason) }, after);
    becomes_ready(draft, task.id);
    if let Some(session) = living_assignment(draft, task) {
        let text = format!("{} was sent back from review: maestro task start {}", task.id, task.id);
        draft.notify(&Actor::Session(session), Some(task.id), &text);
    }
}

/// Back to work under the claim that it has; `told` hears of it.
fn resume(draft: &mut Draft, who: &Who, task: &Task, told: Option<&Holder>) {
    let mut after = Task::clone(task);
    after.status = Status::InProgress { started_at: draft.now };
    if who.commands_all() {
        after.releases = 0;
    }
    let from = task.status.kind();
    let number = after.claims;
    draft.put_task(TaskChange::Claimed { from, number, forced: false }, after);
    if let Some(holder) = told {
        let text = format!("{} is back in progress; it was {from}. Go on with it.", task.id);
        draft.notify(&holder.actor, Some(task.id), &text);
    }
}
