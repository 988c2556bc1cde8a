//! `status.get`: what needs the caller first.

use maestro_domain::{Line, StatusKind};
use maestro_wire::{ErrorBody, Overview, TaskRow};

use super::{Asked, message::unread, project, session};
use crate::reply::row;

/// At most this many of each kind.
const SHOWN: usize = 20;

pub async fn get(asked: &Asked<'_>) -> Result<Overview, ErrorBody> {
    let state = &asked.view.state;
    let with = |status: StatusKind| -> Vec<TaskRow> {
        let ids = state.with_status(status).iter();
        ids.filter_map(|id| state.task(*id)).take(SHOWN).map(|task| row(state, task)).collect()
    };
    let sessions: Vec<_> = state
        .living()
        .iter()
        .filter_map(|id| state.session(*id))
        .take(SHOWN * 5)
        .map(|s| session::view(asked, s))
        .collect();
    // Of all that live, however many these are: what waits for somebody must not be cut off.
    let needs_input = project::waiting(state).take(SHOWN * 5).map(|waits| session::view(asked, waits)).collect();
    let reading = asked.reading().await?;
    let stored = asked.stored(reading.project(&asked.project.id))?.unwrap_or_default();
    Ok(Overview {
        project: project::get(asked).await?,
        needs_input,
        blocked: with(StatusKind::Blocked),
        in_review: with(StatusKind::InReview),
        messages: unread(asked, &reading, None, SHOWN)?,
        in_progress: with(StatusKind::InProgress),
        ready: state
            .ready()
            .iter()
            .filter_map(|(_, id)| state.task(*id))
            .take(SHOWN)
            .map(|task| row(state, task))
            .collect(),
        sessions,
        failed_effects: stored.failed_effects.iter().map(|text| Line::lossy(text)).collect(),
    })
}
