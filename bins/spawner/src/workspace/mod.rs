//! Where a session works. A plain directory, or the project's own; worktrees find their room here.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use maestro_domain::ProjectId;

use crate::incarnation::Incarnation;

/// How many sessions' files (manifest, output) are kept of a project.
const KEPT: usize = 200;

/// What ended sessions have among their files: written by the holder, or in its stead.
const ENDING: &str = "ending.json";
const MARK: &str = "ended";

/// The directories of one incarnation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Where the agent works.
    pub work: PathBuf,
    /// Ours about it: manifest and output.
    pub files: PathBuf,
    /// Made for this incarnation, not the project's own.
    own: bool,
}

impl Workspace {
    /// Names the directories; makes nothing.
    pub fn of(data: &Path, paths: &BTreeMap<ProjectId, PathBuf>, incarnation: &Incarnation) -> Self {
        let name = format!("{}-{}", incarnation.session, incarnation.epoch);
        let below = |room: &str| data.join(room).join(incarnation.project.as_str()).join(&name);
        let project = paths.get(&incarnation.project).cloned();
        Self { own: project.is_none(), work: project.unwrap_or_else(|| below("work")), files: below("sessions") }
    }

    /// Makes what is not there. A project's own directory must be there.
    ///
    /// # Errors
    /// With the path in the message.
    pub fn prepare(&self) -> io::Result<()> {
        let named =
            |path: &Path, error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        if let Some(room) = self.files.parent() {
            forget_old(room);
        }
        private(&self.files).map_err(|error| named(&self.files, error))?;
        // Of a session of the same number in another ledger.
        for left in [ENDING, MARK] {
            let _ = fs::remove_file(self.files.join(left));
        }
        if self.own {
            private(&self.work).map_err(|error| named(&self.work, error))
        } else {
            let is_directory = fs::metadata(&self.work).map_err(|error| named(&self.work, error))?.is_dir();
            if is_directory { Ok(()) } else { Err(named(&self.work, io::ErrorKind::NotADirectory.into())) }
        }
    }

    /// Removes the directory if the agent left nothing in it.
    pub fn tidy(&self) {
        if self.own {
            // Not empty: somebody's work, which stays.
            let _ = fs::remove_dir(&self.work);
        }
    }

    /// Nothing of it runs any more, though its holder did not say so: the files may be forgotten one day.
    pub fn mark_ended(&self) {
        // Without it they are kept for longer.
        let _ = fs::write(self.files.join(MARK), "");
    }

    pub fn manifest(&self) -> PathBuf {
        self.files.join("manifest.json")
    }

    pub fn log(&self) -> PathBuf {
        self.files.join("output.log")
    }
}

fn private(path: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Output and manifests of sessions that have ended long ago.
fn forget_old(room: &Path) {
    let Ok(entries) = fs::read_dir(room) else { return };
    let ended = |path: &Path| path.join(ENDING).exists() || path.join(MARK).exists();
    let mut all: Vec<_> = entries
        .flatten()
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
