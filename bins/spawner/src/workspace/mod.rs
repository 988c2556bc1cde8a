//! Where a session works: a git worktree of its own, the project's directory, or an empty one.
//!
//! A worktree is written down before it is made and is detached until its session is ours: whoever dies meanwhile leaves
//! a directory that the next start removes, and no branch.

mod address;
mod clone;
mod combine;
mod copy;
pub(crate) mod files;
mod git;
mod ignored;
mod record;
mod repository;
mod rooms;
mod run;
mod setup;
mod trouble;

use std::path::{Path, PathBuf};

use record::Record;

pub(crate) use address::without_secret;
pub(crate) use combine::{Merged, merge_trees};
pub(crate) use git::{Git, GitError, LOCAL};
pub(crate) use ignored::ignored;
pub(crate) use record::{Record as WorktreeRecord, Source};
pub(crate) use rooms::{Rooms, Wanted};
pub(crate) use trouble::Trouble;

/// What kind of room it is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    /// An empty directory, made for this incarnation.
    Own,
    /// The project's.
    Projects,
    /// A worktree; `fresh`: made for this incarnation, and nobody has worked in it.
    Worktree { record: Box<Record>, fresh: bool },
}

/// The directories of one incarnation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Workspace {
    /// Where the agent works.
    pub work: PathBuf,
    /// Ours about it: manifest and output.
    pub files: PathBuf,
    kind: Kind,
}

impl Workspace {
    /// Works where an earlier epoch did, which runs no more; returns whether it does. What is the project's, and a worktree,
    /// stays.
    pub(crate) fn go_on_in(&mut self, before: &Path) -> bool {
        if self.kind == Kind::Own && *before != *self.work && files::private(before).is_ok() {
            // Made for this epoch, and empty.
            let _ = std::fs::remove_dir(&self.work);
            before.clone_into(&mut self.work);
        }
        *before == *self.work
    }

    /// Nothing of it runs any more, though its holder did not say so: the files may be forgotten one day.
    pub(crate) fn mark_ended(&self) {
        files::mark_ended(&self.files);
    }

    pub(crate) fn manifest(&self) -> PathBuf {
        files::manifest(&self.files)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.files.join("output.log")
    }
}
