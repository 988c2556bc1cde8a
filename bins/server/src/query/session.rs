//! `session.list` and `session.get`

use maestro_domain::{Refusal, Session, SessionId, SessionStatus};
use maestro_wire::{ErrorBody, ErrorCode, Page, SessionList, SessionView};

use super::{Asked, cursor};
use crate::reply::session_view;

/// The session that a query names, else the caller's own.
pub fn named(asked: &Asked<'_>, given: Option<SessionId>) -> Result<std::sync::Arc<Session>, ErrorBody> {
    let id = given.or_else(|| asked.actor.session()).ok_or_else(|| {
        ErrorBody::new(ErrorCode::MissingSession, "no session was named and the caller is none")
            .commands(["maestro session list"])
    })?;
    Ok(asked.view.state.session(id).cloned().ok_or(Refusal::SessionNotFound(id))?)
}

/// A session as lists show it.
pub fn view(asked: &Asked<'_>, session: &Session) -> SessionView {
    let pending = match session.status {
        SessionStatus::Requested { .. } => asked.room.server.nodes.why_pending(session),
        SessionStatus::Starting { .. }
        | SessionStatus::Active { .. }
        | SessionStatus::NeedsInput { .. }
        | SessionStatus::Exited { .. }
        | SessionStatus::Failed { .. }
        | SessionStatus::Stopped { .. }
        | SessionStatus::Lost { .. } => None,
    };
    session_view(&asked.view.state, session, pending)
}

pub async fn get(asked: &Asked<'_>, given: Option<SessionId>) -> Result<SessionView, ErrorBody> {
    Ok(view(asked, &*named(asked, given)?))
}

pub async fn list(asked: &Asked<'_>, list: &SessionList) -> Result<Page<SessionView>, ErrorBody> {
    let limit = cursor::limit(list.limit)?;
    let after: Option<u32> = cursor::read(list.cursor.as_deref())?;
    let mut items = Vec::new();
    let mut more = false;
    let sessions = asked.view.state.sessions();
    let ordered: Box<dyn Iterator<Item = _> + Send> =
        if list.reverse { Box::new(sessions.iter().rev()) } else { Box::new(sessions.iter()) };
    for (id, session) in ordered {
        let behind = |after| if list.reverse { id.number() < after } else { id.number() > after };
        let fits = after.is_none_or(behind)
            && (list.all || !list.status.is_empty() || session.is_living())
            && (list.status.is_empty() || list.status.contains(&session.status.kind()))
            && list.role.is_none_or(|role| role == session.role);
        if !fits {
            continue;
        }
        if items.len() == limit {
            more = true;
            break;
        }
        items.push(view(asked, session));
    }
    let next_cursor = items.last().filter(|_| more).map(|v| cursor::write(&v.session.id.number()));
    Ok(Page { items, next_cursor })
}
