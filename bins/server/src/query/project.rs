//! `project.list` and `project.get`

use maestro_domain::{Project as Entity, ProjectId, Session, SessionStatusKind, State, StatusKind};
use maestro_wire::{ErrorBody, ErrorCode, Page, ProjectList, ProjectView};

use super::{Asked, cursor};
use crate::{registry::Registry, store::ProjectRow};

pub async fn get(asked: &Asked<'_>) -> Result<ProjectView, ErrorBody> {
    let reading = asked.reading().await?;
    let row = asked.stored(reading.project(&asked.project.id))?;
    view(&asked.view.state, row)
        .ok_or_else(|| maestro_domain::Refusal::ProjectNotFound(asked.project.id.clone()).into())
}

pub fn list(registry: &Registry, list: &ProjectList) -> Result<Page<ProjectView>, ErrorBody> {
    let limit = cursor::limit(list.limit)?;
    let after: Option<ProjectId> = cursor::read(list.cursor.as_deref())?;
    let reading = registry.shared().store.begin().map_err(|error| {
        registry.shared().break_off(error.to_string());
        ErrorBody::new(ErrorCode::Unavailable, "the projection is being built anew")
    })?;
    let mut items = Vec::new();
    let mut more = false;
    let mut bytes = 0;
    for project in registry.all() {
        if after.as_ref().is_some_and(|after| project.id <= *after) {
            continue;
        }
        let state = &project.view().state;
        if state.project().is_none_or(|p| p.archived && !list.archived) {
            continue;
        }
        if items.len() == limit || bytes > cursor::PAGE_BYTES {
            more = true;
            break;
        }
        let view = view(state, reading.project(&project.id).ok().flatten());
        bytes += view.as_ref().map_or(0, weight);
        items.extend(view);
    }
    let next_cursor = items.last().filter(|_| more).map(|v| cursor::write(&v.project.id));
    Ok(Page { items, next_cursor })
}

/// About how many bytes a project takes in an answer.
fn weight(view: &ProjectView) -> usize {
    let long = |text: &Option<String>| text.as_ref().map_or(0, |text| text.len() * 2);
    1200 + view.project.title.len() * 2 + long(&view.overview) + long(&view.goals)
}

/// Living sessions that wait for somebody, in the order of their numbers.
pub fn waiting(state: &State) -> impl Iterator<Item = &Session> {
    let living = state.living().iter().filter_map(|id| state.session(*id));
    living.map(AsRef::as_ref).filter(|session| session.status.kind() == SessionStatusKind::NeedsInput)
}

fn view(state: &State, row: Option<ProjectRow>) -> Option<ProjectView> {
    let project = state.project()?;
    let row = row.unwrap_or_default();
    Some(ProjectView {
        project: Entity::clone(project),
        overview: row.overview,
        goals: row.goals,
        tasks: StatusKind::ALL.into_iter().map(|s| (s, state.with_status(s).len() as u64)).collect(),
        living_sessions: state.living().len() as u64,
        needs_input: waiting(state).count() as u64,
    })
}
