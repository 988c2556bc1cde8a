//! Long polls: answered when something happens, when the time is over, or at drain.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use maestro_domain::{Actor, Refusal, SessionStatusKind, StatusKind, TaskId};
use maestro_wire::{
    ErrorBody, ErrorCode, Place, Reply, Subject, WaitEnvelope, WaitEvents, WaitReason, WaitRequest, WaitTasks, Waited,
    decode_wait,
};
use tokio::time::{Instant, timeout_at};

use super::{Room, query::subject_error, verb::Verb};
use crate::{
    project::{Project, View},
    query::{Asked, history, unread},
    store::EventRange,
};

/// Answers one wait; the first part is what was waited for.
pub async fn handle(room: &Room, subject: &str, payload: &Bytes) -> (Verb, Reply) {
    let (place, actor, what) = match subject.parse() {
        Ok(Subject::Wait { place, actor, what }) => (place, actor, what),
        Ok(_) => {
            let error = ErrorBody::new(ErrorCode::UnknownCommand, "this is not a wait's subject");
            return (Verb::INVALID, Reply::refused(error));
        }
        Err(error) => return (Verb::INVALID, Reply::refused(subject_error(error))),
    };
    let name = Verb::of_wait(&what);
    let reply = match wait(room, place, &actor, &what, payload).await {
        Ok(reply) => reply,
        Err(error) => Reply::refused(error),
    };
    (name, reply)
}

async fn wait(room: &Room, place: Place, actor: &Actor, what: &str, payload: &Bytes) -> Result<Reply, ErrorBody> {
    let (envelope, mut request) = decode_wait(what, payload)?;
    let Place::Project(id) = place else {
        return Err(ErrorBody::new(ErrorCode::MissingProject, "a wait is about a project; name one"));
    };
    let project = super::query::seen(room, &id, envelope.min_seq, envelope.ledger.as_deref()).await?;
    if project.view().state.project().is_none() {
        return Err(Refusal::ProjectNotFound(id).into());
    }
    let bound = Duration::from_millis(u64::from(envelope.timeout_ms.min(WaitEnvelope::MAX_MS)));
    let deadline = Instant::now() + bound;
    let mut seq = project.seq();
    let began = project.view().seq;
    loop {
        seq.mark_unchanged();
        let view = project.view();
        let waited = look(room, &project, &view, actor, &request, began).await?;
        if let (WaitRequest::Events(events), false) = (&mut request, waited.reached) {
            // What was looked at once is not looked at again.
            events.since = Some(waited.cursor);
        }
        if waited.reached || Instant::now() >= deadline {
            return Ok(Reply::ok(&waited).at(view.seq, room.registry.shared().ledger.id()));
        }
        tokio::select! {
            outcome = timeout_at(deadline, seq.changed()) => {
                if matches!(outcome, Ok(Err(_))) {
                    return Err(ErrorBody::new(ErrorCode::Unavailable, "the server is stopping; wait again"));
                }
            }
            () = room.drain.cancelled() => {
                return Err(ErrorBody::new(ErrorCode::Unavailable, "the server is stopping; wait again"));
            }
        }
    }
}

async fn look(
    room: &Room,
    project: &Arc<Project>,
    view: &Arc<View>,
    actor: &Actor,
    request: &WaitRequest,
    began: u64,
) -> Result<Waited, ErrorBody> {
    let asked = Asked { room, project, view, actor };
    match request {
        WaitRequest::Tasks(tasks) => look_at_tasks(&asked, tasks, began).await,
        WaitRequest::Events(events) => look_at_events(&asked, events, began).await,
    }
}

async fn look_at_events(asked: &Asked<'_>, events: &WaitEvents, began: u64) -> Result<Waited, ErrorBody> {
    let since = events.since.unwrap_or(began);
    if asked.view.seq <= since {
        return Ok(Waited { cursor: since, ..Waited::default() });
    }
    let reading = asked.reading().await?;
    let limit = events.limit.unwrap_or(100).clamp(1, 1000) as usize;
    let found = reading.events(&asked.project.id, EventRange::After(since), events.entity.as_ref(), limit);
    let (commits, more) = history::commits(asked, asked.stored(found)?).await?;
    let found: Vec<_> = commits.into_iter().flatten().collect();
    // Whatever was looked at and did not fit the filter is old news too, unless the page was full.
    let cursor = match found.last() {
        Some(last) if more => last.seq,
        // The projection may be ahead of the snapshot: what was told is not told again.
        Some(last) => last.seq.max(asked.view.seq),
        None => asked.view.seq,
    };
    Ok(Waited { reached: !found.is_empty(), events: found, cursor, ..Waited::default() })
}

async fn look_at_tasks(asked: &Asked<'_>, wanted: &WaitTasks, began: u64) -> Result<Waited, ErrorBody> {
    let state = &asked.view.state;
    let mut reasons = Vec::new();
    let mut met = 0;
    let since = wanted.since.unwrap_or(began);
    for id in &wanted.tasks {
        let task = state.task(*id).ok_or(Refusal::TaskNotFound(*id))?;
        let status = task.status.kind();
        let before = reasons.len();
        match status {
            StatusKind::Completed | StatusKind::InReview | StatusKind::Blocked | StatusKind::Cancelled => {
                reasons.push(WaitReason::Task { task: *id, status });
            }
            StatusKind::Pending if was_released(asked, *id, since).await? => {
                reasons.push(WaitReason::Released { task: *id });
            }
            StatusKind::Pending | StatusKind::InProgress => {
                let holder = task.claim.as_ref().and_then(|c| c.holder.actor.session());
                let session = holder.or_else(|| task.assignment.as_ref().map(|a| a.session));
                if let Some(session) = session.and_then(|s| state.session(s))
                    && session.status.kind() == SessionStatusKind::NeedsInput
                {
                    reasons.push(WaitReason::Session { session: session.id, status: session.status.kind() });
                }
            }
        }
        if reasons.len() > before {
            met += 1;
        }
    }
    for id in &wanted.sessions {
        let session = state.session(*id).ok_or(Refusal::SessionNotFound(*id))?;
        let status = session.status.kind();
        if status == SessionStatusKind::NeedsInput || (!status.is_living() && session.restart_at.is_none()) {
            reasons.push(WaitReason::Session { session: *id, status });
            met += 1;
        }
    }
    let all = wanted.tasks.len() + wanted.sessions.len();
    let after = wanted.since_message.map(|id| id.number());
    let has_mail = asked.view.state.inbox(asked.actor).any(|id| after.is_none_or(|after| id.number() > after));
    let messages = if has_mail {
        let reading = asked.reading().await?;
        unread(asked, &reading, after, 20)?
    } else {
        Vec::new()
    };
    let done = if wanted.all { met == all && all > 0 } else { met > 0 };
    Ok(Waited { reached: done || !messages.is_empty(), reasons, messages, events: Vec::new(), cursor: asked.view.seq })
}

/// Whether a pending task was given back after the caller last looked.
async fn was_released(asked: &Asked<'_>, task: TaskId, since: u64) -> Result<bool, ErrorBody> {
    let given_back = asked.view.state.task(task).is_some_and(|t| t.released.is_some());
    if !given_back || asked.view.seq <= since {
        return Ok(false);
    }
    let reading = asked.reading().await?;
    let entity = maestro_domain::EntityRef::Task(task);
    let mut places = asked.stored(reading.timeline(&asked.project.id, &entity, None, 10))?;
    places.retain(|(seq, _)| *seq > since);
    let entries = history::at(asked, &places).await?;
    Ok(entries.iter().any(|(_, e)| e.change.get("kind").and_then(serde_json::Value::as_str) == Some("released")))
}
