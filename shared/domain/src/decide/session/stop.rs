//! `session.stop`: a recorded wish; whoever prepares or runs the session carries it out.

use crate::{
    Actor, DeadlineKind, Refusal, Session, SessionChange, SessionId, SessionStatus, StopCause, StopRequest,
    decide::who::Who, draft::Draft,
};

pub(crate) fn decide(draft: &mut Draft, who: &Who, id: SessionId) -> Result<(), Refusal> {
    let session = draft.session(id)?;
    if who.actor != Actor::Session(id) {
        who.must_command_all("stop other sessions", None)?;
    }
    let mut after = Session::clone(&session);
    let asked = StopRequest { by: draft.actor.clone(), at: draft.now, cause: StopCause::Asked };
    // One that would be started again is now stopped for good, and one whose tasks are done now, not when it rests.
    let is_news =
        session.stop.as_ref().is_none_or(|stop| matches!(stop.cause, StopCause::Restart | StopCause::TasksDone));
    match session.status {
        SessionStatus::Requested { .. } => {
            after.stop = Some(asked);
            super::end::end(
                draft,
                &session,
                after,
                SessionStatus::Stopped { stopped_by: who.actor.clone(), ended_at: draft.now },
                SessionChange::Stopped { epoch: session.epoch },
                "stopped before it started",
            );
        }
        SessionStatus::Starting { .. } | SessionStatus::Active { .. } | SessionStatus::NeedsInput { .. } => {
            if is_news {
                after.stop = Some(asked);
                after.stop_at = None;
                draft.put_session(SessionChange::StopRequested {}, after);
            }
        }
        // It may turn out to be alive: then it hears that it was to stop.
        SessionStatus::Lost { .. } => {
            if is_news {
                after.stop = Some(asked);
                after.restart_at = None;
                draft.put_session(SessionChange::StopRequested {}, after);
                super::end::unassign(draft, &session);
            }
        }
        SessionStatus::Exited { .. } | SessionStatus::Failed { .. } | SessionStatus::Stopped { .. } => {
            if session.restart_at.is_some() {
                after.restart_at = None;
                let reason = Draft::line(&format!("stopped by {}", who.actor));
                draft.put_session(SessionChange::RestartAbandoned { deadline: DeadlineKind::Restart, reason }, after);
                super::end::unassign(draft, &session);
            }
        }
    }
    Ok(())
}
