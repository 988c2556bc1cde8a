//! `session.resume` and `session.restart`: the next epoch of a session, because somebody wants it.

use crate::{
    Actor, Assignment, Limits, MessageId, Refusal, Resumes, Session, SessionChange, SessionId, SessionStatus,
    StopCause, StopRequest, TaskChange,
    decide::{
        task::{create::limit, start::living_assignment},
        who::Who,
    },
    draft::Draft,
};

/// How an epoch begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// With its prompt.
    Anew,
    /// Where the epoch before it was.
    GoingOn,
    /// As the epoch before it was to, which was lost before its agent ran.
    OnceMore,
}

/// For a session that has ended in whatever way, or is thought lost.
pub(crate) fn resume(draft: &mut Draft, who: &Who, id: SessionId) -> Result<(), Refusal> {
    let session = may_begin(draft, who, id, "resume sessions")?;
    if session.is_living() {
        return Err(Refusal::SessionState { session: id, status: session.status.kind(), verb: "resume" });
    }
    begin(draft, &session, Start::GoingOn)
}

/// Stops a living one first: its next epoch begins when this one has ended.
pub(crate) fn restart(draft: &mut Draft, who: &Who, id: SessionId) -> Result<(), Refusal> {
    let session = may_begin(draft, who, id, "restart sessions")?;
    match session.status {
        // It is about to start.
        SessionStatus::Requested { .. } => Ok(()),
        SessionStatus::Starting { .. } | SessionStatus::Active { .. } | SessionStatus::NeedsInput { .. } => {
            if session.stop.as_ref().is_none_or(|stop| stop.cause != StopCause::Restart) {
                let mut after = session.clone();
                after.stop = Some(StopRequest { by: draft.actor.clone(), at: draft.now, cause: StopCause::Restart });
                after.stop_at = None;
                draft.put_session(SessionChange::StopRequested {}, after);
            }
            Ok(())
        }
        SessionStatus::Exited { .. }
        | SessionStatus::Failed { .. }
        | SessionStatus::Stopped { .. }
        | SessionStatus::Lost { .. } => begin(draft, &session, Start::Anew),
    }
}

fn may_begin(draft: &Draft, who: &Who, id: SessionId, what: &str) -> Result<Session, Refusal> {
    let session = draft.session(id)?;
    who.must_command_all(what, None)?;
    who.must_live("start sessions again")?;
    Ok(Session::clone(&session))
}

/// Grants the next epoch. Tasks that are still the session's to do, and nobody else's by now, are given to it again.
pub(crate) fn begin(draft: &mut Draft, session: &Session, start: Start) -> Result<(), Refusal> {
    limit("living sessions of one project", draft.state.living().len(), Limits::LIVING_SESSIONS)?;
    limit("epochs of one session", session.epoch as usize, u32::MAX as usize)?;
    let epoch = session.epoch + 1;
    let mut after = session.clone();
    match start {
        Start::Anew => after.resumes = None,
        Start::GoingOn => {
            // One that never got as far as a node goes on from where it was before.
            let node = session.node.clone().or_else(|| session.resumes.as_ref().and_then(|before| before.node.clone()));
            after.resumes = Some(Resumes { epoch: session.epoch, node });
        }
        Start::OnceMore => {}
    }
    after.epoch = epoch;
    if start == Start::OnceMore {
        after.tries += 1;
    } else {
        after.restarts = 0;
        after.tries = 0;
    }
    after.restart_at = None;
    after.stop = None;
    after.node = None;
    after.workspace = None;
    after.status =
        SessionStatus::Requested { requested_at: draft.now, expires_at: draft.now.plus_secs(Limits::REQUEST_SECS) };
    let change = match start {
        Start::Anew | Start::OnceMore => SessionChange::Restarted { epoch },
        Start::GoingOn => SessionChange::Resumed { epoch },
    };
    draft.put_session(change, after);
    drop_old_mail(draft, session.id, epoch);
    assign_free(draft, session);
    Ok(())
}

/// What was meant for the epochs before is for nobody any more.
pub(crate) fn drop_old_mail(draft: &mut Draft, session: SessionId, epoch: u32) {
    let old = |id: &MessageId| {
        draft.state.message(*id).is_some_and(|message| message.epoch.is_some_and(|meant| meant < epoch))
    };
    let old: Vec<_> = draft.state.inbox(&Actor::Session(session)).filter(old).collect();
    old.into_iter().for_each(|id| draft.see(id));
}

/// Gives the session those of its tasks that are open and nobody else's.
pub(crate) fn assign_free(draft: &mut Draft, session: &Session) {
    for id in &session.tasks {
        let free = draft.state.task(*id).is_some_and(|task| {
            task.status.kind().is_open() && task.claim.is_none() && living_assignment(draft, task).is_none()
        });
        if free {
            let assignment = Assignment { session: session.id, by: draft.actor.clone(), at: draft.now };
            draft.change_task(*id, TaskChange::Assigned { session: session.id }, |t| t.assignment = Some(assignment));
        }
    }
}
