//! `prune`: worktrees that nobody needs go; the others are listed with the reason why they stay.

use std::time::{Duration, Instant};

use maestro_wire::{KeptView, PruneRequest, PruneView, RemovedView};

use super::diff::uncancelled;
use super::{discard, state};
use crate::context::Context;
use crate::workspace::WorktreeRecord;

/// Whoever asks waits.
const LONGEST: Duration = Duration::from_secs(30);

pub(super) async fn run(context: &Context, request: &PruneRequest) -> PruneView {
    let mut view = PruneView::default();
    let begun = Instant::now();
    for record in context.rooms.worktrees() {
        if request.project.as_ref().is_some_and(|project| *project != record.incarnation.project) {
            continue;
        }
        let looked = if begun.elapsed() < LONGEST {
            look(context, &record, request.dry_run).await
        } else {
            Err("there was no time to look at it; prune again".to_owned())
        };
        match looked {
            Ok(removed) => view.removed.push(removed),
            Err(reason) => view.kept.push(KeptView {
                project: record.incarnation.project.clone(),
                session: record.incarnation.session,
                path: record.path.to_string_lossy().into_owned(),
                branch: record.branch.clone(),
                reason,
            }),
        }
    }
    view
}

/// Removes it, or says why it stays.
async fn look(context: &Context, record: &WorktreeRecord, dry_run: bool) -> Result<RemovedView, String> {
    if context.is_at_work(&record.incarnation) {
        return Err("an agent works there".to_owned());
    }
    let git = context.rooms.git(&uncancelled());
    let _one = context.rooms.lock(&record.repository).await;
    let state = state::of(context, &git, record).await.map_err(|error| error.to_string())?;
    // Somebody may have been quicker.
    if context.is_at_work(&record.incarnation) || !context.rooms.worktrees().contains(record) {
        return Err("an agent works there".to_owned());
    }
    if let Some(what) = discard::unsaved(&state) {
        return Err(what);
    }
    if dry_run {
        return Ok(RemovedView {
            project: record.incarnation.project.clone(),
            session: record.incarnation.session,
            path: record.path.to_string_lossy().into_owned(),
            branch: record.branch.clone(),
            commit: Some(state.head),
        });
    }
    discard::remove(context, record, Some(&state)).await.map_err(|error| error.message)
}
