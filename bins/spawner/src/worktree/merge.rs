//! `merge`: a session's commits go into the base of its host's repository, or to the remote of a clone. Uncommitted work,
//! the session's or a person's, is never touched.

use std::path::{Path, PathBuf};
use std::time::Duration;

use maestro_wire::{ErrorBody, ErrorCode, MergeOutcome, MergeView, WorktreeRequest};

use super::diff::uncancelled;
use super::state::{self, some_of};
use super::{find, git_failed};
use crate::context::Context;
use crate::workspace::{Git, GitError, LOCAL, Merged, Source, WorktreeRecord, merge_trees, without_secret};

/// Whoever asks waits.
const PUSH: Duration = Duration::from_secs(35);

pub(super) async fn run(context: &Context, request: &WorktreeRequest) -> Result<MergeView, ErrorBody> {
    let record = find(context, request)?;
    // Half a merge is worse than a spawner that ends a moment later.
    let git = context.rooms.git(&uncancelled());
    let _one = context.rooms.lock(&record.repository).await;
    let failed = |error: GitError| git_failed(&error);
    let state = state::of(context, &git, &record).await.map_err(failed)?;
    let session = record.incarnation.session;
    if !state.dirty.is_empty() {
        let text = format!("{session} has uncommitted files: {}; nothing was merged", some_of(&state.dirty));
        return Err(ErrorBody::new(ErrorCode::UncommittedChanges, text).with("files", state.dirty.clone()).commands([
            format!("maestro session diff {session}"),
            format!("maestro session send {session} \"Commit your work\""),
            format!("git -C {} add --all", record.path.display()),
        ]));
    }
    let Some(branch) = state.branch.clone() else {
        return Err(ErrorBody::new(ErrorCode::GitFailed, format!("the branch '{}' is gone", record.branch)));
    };
    if !git.is_ancestor(&record.repository, &state.head, &branch).await.map_err(failed)? {
        let text = format!("{session} has commits that are not on '{}'; nothing was merged", record.branch);
        return Err(ErrorBody::new(ErrorCode::UncommittedChanges, text).commands([
            format!("git -C {} branch --force {} HEAD", record.path.display(), record.branch),
            format!("maestro session diff {session}"),
        ]));
    }
    let done = |outcome, commit: String, remote| MergeView {
        project: record.incarnation.project.clone(),
        session,
        outcome,
        branch: record.branch.clone(),
        base: record.base.clone(),
        commit,
        remote,
    };
    match record.source {
        Source::Clone => {
            let remote = git.ask(&record.repository, &["remote", "get-url", "origin"]).await.map_err(failed)?;
            let there = git.commit_of(&record.repository, &format!("refs/remotes/origin/{}", record.branch)).await;
            if state.view.merged || there.map_err(failed)?.as_deref() == Some(&branch) {
                return Ok(done(MergeOutcome::Unchanged, branch, Some(without_secret(&remote))));
            }
            // The commit that was looked at: the branch may have moved since.
            let names = format!("{branch}:{}", record.branch_ref());
            git.run_for(&record.repository, &["push", "--quiet", "origin", &names], PUSH).await.map_err(failed)?;
            Ok(done(MergeOutcome::Pushed, branch, Some(without_secret(&remote))))
        }
        Source::Checkout => {
            let Some(base) = git.commit_of(&record.repository, &record.base_ref()).await.map_err(failed)? else {
                let text = format!("there is no branch '{}' in {}", record.base, record.repository.display());
                return Err(ErrorBody::new(ErrorCode::GitFailed, text));
            };
            if state.view.merged {
                return Ok(done(MergeOutcome::Unchanged, base, None));
            }
            let commit = into_base(&git, &record, &base, &branch).await?;
            Ok(done(MergeOutcome::Merged, commit, None))
        }
    }
}

/// Answers the base's new commit.
async fn into_base(git: &Git, record: &WorktreeRecord, base: &str, branch: &str) -> Result<String, ErrorBody> {
    let repository = &record.repository;
    let failed = |error: GitError| git_failed(&error);
    let session = record.incarnation.session;
    let merged = merge_trees(git, repository, base, branch).await.map_err(failed)?;
    let tree = match merged {
        Merged::Tree(tree) => tree,
        Merged::Conflict(files) => {
            let text = format!(
                "'{}' and '{}' conflict in {}; nothing was merged",
                record.branch,
                record.base,
                some_of(&files)
            );
            let ask = format!("Merge {} into your branch, solve the conflicts and commit", record.base);
            return Err(ErrorBody::new(ErrorCode::MergeConflict, text)
                .with("files", files)
                .with("branches", vec![record.branch.clone(), record.base.clone()])
                .commands([
                    format!("maestro session send {session} \"{ask}\""),
                    format!("git -C {} merge {}", record.path.display(), record.base_ref()),
                ]));
        }
    };
    let git = git.with_identity(repository).await;
    match checkout_of(&git, repository, &record.base_ref()).await.map_err(failed)? {
        Some(checkout) => in_checkout(&git, record, &checkout, branch).await,
        None => {
            let commit = if git.is_ancestor(repository, base, branch).await.map_err(failed)? {
                branch.to_owned()
            } else {
                let arguments = ["commit-tree", &tree, "-p", base, "-p", branch, "-m", &message(record)];
                git.ask(repository, &arguments).await.map_err(failed)?
            };
            // Only from where it was looked at.
            let moved = ["update-ref", "-m", "maestro: merge", &record.base_ref(), &commit, base];
            git.ask(repository, &moved).await.map_err(failed)?;
            Ok(commit)
        }
    }
}

/// The directory that has this branch checked out, or is in the middle of something with it.
async fn checkout_of(git: &Git, repository: &Path, branch: &str) -> Result<Option<PathBuf>, GitError> {
    let listed = git.ask(repository, &["worktree", "list", "--porcelain", "-z"]).await?;
    for block in listed.split("\0\0") {
        let field = |name: &str| block.split('\0').find_map(|line| line.strip_prefix(name));
        let Some(path) = field("worktree ").map(PathBuf::from) else { continue };
        if field("branch ") == Some(branch) {
            return Ok(Some(path));
        }
        if field("detached").is_some() && path.is_dir() && is_rebased_in(git, &path, branch).await? {
            return Ok(Some(path));
        }
    }
    Ok(None)
}

async fn is_rebased_in(git: &Git, directory: &Path, branch: &str) -> Result<bool, GitError> {
    for place in ["rebase-merge/head-name", "rebase-apply/head-name"] {
        let file = git.ask(directory, &["rev-parse", "--git-path", place]).await?;
        if std::fs::read_to_string(directory.join(file)).is_ok_and(|name| name.trim() == branch) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What the commit of a merge says.
fn message(record: &WorktreeRecord) -> String {
    format!("Merge branch '{}'", record.branch)
}

/// Merges this commit where a person may work: only when that is clean, and all of it or nothing.
async fn in_checkout(git: &Git, record: &WorktreeRecord, checkout: &Path, commit: &str) -> Result<String, ErrorBody> {
    let failed = |error: GitError| git_failed(&error);
    let at = checkout.display();
    let changed = git.ask(checkout, &["status", "--porcelain", "--untracked-files=no"]).await.map_err(failed)?;
    let on_it = git.ask(checkout, &["symbolic-ref", "--quiet", "HEAD"]).await;
    if !changed.is_empty() || on_it.is_err() {
        let files: Vec<String> = changed.lines().filter_map(|line| line.get(3..)).map(ToOwned::to_owned).collect();
        let what = if files.is_empty() { "a rebase is going on".to_owned() } else { some_of(&files) };
        let text =
            format!("{at} has '{}' checked out with uncommitted changes: {what}; nothing was merged", record.base);
        return Err(ErrorBody::new(ErrorCode::UncommittedChanges, text)
            .with("files", files)
            .commands([format!("git -C {at} status"), format!("git -C {at} stash")]));
    }
    if let Some(what) = begun_in(git, checkout).await.map_err(failed)? {
        let text = format!("{at} is in the middle of {what}; nothing was merged");
        return Err(ErrorBody::new(ErrorCode::UncommittedChanges, text).commands([format!("git -C {at} status")]));
    }
    // Not by the branch's name: a tag of that name would go first, and the branch may have moved.
    let arguments = ["merge", "--no-edit", "--quiet", "-m", &message(record), commit];
    let said = git.try_run(checkout, &arguments, LOCAL).await.map_err(failed)?;
    if said.code != 0 {
        // Back to where it was; another merge than this one is somebody else's.
        let begun = git.commit_of(checkout, "MERGE_HEAD").await.map_err(failed)?;
        if begun.as_deref() == Some(commit) {
            let _ = git.try_run(checkout, &["merge", "--abort"], LOCAL).await;
        }
        let mut why = said.complaint;
        why.push_str(&String::from_utf8_lossy(&said.out));
        let text = format!("git did not merge in {at}: {}; nothing was merged", why.trim().replace('\n', " "));
        return Err(ErrorBody::new(ErrorCode::GitFailed, text).commands([format!("git -C {at} merge {commit}")]));
    }
    let now = git.commit_of(checkout, &record.base_ref()).await.map_err(failed)?;
    Ok(now.unwrap_or_default())
}

/// What a person has begun there and not finished.
async fn begun_in(git: &Git, checkout: &Path) -> Result<Option<&'static str>, GitError> {
    let places = [
        ("MERGE_HEAD", "a merge"),
        ("CHERRY_PICK_HEAD", "a cherry-pick"),
        ("REVERT_HEAD", "a revert"),
        ("rebase-merge", "a rebase"),
        ("rebase-apply", "a rebase"),
    ];
    for (place, what) in places {
        let file = git.ask(checkout, &["rev-parse", "--git-path", place]).await?;
        if checkout.join(file).exists() {
            return Ok(Some(what));
        }
    }
    Ok(None)
}
