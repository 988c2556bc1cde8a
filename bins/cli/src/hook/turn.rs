//! What the holder of the session is left: whether the agent's turn is over.

use std::path::PathBuf;

use maestro_domain::InputKind;
use maestro_runtime::Turn;

use super::event::Event;
use crate::context::Context;

/// What is so from now on, before anybody is told.
pub fn begins(event: &Event, ctx: &Context) {
    let Some(files) = files(ctx) else { return };
    let turn = match event {
        Event::Prompted { .. } | Event::Worked { .. } => Some(Turn::Busy),
        Event::Asks { .. } => Some(Turn::Asks),
        Event::Waits { input: InputKind::Idle, .. } | Event::Failed { .. } => Some(Turn::Idle),
        Event::Waits { .. } => Some(Turn::Asks),
        Event::Started { .. } | Event::Stopped { .. } | Event::Compacting => None,
    };
    note(turn, &files);
}

/// What is so when it has been told: a turn that was not held back is over.
pub fn ends(event: &Event, held: bool, ctx: &Context) {
    if let (Event::Stopped { .. }, Some(files)) = (event, files(ctx)) {
        note(Some(if held { Turn::Busy } else { Turn::Idle }), &files);
    }
}

fn note(turn: Option<Turn>, files: &std::path::Path) {
    if let Some(turn) = turn {
        // Without it messages wait for the next hook that tells them.
        let _ = turn.note(files);
    }
}

/// The directory with the session's files: where its manifest lies.
fn files(ctx: &Context) -> Option<PathBuf> {
    let manifest = ctx.environment.agent().ok()??.manifest?;
    manifest.parent().map(PathBuf::from)
}
