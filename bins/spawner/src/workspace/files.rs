//! What is kept about each session beside its workspace: manifest, output, ending.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::holder::Ending;
use crate::incarnation::Incarnation;

/// How many sessions' files (manifest, output) are kept of a project.
const KEPT: usize = 200;

/// What ended sessions have among their files: written by the holder, or in its stead.
const ENDING: &str = "ending.json";
const MARK: &str = "ended";

/// Where they lie.
pub(crate) fn of(data: &Path, incarnation: &Incarnation) -> PathBuf {
    data.join("sessions").join(incarnation.project.as_str()).join(name(incarnation))
}

/// What its agent was given, among a session's files.
pub(crate) fn manifest(files: &Path) -> PathBuf {
    files.join("manifest.json")
}

pub(super) fn name(incarnation: &Incarnation) -> String {
    format!("{}-{}", incarnation.session, incarnation.epoch)
}

/// Makes the directory, new for this incarnation.
///
/// # Errors
/// Those of the file system.
pub(super) fn prepare(files: &Path) -> io::Result<()> {
    if let Some(room) = files.parent() {
        forget_old(room);
    }
    private(files)?;
    // Of a session of the same number in another ledger.
    for left in [ENDING, MARK] {
        let _ = fs::remove_file(files.join(left));
    }
    Ok(())
}

pub(crate) fn mark_ended(files: &Path) {
    // Without it they are kept for longer.
    let _ = fs::write(files.join(MARK), "");
}

/// Whether nothing of it runs any more, as far as its files tell: written once the agent and all that it started are gone,
/// before anybody is told. What is left is to tell it and to store its recording.
pub(crate) fn is_over(files: &Path, incarnation: &Incarnation) -> bool {
    files.join(MARK).exists() || Ending::read(files, incarnation).is_some()
}

pub(super) fn private(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Output and manifests of sessions that have ended long ago.
fn forget_old(room: &Path) {
    let Ok(entries) = fs::read_dir(room) else { return };
    let entries: Vec<_> = entries.flatten().collect();
    // Every session comes by here: they are counted before each is looked at.
    if entries.len() < KEPT * 2 {
        return;
    }
    let ended = |path: &Path| path.join(ENDING).exists() || path.join(MARK).exists();
    let mut all: Vec<_> = entries
        .into_iter()
        .filter(|e| ended(&e.path()))
        .filter_map(|e| Some((e.metadata().ok()?.modified().ok()?, e.path())))
        .collect();
    if all.len() < KEPT * 2 {
        return;
    }
    all.sort();
    for (_, path) in &all[..all.len() - KEPT] {
        let _ = fs::remove_dir_all(path);
    }
}
