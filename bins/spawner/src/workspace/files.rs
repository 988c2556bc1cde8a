//! What is kept about each session beside its workspace: manifest, output, ending.

use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use maestro_domain::Timestamp;

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

/// Makes the directory, new for this incarnation of a project that was created then.
///
/// # Errors
/// Those of the file system.
pub(super) fn prepare(data: &Path, incarnation: &Incarnation, created: Timestamp) -> io::Result<PathBuf> {
    let files = of(data, incarnation);
    if let Some(room) = files.parent() {
        forget_old(room);
        forget_purged(room, &files, incarnation, created);
    }
    private(&files)?;
    // Of a session of the same number in another ledger.
    for left in [ENDING, MARK] {
        let _ = fs::remove_file(files.join(left));
    }
    Ok(files)
}

/// What is left of the session of this number in another project of this name, which was purged: its conversations and what it
/// said last are not this one's. Nothing of it runs, or this one would not be prepared.
fn forget_purged(room: &Path, own: &Path, incarnation: &Incarnation, created: Timestamp) {
    let session = format!("{}-", incarnation.session);
    for entry in fs::read_dir(room).into_iter().flatten().flatten() {
        let path = entry.path();
        let of_session = entry.file_name().to_string_lossy().starts_with(&session);
        let purged = of_session && project_created(&path).is_some_and(|other| other != created);
        if purged && (path == own || has_ended(&path)) {
            let _ = fs::remove_dir_all(path);
        }
    }
}

/// When the project was created that these are a part of, as its agent was told.
fn project_created(files: &Path) -> Option<Timestamp> {
    let told: serde_json::Value = serde_json::from_slice(&fs::read(manifest(files)).ok()?).ok()?;
    serde_json::from_value(told["project"]["createdAt"].clone()).ok()
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

fn has_ended(files: &Path) -> bool {
    files.join(ENDING).exists() || files.join(MARK).exists()
}

/// Output and manifests of sessions that have ended long ago.
fn forget_old(room: &Path) {
    let Ok(entries) = fs::read_dir(room) else { return };
    let entries: Vec<_> = entries.flatten().collect();
    // Every session comes by here: they are counted before each is looked at.
    if entries.len() < KEPT * 2 {
        return;
    }
    let mut all: Vec<_> = entries
        .into_iter()
        .filter(|e| has_ended(&e.path()))
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_purged_project_left_is_not_found_by_the_next_one_of_its_name() {
        let data = tempfile::tempdir().unwrap();
        let incarnation =
            |epoch| Incarnation { project: "web".parse().unwrap(), session: "s1".parse().unwrap(), epoch };
        let [then, now] = [1_000, 2_000].map(Timestamp::from_millis);
        for epoch in [1, 2, 3] {
            let files = prepare(data.path(), &incarnation(epoch), then).unwrap();
            fs::write(manifest(&files), json!({ "project": { "createdAt": then } }).to_string()).unwrap();
            fs::write(files.join("turn"), "idle").unwrap();
        }
        mark_ended(&of(data.path(), &incarnation(2)));
        let left = |epoch| of(data.path(), &incarnation(epoch)).join("turn").exists();
        // Once more, in the same project.
        prepare(data.path(), &incarnation(1), then).unwrap();
        assert!(left(1) && left(2) && left(3));
        let files = prepare(data.path(), &incarnation(1), now).unwrap();
        assert!(files.exists() && !left(1) && !left(2), "of another project");
        assert!(left(3), "nobody knows that it has ended");
    }
}
