//! The ends of a session: `exited`, `failed`, `lost`, `stopped`. Its claims go back, its orchestrator is told.

use crate::{
    Actor, DeadlineKind, Limits, Line, Refusal, RestartPolicy, Session, SessionChange, SessionStatus, StopCause,
    StopRequest, TaskChange,
    decide::{
        session::again,
        task::release::{Counts, comes_back, release},
        who::Who,
    },
    draft::Draft,
    verb::SessionLost,
};

pub(crate) fn exited(draft: &mut Draft, who: &Who, code: i32) -> Result<(), Refusal> {
    let session = who.own_session("report for a session")?;
    if session.stop.is_some() {
        return stopped(draft, who, false);
    }
    match session.status {
        SessionStatus::Exited { code: before, .. } if before == code => Ok(()),
        // Its end was taken for something else before the report came; the first word stands.
        SessionStatus::Exited { .. } | SessionStatus::Failed { .. } | SessionStatus::Stopped { .. } => Ok(()),
        SessionStatus::Requested { .. } => {
            Err(Refusal::SessionState { session: session.id, status: session.status.kind(), verb: "exit" })
        }
        SessionStatus::Starting { .. }
        | SessionStatus::Active { .. }
        | SessionStatus::NeedsInput { .. }
        | SessionStatus::Lost { .. } => {
            let status = SessionStatus::Exited { code, ended_at: draft.now };
            let change = SessionChange::Exited { epoch: session.epoch, code };
            let after = Session::clone(&session);
            end(draft, &session, after, status, change, &format!("exited with code {code}"));
            Ok(())
        }
    }
}

pub(crate) fn failed(draft: &mut Draft, who: &Who, failure: &Line) -> Result<(), Refusal> {
    let session = who.own_session("report for a session")?;
    fail(draft, &session, failure);
    Ok(())
}

/// Ends a session that could not be started; an ended one stays as it is.
pub(crate) fn fail(draft: &mut Draft, session: &Session, failure: &Line) {
    if !session.is_living() {
        return;
    }
    let status = SessionStatus::Failed { failure: failure.clone(), ended_at: draft.now };
    let change = SessionChange::Failed { epoch: session.epoch, failure: failure.clone() };
    end(draft, session, session.clone(), status, change, &format!("failed: {failure}"));
}

/// Said by the session's own spawner, or by the server about `session` and `epoch`.
pub(crate) fn lost(draft: &mut Draft, who: &Who, verb: &SessionLost) -> Result<(), Refusal> {
    let session = match (verb.session, &who.actor) {
        (Some(id), Actor::System) => draft.session(id)?,
        (Some(id), Actor::Session(own)) if id == *own => who.own_session("report for a session")?,
        (None, _) => who.own_session("report for a session")?,
        (Some(_), Actor::Session(_) | Actor::User(_)) => {
            who.must_be_system("declare other sessions lost")?;
            return Ok(());
        }
    };
    if verb.restored {
        who.must_be_system("declare sessions lost by a restore")?;
        call_off_restart(draft, &session, &verb.reason);
    }
    if !session.is_living() || verb.epoch.is_some_and(|epoch| epoch != session.epoch) {
        return Ok(());
    }
    let status = SessionStatus::Lost { lost_reason: verb.reason.clone(), ended_at: draft.now };
    let change = SessionChange::Lost { epoch: session.epoch, reason: verb.reason.clone() };
    let after = Session::clone(&session);
    let text = format!("lost: {}", verb.reason);
    if verb.restored {
        end_for_good(draft, &session, after, status, change, &text);
    } else {
        end(draft, &session, after, status, change, &text);
    }
    Ok(())
}

/// An ended session whose next epoch was due.
fn call_off_restart(draft: &mut Draft, session: &Session, reason: &Line) {
    if session.restart_at.is_none() {
        return;
    }
    let mut after = session.clone();
    after.restart_at = None;
    let deadline = DeadlineKind::Restart;
    draft.put_session(SessionChange::RestartAbandoned { deadline, reason: reason.clone() }, after);
    unassign(draft, session);
}

/// As [`end`], whatever the session's policy says: nothing begins by itself in a world that was restored.
fn end_for_good(
    draft: &mut Draft,
    before: &Session,
    mut after: Session,
    status: SessionStatus,
    change: SessionChange,
    text: &str,
) {
    after.restart_at = None;
    after.stop_at = None;
    after.status = status;
    draft.put_session(change, after);
    let held = give_back(draft, before, text, Counts::No);
    unassign(draft, before);
    tell_parent(draft, before, text, &held, &goes_on(before));
}

/// Takes the claims off a session that has ended; what became of these tasks, as text.
fn give_back(draft: &mut Draft, ended: &Session, text: &str, counts: Counts) -> String {
    let reason = Draft::line(&format!("{} {text}", ended.id));
    let held: Vec<_> = draft.state.held_by(&Actor::Session(ended.id)).collect();
    for id in &held {
        release(draft, *id, &reason, counts);
    }
    let (blocked, free): (Vec<_>, Vec<_>) = held.into_iter().partition(|id| comes_back(draft, *id).is_some());
    let free = free.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let free = if free.is_empty() { free } else { format!("; given back: {free}") };
    blocked.into_iter().filter_map(|id| comes_back(draft, id)).fold(free, |said, more| said + &more)
}

/// `shutdown`: nobody wanted its end; what runs it went down.
pub(crate) fn stopped(draft: &mut Draft, who: &Who, shutdown: bool) -> Result<(), Refusal> {
    let session = who.own_session("report for a session")?;
    match session.status {
        SessionStatus::Exited { .. } | SessionStatus::Failed { .. } | SessionStatus::Stopped { .. } => Ok(()),
        SessionStatus::Requested { .. }
        | SessionStatus::Starting { .. }
        | SessionStatus::Active { .. }
        | SessionStatus::NeedsInput { .. }
        | SessionStatus::Lost { .. } => {
            let mut after = Session::clone(&session);
            if shutdown && after.stop.is_none() {
                after.stop = Some(StopRequest { by: Actor::System, at: draft.now, cause: StopCause::Shutdown });
            }
            let stopped_by = after.stop.as_ref().map_or_else(|| who.actor.clone(), |stop| stop.by.clone());
            let text = match after.stop.as_ref().map(|stop| stop.cause) {
                None | Some(StopCause::Asked | StopCause::Restart) => format!("stopped by {stopped_by}"),
                Some(StopCause::Shutdown) => "stopped, because its spawner went down".to_owned(),
                Some(StopCause::TasksDone) => "stopped: its tasks are done".to_owned(),
            };
            let status = SessionStatus::Stopped { stopped_by, ended_at: draft.now };
            let change = SessionChange::Stopped { epoch: session.epoch };
            end(draft, &session, after, status, change, &text);
            Ok(())
        }
    }
}

/// Records an end: gives the claims back, takes the assignments off unless it will start again, tells the parent. Where a
/// restart was wished for, the next epoch begins in the same commit.
pub(crate) fn end(
    draft: &mut Draft,
    before: &Session,
    mut after: Session,
    status: SessionStatus,
    change: SessionChange,
    text: &str,
) {
    after.restart_at = restart_after(before, &status).map(|secs| draft.now.plus_secs(secs));
    let cause = after.stop.as_ref().map(|stop| stop.cause);
    // Nothing of it has run as far as anybody knows, and if it has, it is superseded: somebody else may start it.
    let once_more = matches!((&before.status, &status), (SessionStatus::Starting { .. }, SessionStatus::Lost { .. }))
        && after.stop.is_none()
        && before.tries < Limits::TRIES;
    let at_once = cause == Some(StopCause::Restart) || once_more;
    if once_more {
        after.restart_at = None;
    }
    let restarts = after.restart_at.is_some() || at_once;
    after.stop_at = None;
    after.status = status;
    draft.put_session(change, after);
    // Neither the agent nor the task is to blame for these.
    let blameless = matches!(cause, Some(StopCause::Shutdown | StopCause::Restart));
    let held = give_back(draft, before, text, if blameless { Counts::No } else { Counts::Yes });
    // Refused, when there are too many sessions, it has just ended.
    let start = if once_more { again::Start::OnceMore } else { again::Start::Anew };
    let begun = at_once && draft.session(before.id).is_ok_and(|ended| again::begin(draft, &ended, start).is_ok());
    if !restarts || (at_once && !begun) {
        unassign(draft, before);
    }
    let again = if begun || (restarts && !at_once) { "; it will be started again" } else { "" };
    let resume = if cause == Some(StopCause::Shutdown) { goes_on(before) } else { String::new() };
    tell_parent(draft, before, text, &held, &format!("{again}{resume}"));
}

/// What its parent hears of an end: how it ended, what it gave back, and what comes next.
fn tell_parent(draft: &mut Draft, ended: &Session, text: &str, held: &str, next: &str) {
    let message = format!("{} ({}) {text}{held}{next}", ended.id, ended.name);
    draft.report(&ended.parent, ended.tasks.first().copied(), &message);
}

fn goes_on(ended: &Session) -> String {
    format!("; `maestro session resume {}` goes on with it", ended.id)
}

/// Takes the session's assignments off: it will not come for them any more.
pub(crate) fn unassign(draft: &mut Draft, session: &Session) {
    for id in &session.tasks {
        let assigned = draft
            .state
            .task(*id)
            .filter(|t| t.assignment.as_ref().is_some_and(|a| a.session == session.id) && t.status.kind().is_open());
        if assigned.is_some() {
            draft.change_task(*id, TaskChange::Unassigned { session: session.id }, |t| t.assignment = None);
        }
    }
}

/// Seconds until the next epoch, when the policy grants one after this end.
fn restart_after(session: &Session, end: &SessionStatus) -> Option<i64> {
    let RestartPolicy::OnFailure { max } = session.restart else { return None };
    let bad = match end {
        SessionStatus::Exited { code, .. } => *code != 0,
        SessionStatus::Failed { .. } | SessionStatus::Lost { .. } => true,
        SessionStatus::Stopped { .. }
        | SessionStatus::Requested { .. }
        | SessionStatus::Starting { .. }
        | SessionStatus::Active { .. }
        | SessionStatus::NeedsInput { .. } => false,
    };
    let granted = bad && session.stop.is_none() && session.restarts < max && session.epoch < u32::MAX;
    granted.then(|| (5_i64 << session.restarts.min(10)).min(Limits::BACKOFF_SECS))
}
