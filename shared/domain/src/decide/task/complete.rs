//! `task.complete`, `task.approve`, and reports that come late.

use crate::{
    Actor, Refusal, Released, Status, StatusKind, Task, TaskChange,
    decide::{orchestrator_of, who::Who},
    draft::Draft,
    verb::{CompleteTask, Report},
};

use super::{invalid, ready_among};

pub(crate) fn decide(draft: &mut Draft, who: &Who, verb: &CompleteTask) -> Result<(), Refusal> {
    let task = draft.task(verb.task)?;
    let holds = task.claim.as_ref().is_some_and(|c| c.holder == who.holder());
    match &task.status {
        Status::Completed { completed_by, .. } if *completed_by == who.actor => Ok(()),
        Status::InProgress { .. } if holds || who.commands_all() => finish(draft, who, &task, verb, false),
        Status::InReview { .. } if who.commands_all() => finish(draft, who, &task, verb, false),
        Status::Blocked { .. } if holds || who.commands_all() => {
            if verb.force {
                finish(draft, who, &task, verb, false)
            } else {
                Err(Refusal::InvalidTransition {
                    task: task.id,
                    from: StatusKind::Blocked,
                    verb: "complete",
                    needs_force: true,
                })
            }
        }
        Status::Pending if still_latest(&task, who) => finish(draft, who, &task, verb, true),
        Status::Pending
        | Status::InProgress { .. }
        | Status::InReview { .. }
        | Status::Blocked { .. }
        | Status::Completed { .. }
        | Status::Cancelled { .. }
            if is_late(&task, who) =>
        {
            keep_late_report(draft, who, &task, verb.summary.clone());
            Ok(())
        }
        Status::InProgress { .. } | Status::InReview { .. } | Status::Blocked { .. } => {
            who.must_own(&task, "complete")?;
            match &task.claim {
                Some(claim) if !holds => Err(Refusal::AlreadyClaimed { task: task.id, holder: claim.holder.clone() }),
                Some(_) | None => who.must_command_all("approve", Some(&task)),
            }
        }
        Status::Pending | Status::Completed { .. } | Status::Cancelled { .. } => {
            who.must_own(&task, "complete")?;
            Err(invalid(&task, "complete"))
        }
    }
}

pub(crate) fn approve(draft: &mut Draft, who: &Who, verb: &CompleteTask) -> Result<(), Refusal> {
    let task = draft.task(verb.task)?;
    who.must_command_all("approve", Some(&task))?;
    match &task.status {
        Status::Completed { completed_by, .. } if *completed_by == who.actor => Ok(()),
        Status::InReview { .. } => finish(draft, who, &task, verb, false),
        Status::Pending
        | Status::InProgress { .. }
        | Status::Blocked { .. }
        | Status::Completed { .. }
        | Status::Cancelled { .. } => Err(invalid(&task, "approve")),
    }
}

/// The claim was given back, nobody took the task since, and its status is the one that the release left.
pub(super) fn still_latest(task: &Task, who: &Who) -> bool {
    task.released.as_ref().is_some_and(|r| r.holder == who.holder() && r.number == task.claims)
}

/// Somebody who held it, and whose claim has been superseded since.
pub(super) fn is_late(task: &Task, who: &Who) -> bool {
    let holds = task.claim.as_ref().is_some_and(|claim| claim.holder == who.holder());
    task.past_holders.contains(&who.holder())
        && !holds
        && !(still_latest(task, who) && task.status.kind() == StatusKind::Pending)
}

/// Who is told how it goes: the one that spawned its worker, else the one that spawned who reports.
pub(super) fn told(draft: &Draft, who: &Who, task: &Task) -> Option<Actor> {
    orchestrator_of(&draft.state, task).or_else(|| who.session.as_ref().map(|session| session.parent.clone()))
}

fn finish(draft: &mut Draft, who: &Who, task: &Task, verb: &CompleteTask, late: bool) -> Result<(), Refusal> {
    let open = task.open_subtasks();
    if !open.is_empty() && !verb.force {
        return Err(Refusal::OpenSubtasks { task: task.id, open });
    }
    let waiting: Vec<_> = draft.state.dependants(task.id).collect();
    let told = told(draft, who, task);
    let mut after = Task::clone(task);
    let ousted = task.claim.as_ref().map(|c| c.holder.clone()).filter(|holder| *holder != who.holder());
    if ousted.is_some() {
        // What that holder still reports is kept.
        give_back(&mut after, draft.now);
    }
    after.status = Status::Completed { completed_at: draft.now, completed_by: who.actor.clone() };
    after.claim = None;
    after.released = None;
    after.releases = 0;
    let change =
        TaskChange::Completed { from: task.status.kind(), summary: verb.summary.clone(), forced: verb.force, late };
    draft.put_task(change, after);
    for id in ready_among(draft, &waiting) {
        draft.announce_ready(id);
    }
    if let Some(holder) = ousted.filter(|_| !matches!(task.status, Status::InReview { .. })) {
        let text = format!("{} was completed by {}; stop working on it", task.id, who.actor);
        draft.notify(&holder.actor, Some(task.id), &text);
    }
    if let Some(told) = told {
        let summary = verb.summary.as_deref().unwrap_or("(no summary)");
        let text = format!("{} completed by {}: {}\n{summary}", task.id, who.actor, task.title);
        draft.report(&told, Some(task.id), &text);
    }
    Ok(())
}

pub(super) fn keep_late_report(draft: &mut Draft, who: &Who, task: &Task, summary: Option<Report>) {
    let told = told(draft, who, task);
    draft.change_task(task.id, TaskChange::LateReport { summary: summary.clone() }, |_| {});
    if let Some(told) = told {
        let summary = summary.as_deref().unwrap_or("(no summary)");
        let text = format!(
            "{} reported {} done after its claim was superseded; kept as a late report:\n{summary}",
            who.actor, task.id
        );
        draft.report(&told, Some(task.id), &text);
    }
}

/// Takes the claim off a task that is given back: its holder may still report.
pub(super) fn give_back(after: &mut Task, now: crate::Timestamp) {
    const REMEMBERED: usize = 5;
    if let Some(claim) = after.claim.take() {
        after.past_holders.retain(|h| *h != claim.holder);
        after.past_holders.push(claim.holder.clone());
        if after.past_holders.len() > REMEMBERED {
            after.past_holders.remove(0);
        }
        after.released = Some(Released { number: claim.number, holder: claim.holder, at: now });
    }
}
