//! Recordings that their holders could not bring into the store, because the broker was away or the holder was killed: they
//! lie among the session's files until the store has them.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::holder::{RECORDING, RECORDINGS, recording_name};
use crate::incarnation::Incarnation;

/// How often it is looked for some.
const LOOK: Duration = Duration::from_secs(30);
/// Bound of one.
const UPLOAD: Duration = Duration::from_secs(30);

/// Brings them up until the end: at the start, when a session has ended, and now and then.
pub(crate) async fn run(context: Arc<Context>, end: CancellationToken) {
    loop {
        bring_up_all(&context, &end).await;
        tokio::select! {
            () = end.cancelled() => return,
            () = context.ended.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn bring_up_all(context: &Context, end: &CancellationToken) {
    for (incarnation, path) in waiting(&context.config.data.join("sessions")) {
        // Its holder has it open.
        if context.ledger.has(&incarnation) {
            continue;
        }
        if !context.client.is_connected() || end.is_cancelled() {
            return;
        }
        let name = recording_name(&incarnation);
        match tokio::time::timeout(UPLOAD, bring_up(context, &name, &path)).await {
            Ok(Ok(())) => tracing::info!(name, "recording kept after all"),
            Ok(Err(error)) => tracing::warn!(name, cause = error, "recording stays here for now"),
            Err(_) => tracing::warn!(name, "recording stays here for now: the store is too slow"),
        }
    }
}

async fn bring_up(context: &Context, name: &str, path: &Path) -> Result<(), String> {
    let bytes = tokio::fs::read(path).await.map_err(|error| error.to_string())?;
    // A holder that was killed may have left half a line.
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
    if whole > 0 {
        let mut source = &bytes[..whole];
        context.client.objects(RECORDINGS).put(name, &mut source).await.map_err(|error| error.to_string())?;
    }
    // The store has it; what is here would only be a copy.
    fs::remove_file(path).map_err(|error| error.to_string())
}

/// Those that lie there, with whose they are.
fn waiting(sessions: &Path) -> Vec<(Incarnation, PathBuf)> {
    let below = |directory: &Path| fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut found = Vec::new();
    for project in below(sessions) {
        for files in below(&project) {
            let recording = files.join(RECORDING);
            if let Some(incarnation) = of(&project, &files).filter(|_| recording.is_file()) {
                found.push((incarnation, recording));
            }
        }
    }
    found
}

/// `…/web/s7-2`
fn of(project: &Path, files: &Path) -> Option<Incarnation> {
    let (session, epoch) = files.file_name()?.to_str()?.split_once('-')?;
    Some(Incarnation {
        project: project.file_name()?.to_str()?.parse().ok()?,
        session: session.parse().ok()?,
        epoch: epoch.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recordings_are_found_by_their_place() {
        let room = tempfile::tempdir().unwrap();
        for name in ["web/s7-2", "web/s8-1", "web/notes", "Odd/s1-1"] {
            fs::create_dir_all(room.path().join(name)).unwrap();
            fs::write(room.path().join(name).join(RECORDING), "{}\n").unwrap();
        }
        fs::remove_file(room.path().join("web/s8-1").join(RECORDING)).unwrap();
        let found = waiting(room.path());
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].0.to_string(), "web.s7.2");
    }
}
