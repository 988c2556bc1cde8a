//! Where a worktree stands.

use maestro_wire::WorktreeView;

use crate::context::Context;
use crate::workspace::{Git, GitError, LOCAL, WorktreeRecord, ignored};

/// A worktree's commits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub view: WorktreeView,
    /// What it has done: what is checked out in it, or its branch where that has more.
    pub head: String,
    /// Where its branch stands; none: the branch is gone.
    pub branch: Option<String>,
    /// What is not committed.
    pub dirty: Vec<String>,
    /// What git does not look after and is nowhere else.
    pub ignored: Vec<String>,
}

pub(super) async fn of(context: &Context, git: &Git, record: &WorktreeRecord) -> Result<State, GitError> {
    let repository = &record.repository;
    let branch = git.commit_of(repository, &record.branch_ref()).await?;
    let there = record.path.is_dir();
    let head = if there { git.commit_of(&record.path, "HEAD").await? } else { branch.clone() };
    let mut head = head.unwrap_or_else(|| record.start.clone());
    // Whoever works there may have gone back to an earlier commit: the branch is what is merged, so it is what is shown.
    if let Some(branch) = branch.as_ref().filter(|branch| **branch != head)
        && git.is_ancestor(repository, &head, branch).await?
    {
        head.clone_from(branch);
    }
    let dirty = if there { uncommitted(git, record).await? } else { Vec::new() };
    let ignored = if there { ignored(git, record).await? } else { Vec::new() };
    let base = git.commit_of(repository, &record.base_ref()).await?;
    let (mut merged, mut pushed) = (true, true);
    // Whoever works there may have left the branch; both are its work.
    for commit in [Some(&head), branch.as_ref().filter(|branch| **branch != head)].into_iter().flatten() {
        merged &= match &base {
            Some(base) => git.is_ancestor(repository, commit, base).await?,
            None => false,
        };
        let containing = ["for-each-ref", "--count=1", "--contains", commit, "refs/remotes"];
        pushed &= !git.ask(repository, &containing).await?.is_empty();
    }
    let ahead = git.ask(repository, &["rev-list", "--count", &format!("{}..{head}", record.start)]).await?;
    let incarnation = &record.incarnation;
    let view = WorktreeView {
        project: incarnation.project.clone(),
        session: incarnation.session,
        epoch: incarnation.epoch,
        path: record.path.to_string_lossy().into_owned(),
        branch: record.branch.clone(),
        base: record.base.clone(),
        start: record.start.clone(),
        includes: record.includes.clone(),
        ahead: ahead.parse().unwrap_or(0),
        dirty: dirty.len() as u64,
        merged,
        pushed,
        running: context.ledger.has(incarnation),
    };
    Ok(State { view, head, branch, dirty, ignored })
}

/// Names of files that are not committed, untracked ones too.
async fn uncommitted(git: &Git, record: &WorktreeRecord) -> Result<Vec<String>, GitError> {
    let arguments = ["status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames"];
    let said = git.run_for(&record.path, &arguments, LOCAL).await?;
    let entries = said.split('\0').filter_map(|entry| entry.get(3..)).map(ToOwned::to_owned);
    Ok(entries.collect())
}

/// The first of many, for a message.
pub(super) fn some_of(files: &[String]) -> String {
    let shown = files.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
    match files.len() {
        0..=5 => shown,
        more => format!("{shown} and {} more", more - 5),
    }
}
