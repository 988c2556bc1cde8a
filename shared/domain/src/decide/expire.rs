//! `session.expire`: a deadline passed. Every replica says so; the first is heard, the rest change nothing.

use crate::{
    DeadlineKind, Limits, Refusal, Session, SessionChange, SessionStatus, StopCause, StopRequest, draft::Draft,
    verb::ExpireSession,
};

use super::{
    session::{again::drop_old_mail, end::fail},
    who::Who,
};

pub(super) fn decide(draft: &mut Draft, who: &Who, verb: &ExpireSession) -> Result<(), Refusal> {
    who.must_be_system("expire deadlines")?;
    let session = draft.session(verb.session)?;
    let Some((due, _)) = session.deadline().filter(|(_, kind)| *kind == verb.deadline && session.epoch == verb.epoch)
    else {
        return Ok(());
    };
    if due > draft.now {
        return Err(Refusal::NotDue);
    }
    match verb.deadline {
        DeadlineKind::Request => {
            let labels = session.wants.labels.iter().map(|label| format!(" with label {label}")).collect::<String>();
            let text = match &session.wants.node {
                Some(node) => format!("node {node} did not take it within {} s", Limits::REQUEST_SECS),
                None => {
                    format!("no spawner in pool {}{labels} took it within {} s", session.pool, Limits::REQUEST_SECS)
                }
            };
            let why = verb.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
            fail(draft, &session, &Draft::line(&format!("{text}{why}")));
        }
        DeadlineKind::Starting => {
            let text = format!("started, but not active within {} s", Limits::STARTING_SECS);
            fail(draft, &session, &Draft::line(&text));
        }
        DeadlineKind::Done => {
            let mut after = Session::clone(&session);
            after.stop = Some(StopRequest { by: draft.actor.clone(), at: draft.now, cause: StopCause::TasksDone });
            after.stop_at = None;
            draft.put_session(SessionChange::StopRequested {}, after);
        }
        DeadlineKind::Restart => {
            let mut after = Session::clone(&session);
            after.epoch += 1;
            after.restarts += 1;
            after.restart_at = None;
            after.resumes = None;
            after.node = None;
            after.workspace = None;
            after.status = SessionStatus::Requested {
                requested_at: draft.now,
                expires_at: draft.now.plus_secs(Limits::REQUEST_SECS),
            };
            let epoch = after.epoch;
            draft.put_session(SessionChange::Restarted { epoch }, after);
            drop_old_mail(draft, session.id, epoch);
        }
    }
    Ok(())
}
