//! What a worktree begins with: the base, with the branches of the task's completed dependencies merged. All of it is
//! worked out in git's store, so that a conflict leaves no directory behind.

use std::path::Path;

use maestro_domain::StatusKind;
use maestro_wire::{Manifest, branch_of};

use super::git::{Git, GitError, LOCAL};
use super::trouble::Trouble;

/// A branch and its commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tip {
    pub name: String,
    pub commit: String,
}

/// What merging two commits gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Merged {
    Tree(String),
    /// Files that both changed.
    Conflict(Vec<String>),
}

/// Merges without touching any directory.
pub(crate) async fn merge_trees(git: &Git, directory: &Path, ours: &str, theirs: &str) -> Result<Merged, GitError> {
    let arguments = ["merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs];
    let said = git.try_run(directory, &arguments, LOCAL).await?;
    let mut parts = said.out.split(|byte| *byte == 0).map(|part| String::from_utf8_lossy(part).trim().to_owned());
    let tree = parts.next().unwrap_or_default();
    match said.code {
        0 => Ok(Merged::Tree(tree)),
        1 => {
            let mut files: Vec<String> = parts.filter(|name| !name.is_empty()).collect();
            files.dedup();
            Ok(Merged::Conflict(files))
        }
        _ => {
            let text = if said.complaint.contains("usage:") || said.complaint.contains("unknown option") {
                "this host's git is too old; 2.38 is needed".to_owned()
            } else {
                said.complaint
            };
            Err(GitError::Refused("merge-tree".to_owned(), text))
        }
    }
}

/// The branches of completed dependencies that are to be found here, each once.
pub(crate) async fn dependencies(git: &Git, directory: &Path, manifest: &Manifest) -> Result<Vec<Tip>, GitError> {
    let mut tips: Vec<Tip> = Vec::new();
    for dependency in manifest.tasks.iter().flat_map(|task| &task.dependencies) {
        if dependency.status != StatusKind::Completed {
            continue;
        }
        // Completed by a person: whatever sessions of it have done and nobody removed; the newest stands for it.
        let name = dependency.branch.clone().unwrap_or_else(|| format!("maestro/{}-s*", dependency.id));
        match newest(git, directory, &name).await? {
            Some(tip) if !tips.contains(&tip) => tips.push(tip),
            Some(_) => {}
            None => tracing::info!(dependency = %dependency.id, branch = name, "no branch of it here"),
        }
    }
    Ok(tips)
}

/// The newest branch of a session: of its last start that has one, here or at the remote.
pub(crate) async fn of_session(git: &Git, directory: &Path, manifest: &Manifest) -> Result<Option<Tip>, GitError> {
    let task = manifest.tasks.first().map(|task| task.task.id);
    newest(git, directory, &branch_of(task, manifest.session)).await
}

async fn newest(git: &Git, directory: &Path, name: &str) -> Result<Option<Tip>, GitError> {
    let patterns = ["refs/heads/", "refs/remotes/origin/"]
        .into_iter()
        .flat_map(|room| [format!("{room}{name}"), format!("{room}{name}.*")])
        .collect::<Vec<_>>();
    let mut arguments = vec!["for-each-ref", "--sort=-committerdate", "--format=%(objectname) %(refname:lstrip=2)"];
    arguments.extend(patterns.iter().map(String::as_str));
    let listed = git.ask(directory, &arguments).await?;
    let tips = listed.lines().filter_map(|line| line.split_once(' '));
    // `s1` is not `s12`: git's pattern ends at a slash or the end, a star of ours does not.
    Ok(tips.map(|(commit, name)| Tip { name: name.to_owned(), commit: commit.to_owned() }).next())
}

/// The commit that has all of them. Answers the names of those that were not in the base already.
pub(crate) async fn combine(
    git: &Git,
    directory: &Path,
    base: &Tip,
    tips: &[Tip],
) -> Result<(String, Vec<String>), Trouble> {
    let refused = Trouble::git(directory);
    let git = git.with_identity(directory).await;
    let (mut start, mut included) = (base.commit.clone(), Vec::<&Tip>::new());
    for tip in tips {
        if git.is_ancestor(directory, &tip.commit, &start).await.map_err(&refused)? {
            continue;
        }
        if git.is_ancestor(directory, &start, &tip.commit).await.map_err(&refused)? {
            start.clone_from(&tip.commit);
            included.push(tip);
            continue;
        }
        match merge_trees(&git, directory, &start, &tip.commit).await.map_err(&refused)? {
            Merged::Tree(tree) => {
                let message = format!("Merge branch '{}'", tip.name);
                let arguments = ["commit-tree", &tree, "-p", &start, "-p", &tip.commit, "-m", &message];
                start = git.ask(directory, &arguments).await.map_err(&refused)?;
                included.push(tip);
            }
            Merged::Conflict(files) => {
                let with = adversary(&git, directory, base, &included, tip).await.map_err(&refused)?;
                return Err(Trouble::Conflict { branch: tip.name.clone(), with, files });
            }
        }
    }
    Ok((start, included.into_iter().map(|tip| tip.name.clone()).collect()))
}

/// Which of those before it a branch does not go together with.
async fn adversary(git: &Git, directory: &Path, base: &Tip, before: &[&Tip], tip: &Tip) -> Result<String, GitError> {
    for other in before.iter().copied().chain([base]) {
        if let Merged::Conflict(_) = merge_trees(git, directory, &other.commit, &tip.commit).await? {
            return Ok(other.name.clone());
        }
    }
    Ok(before.iter().map(|tip| tip.name.as_str()).collect::<Vec<_>>().join(" with "))
}
