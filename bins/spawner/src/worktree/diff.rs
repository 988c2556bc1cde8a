//! `diff`: what a session has done.

use maestro_wire::{CommitView, DiffView, ErrorBody, FileChange, FileStatus, WorktreeRequest};
use tokio_util::sync::CancellationToken;

use super::patch::{self, Wanted};
use super::{find, git_failed, state};
use crate::context::Context;
use crate::workspace::{Git, GitError, LOCAL, WorktreeRecord};

const COMMITS: usize = 100;

pub(super) async fn run(context: &Context, request: &WorktreeRequest) -> Result<DiffView, ErrorBody> {
    let record = find(context, request)?;
    // Bounded by git's own bounds; a spawner that ends takes it along.
    let git = context.rooms.git(&context.shutdown);
    look(context, &git, &record, request).await.map_err(|error| git_failed(&error))
}

async fn look(
    context: &Context,
    git: &Git,
    record: &WorktreeRecord,
    request: &WorktreeRequest,
) -> Result<DiffView, GitError> {
    let state = state::of(context, git, record).await?;
    let from = beginning(git, record, &state.head).await?;
    let mut room = patch::ROOM;
    let wanted = Wanted { commits: &[&from, &state.head], files: &request.files, patches: !request.stat };
    let (files, mut truncated) = patch::changes(git, &record.repository, &wanted, &mut room).await?;
    let (uncommitted, cut) = uncommitted(git, record, request, &state.dirty, &mut room).await?;
    truncated |= cut;
    let range = format!("{from}..{}", state.head);
    let limit = format!("--max-count={}", COMMITS + 1);
    let log = git.ask(&record.repository, &["log", &limit, "--format=%H%x09%s", &range]).await?;
    let mut commits: Vec<CommitView> = log
        .lines()
        .filter_map(|line| line.split_once('\t'))
        .map(|(id, subject)| CommitView { id: id.to_owned(), subject: subject.chars().take(200).collect() })
        .collect();
    truncated |= commits.len() > COMMITS;
    commits.truncate(COMMITS);
    Ok(DiffView { worktree: state.view, commits, files, uncommitted, truncated })
}

/// What its own work is compared with: what it began with, or what it has of the base when it took in more of it since.
async fn beginning(git: &Git, record: &WorktreeRecord, head: &str) -> Result<String, GitError> {
    let repository = &record.repository;
    let said = git.try_run(repository, &["merge-base", &record.base_ref(), head], LOCAL).await?;
    let common = String::from_utf8_lossy(&said.out).trim().to_owned();
    if said.code != 0 || common.is_empty() || common == head {
        return Ok(record.start.clone());
    }
    let newer = git.is_ancestor(repository, &record.start, &common).await?;
    Ok(if newer { common } else { record.start.clone() })
}

/// Through an index of its own, in which new files are announced: the session's stays as it is.
async fn uncommitted(
    git: &Git,
    record: &WorktreeRecord,
    request: &WorktreeRequest,
    dirty: &[String],
    room: &mut usize,
) -> Result<(Vec<FileChange>, bool), GitError> {
    if dirty.is_empty() || !record.path.is_dir() {
        return Ok((Vec::new(), false));
    }
    let index = git.ask(&record.path, &["rev-parse", "--absolute-git-dir"]).await?;
    let copy = std::env::temp_dir().join(format!("maestro-index-{}", ulid::Ulid::generate()));
    let _removed = Removed(&copy);
    if let Err(error) = std::fs::copy(std::path::Path::new(&index).join("index"), &copy) {
        return Err(GitError::NotStarted(format!("its index: {error}")));
    }
    let aside = git.with_index(&copy);
    let untracked = git.ask(&record.path, &["ls-files", "-z", "--others", "--exclude-standard"]).await?;
    aside.ask(&record.path, &["add", "--intent-to-add", "--all"]).await?;
    let wanted = Wanted { commits: &["HEAD"], files: &request.files, patches: !request.stat };
    let (mut files, cut) = patch::changes(&aside, &record.path, &wanted, room).await?;
    let untracked: std::collections::HashSet<&str> = untracked.split('\0').collect();
    for file in &mut files {
        if untracked.contains(file.path.as_str()) {
            file.status = FileStatus::Untracked;
        }
    }
    Ok((files, cut))
}

struct Removed<'a>(&'a std::path::Path);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.0);
    }
}

/// Nothing ends it but its own bound.
pub(super) fn uncancelled() -> CancellationToken {
    CancellationToken::new()
}
