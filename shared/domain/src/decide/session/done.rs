//! A worker that has nothing left to do is stopped after a while: its slot is wanted elsewhere. Looked at after every
//! decision, for the sessions that it touched.

use std::collections::BTreeSet;

use crate::{
    Actor, Event, Limits, MessageKind, Role, Session, SessionChange, SessionId, SessionStatus, Status, StopCause, Task,
    draft::Draft,
};

/// Plans the stop of workers whose tasks are done by now, and calls it off for those that have something to do again.
pub(crate) fn review(draft: &mut Draft) {
    for id in touched(draft) {
        let Some(session) = draft.state.session(id).cloned() else { continue };
        let idle = may_be_stopped(&session) && is_done(draft, &session);
        let mut after = Session::clone(&session);
        if is_resting(&session) && has_work(draft, &session) {
            after.stop = None;
            draft.put_session(SessionChange::StopCalledOff {}, after);
            continue;
        }
        match (idle, session.stop_at) {
            (true, None) => {
                let stop_at = draft.now.plus_secs(Limits::DONE_SECS);
                after.stop_at = Some(stop_at);
                draft.put_session(SessionChange::StopPlanned { stop_at }, after);
            }
            (false, Some(_)) => {
                after.stop_at = None;
                draft.put_session(SessionChange::StopCalledOff {}, after);
            }
            (true, Some(_)) | (false, None) => {}
        }
    }
}

/// The sessions whose work may be another after these events.
fn touched(draft: &Draft) -> BTreeSet<SessionId> {
    let mut sessions = BTreeSet::new();
    for event in &draft.events {
        match event {
            Event::Task { after: Some(task), .. } => {
                sessions.extend(draft.actor.session());
                sessions.extend(task.claim.as_ref().and_then(|claim| claim.holder.actor.session()));
                sessions.extend(task.assignment.as_ref().map(|assignment| assignment.session));
                sessions.extend(task.past_holders.iter().filter_map(|holder| holder.actor.session()));
            }
            Event::Session { id, .. } => {
                sessions.insert(*id);
            }
            Event::Message { after: Some(message), .. } => sessions.extend(message.to.session()),
            Event::Task { after: None, .. }
            | Event::Message { after: None, .. }
            | Event::Project { .. }
            | Event::Effect { .. } => {}
        }
    }
    sessions
}

/// Told to end because its tasks are done, which it does when its agent rests.
fn is_resting(session: &Session) -> bool {
    runs(session) && session.stop.as_ref().is_some_and(|stop| stop.cause == StopCause::TasksDone)
}

fn runs(session: &Session) -> bool {
    matches!(session.status, SessionStatus::Active { .. } | SessionStatus::NeedsInput { .. })
}

fn may_be_stopped(session: &Session) -> bool {
    runs(session) && session.role == Role::Worker && !session.keep && session.stop.is_none()
}

/// It had tasks, each of them is completed, cancelled or handed in, and nobody wants anything else of it.
fn is_done(draft: &Draft, session: &Session) -> bool {
    let had_tasks =
        || !session.tasks.is_empty() || session.stop_at.is_some() || has_finished(draft, &Actor::Session(session.id));
    !has_work(draft, session) && had_tasks()
}

/// A task in hand or given to it, or mail.
fn has_work(draft: &Draft, session: &Session) -> bool {
    let actor = Actor::Session(session.id);
    // What the server says about its tasks is nothing to do; many never read it.
    let mail = draft
        .state
        .inbox(&actor)
        .any(|id| draft.state.message(id).is_some_and(|message| !matches!(message.kind, MessageKind::Notice)));
    let handed_in = |task: &Task| matches!(task.status, Status::InReview { .. });
    let mut held = draft.state.held_by(&actor).filter_map(|id| draft.state.task(id));
    let waits = |task: &Task| {
        let given = task.assignment.as_ref().is_some_and(|assignment| assignment.session == session.id);
        let its = task.claim.as_ref().is_some_and(|claim| claim.holder.actor == actor);
        given && !its && task.status.kind().is_open()
    };
    mail || held.any(|task| !handed_in(task))
        || session.tasks.iter().filter_map(|id| draft.state.task(*id)).any(|task| waits(task))
}

/// Whether one of the events finished a task for it: one that takes tasks as they come has had some.
fn has_finished(draft: &Draft, actor: &Actor) -> bool {
    draft.events.iter().any(|event| match event {
        Event::Task { after: Some(task), .. } => match &task.status {
            Status::Completed { completed_by, .. } => {
                completed_by == actor || task.past_holders.iter().any(|holder| holder.actor == *actor)
            }
            Status::InReview { .. } => task.claim.as_ref().is_some_and(|claim| claim.holder.actor == *actor),
            Status::Cancelled { .. } => task.past_holders.iter().any(|holder| holder.actor == *actor),
            Status::Pending | Status::InProgress { .. } | Status::Blocked { .. } => false,
        },
        Event::Task { after: None, .. }
        | Event::Session { .. }
        | Event::Message { .. }
        | Event::Project { .. }
        | Event::Effect { .. } => false,
    })
}
