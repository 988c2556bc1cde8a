//! What a session's spawner and the session itself report: `starting`, `active`, `needs_input`, `update`.

use crate::{
    Actor, Limits, Refusal, Session, SessionChange, SessionStatus, Status, TaskChange,
    decide::{session::again::assign_free, who::Who},
    draft::Draft,
    verb::{SessionNeedsInput, SessionStarting, SessionUpdate},
};

fn wrong_state(session: &Session, verb: &'static str) -> Refusal {
    Refusal::SessionState { session: session.id, status: session.status.kind(), verb }
}

/// One spawner may take an epoch; the same one may say so again.
pub(crate) fn starting(draft: &mut Draft, who: &Who, verb: &SessionStarting) -> Result<(), Refusal> {
    let session = who.own_session("report for a session")?;
    if let Some(by) = session.node.clone().filter(|node| *node != verb.node && session.is_living()) {
        return Err(Refusal::SessionTaken { session: session.id, by });
    }
    match session.status {
        SessionStatus::Requested { .. } => {}
        SessionStatus::Starting { .. } | SessionStatus::Active { .. } | SessionStatus::NeedsInput { .. } => {
            return Ok(());
        }
        SessionStatus::Exited { .. }
        | SessionStatus::Failed { .. }
        | SessionStatus::Stopped { .. }
        | SessionStatus::Lost { .. } => return Err(wrong_state(&session, "start")),
    }
    let mut after = Session::clone(&session);
    after.node = Some(verb.node.clone());
    after.workspace = verb.workspace.clone();
    after.status =
        SessionStatus::Starting { starting_at: draft.now, active_by: draft.now.plus_secs(Limits::STARTING_SECS) };
    draft.put_session(SessionChange::Starting { epoch: session.epoch, node: verb.node.clone() }, after);
    Ok(())
}

/// The agent runs, or goes on after it waited for input. A session that was thought lost is back.
pub(crate) fn active(draft: &mut Draft, who: &Who) -> Result<(), Refusal> {
    let session = who.own_session("report for a session")?;
    match session.status {
        SessionStatus::Active { .. } => return Ok(()),
        SessionStatus::Starting { .. } | SessionStatus::NeedsInput { .. } | SessionStatus::Lost { .. } => {}
        SessionStatus::Requested { .. }
        | SessionStatus::Exited { .. }
        | SessionStatus::Failed { .. }
        | SessionStatus::Stopped { .. } => return Err(wrong_state(&session, "become active")),
    }
    let mut after = Session::clone(&session);
    after.status = SessionStatus::Active { active_at: draft.now };
    after.restart_at = None;
    after.tries = 0;
    draft.put_session(SessionChange::Active { epoch: session.epoch }, after);
    if matches!(session.status, SessionStatus::Lost { .. }) {
        is_back(draft, &session);
    }
    Ok(())
}

/// It was thought lost, and its tasks were given back: those that are still free are its own again.
fn is_back(draft: &mut Draft, session: &Session) {
    draft.report(&session.parent, None, &format!("{} is back; it had been thought lost", session.id));
    assign_free(draft, session);
    for id in &session.tasks {
        let Some(task) = draft.state.task(*id).filter(|task| task.status.kind().is_open()) else { continue };
        let its = task.assignment.as_ref().is_some_and(|assignment| assignment.session == session.id);
        let text = match &task.claim {
            None if its => format!("{id} was given back while this session was thought lost: maestro task start {id}"),
            Some(claim) if claim.holder.actor != who_is(session) => {
                format!("{id} went to {} while this session was thought lost: stop working on it", claim.holder.actor)
            }
            Some(_) | None => continue,
        };
        draft.tell(&who_is(session), Some(*id), &text);
    }
}

fn who_is(session: &Session) -> Actor {
    Actor::Session(session.id)
}

pub(crate) fn needs_input(draft: &mut Draft, who: &Who, verb: &SessionNeedsInput) -> Result<(), Refusal> {
    let session = who.own_session("report for a session")?;
    match &session.status {
        SessionStatus::NeedsInput { input, question, .. } if *input == verb.input && *question == verb.question => {
            return Ok(());
        }
        SessionStatus::Active { .. } | SessionStatus::NeedsInput { .. } | SessionStatus::Lost { .. } => {}
        SessionStatus::Requested { .. }
        | SessionStatus::Starting { .. }
        | SessionStatus::Exited { .. }
        | SessionStatus::Failed { .. }
        | SessionStatus::Stopped { .. } => return Err(wrong_state(&session, "ask for input")),
    }
    let mut after = Session::clone(&session);
    after.restart_at = None;
    after.status = SessionStatus::NeedsInput {
        input: verb.input,
        question: verb.question.clone(),
        asked_at: draft.now,
        until: verb.until,
    };
    let change = SessionChange::NeedsInput { input: verb.input, question: verb.question.clone(), until: verb.until };
    draft.put_session(change, after);
    let text = format!("{} ({}) needs input: {}", session.id, session.name, verb.question);
    draft.report(&session.parent, session.tasks.first().copied(), &text);
    if matches!(session.status, SessionStatus::Lost { .. }) {
        is_back(draft, &session);
    }
    Ok(())
}

/// On the session's timeline and on that of each task that it works on.
pub(crate) fn update(draft: &mut Draft, who: &Who, verb: &SessionUpdate) -> Result<(), Refusal> {
    let session = who.own_session("report progress without a session")?;
    let mut after = Session::clone(&session);
    after.last_update = Some(Draft::line(&verb.message));
    draft.put_session(SessionChange::Progress { message: verb.message.clone() }, after);
    let held: Vec<_> = draft.state.held_by(&who.actor).collect();
    for id in held {
        if draft.state.task(id).is_some_and(|t| matches!(t.status, Status::InProgress { .. })) {
            draft.change_task(id, TaskChange::Progress { message: verb.message.clone() }, |_| {});
        }
    }
    Ok(())
}
