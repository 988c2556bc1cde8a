//! `discard`: a worktree and its branch go; what is nowhere else only by force.

use maestro_wire::{ErrorBody, ErrorCode, RemovedView, WorktreeRequest};

use super::diff::uncancelled;
use super::state::{self, State, some_of};
use super::{find, git_failed, trouble};
use crate::context::Context;
use crate::workspace::WorktreeRecord;

pub(super) async fn run(context: &Context, request: &WorktreeRequest) -> Result<RemovedView, ErrorBody> {
    let record = find(context, request)?;
    let git = context.rooms.git(&uncancelled());
    let _one = context.rooms.lock(&record.repository).await;
    let session = record.incarnation.session;
    let state = state::of(context, &git, &record).await;
    if context.is_at_work(&record.incarnation) {
        let text = format!("{session} works there");
        return Err(ErrorBody::new(ErrorCode::SessionState, text)
            .commands([format!("maestro session stop {session}"), format!("maestro session diff {session}")]));
    }
    let state = match state {
        Ok(state) => Some(state),
        // What cannot be looked at is discarded by force alone.
        Err(_) if request.force => None,
        Err(error) => return Err(git_failed(&error)),
    };
    if let Some(what) = state.as_ref().filter(|_| !request.force).and_then(unsaved) {
        let text = format!("{session} has {what}; nothing was removed");
        return Err(ErrorBody::new(ErrorCode::UnmergedWork, text)
            .with("path", record.path.to_string_lossy())
            .with("branch", record.branch.clone())
            .commands([
                format!("maestro session diff {session}"),
                format!("maestro session merge {session}"),
                format!("maestro session discard {session} --force"),
            ]));
    }
    remove(context, &record, state.as_ref()).await
}

/// What would be lost.
pub(super) fn unsaved(state: &State) -> Option<String> {
    if !state.dirty.is_empty() {
        return Some(format!("uncommitted files: {}", some_of(&state.dirty)));
    }
    if !state.ignored.is_empty() {
        return Some(format!("files that git ignores and nothing else has: {}", some_of(&state.ignored)));
    }
    let saved = state.view.merged || state.view.pushed;
    (!saved).then(|| format!("commits that are neither merged into '{}' nor pushed", state.view.base))
}

/// The repository is locked by the caller.
pub(super) async fn remove(
    context: &Context,
    record: &WorktreeRecord,
    state: Option<&State>,
) -> Result<RemovedView, ErrorBody> {
    context.rooms.discard(record).await.map_err(|error| trouble(&error))?;
    Ok(RemovedView {
        project: record.incarnation.project.clone(),
        session: record.incarnation.session,
        path: record.path.to_string_lossy().into_owned(),
        branch: record.branch.clone(),
        commit: state.map(|state| state.head.clone()),
    })
}
