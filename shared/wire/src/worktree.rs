//! Worktrees of sessions, as the spawner that has them tells of them: the requests `diff`, `merge`, `discard` and `prune`
//! to `maestro.v1.node.{spawner}.{verb}` and their answers.

use maestro_domain::{ProjectId, SessionId, TaskId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The branch that a session works on: of its first task, else of the session alone. Later starts of a session that
/// cannot go on there get a number behind a dot.
#[must_use]
pub fn branch_of(task: Option<TaskId>, session: SessionId) -> String {
    match task {
        Some(task) => format!("maestro/{task}-{session}"),
        None => format!("maestro/{session}"),
    }
}

/// Which worktree is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorktreeRequest {
    pub project: ProjectId,
    pub session: SessionId,
    /// `diff`: no patches.
    #[serde(default)]
    pub stat: bool,
    /// `diff`: only these files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// `discard`: also what is nowhere else.
    #[serde(default)]
    pub force: bool,
}

/// Which worktrees are looked through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PruneRequest {
    /// Absent: of every project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project: Option<ProjectId>,
    /// Only say what would be removed.
    #[serde(default)]
    pub dry_run: bool,
}

/// What happened to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FileStatus {
    Added,
    Modified,
    Deleted,
    Renamed,
    Copied,
    /// A file became a link, or the like.
    TypeChanged,
    /// A merge left it in conflict.
    Unmerged,
    /// Git does not know it yet.
    Untracked,
}

/// One changed file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileChange {
    pub path: String,
    /// What a renamed or copied one was called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    pub status: FileStatus,
    /// Lines; 0 of a binary file.
    pub added: u64,
    pub removed: u64,
    #[serde(default)]
    pub binary: bool,
    /// In git's format; absent: only numbers were asked for, or there was no room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patch: Option<String>,
    /// The patch is cut, or left out for want of room.
    #[serde(default)]
    pub truncated: bool,
}

/// A commit of the session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommitView {
    pub id: String,
    pub subject: String,
}

/// What a session has done in its worktree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiffView {
    #[serde(flatten)]
    pub worktree: WorktreeView,
    /// The session's own commits, the newest first, a hundred at most.
    pub commits: Vec<CommitView>,
    /// Committed, against what it began with.
    pub files: Vec<FileChange>,
    /// Not committed.
    pub uncommitted: Vec<FileChange>,
    /// Files, commits or patches are missing here; `added` and `removed` of what is listed are right all the same.
    #[serde(default)]
    pub truncated: bool,
}

/// A worktree.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorktreeView {
    pub project: ProjectId,
    pub session: SessionId,
    pub epoch: u32,
    /// The directory on its host.
    pub path: String,
    pub branch: String,
    /// The branch that it goes back into.
    pub base: String,
    /// The commit that it began with: the base and the branches of the task's dependencies.
    pub start: String,
    /// Branches of dependencies that it began with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub includes: Vec<String>,
    /// The session's own commits.
    pub ahead: u64,
    /// Files that are not committed.
    pub dirty: u64,
    /// The base has everything that is committed.
    pub merged: bool,
    /// A branch of the remote has everything that is committed.
    pub pushed: bool,
    /// An agent runs in it.
    pub running: bool,
}

/// How a session's work went on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MergeOutcome {
    /// Into the base, in the repository of its host.
    Merged,
    /// To the remote: its host has only a clone.
    Pushed,
    /// It was there already.
    Unchanged,
}

/// What became of `merge`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MergeView {
    pub project: ProjectId,
    pub session: SessionId,
    pub outcome: MergeOutcome,
    pub branch: String,
    pub base: String,
    /// The base's commit now, or the one that was pushed.
    pub commit: String,
    /// Where it was pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote: Option<String>,
}

/// A worktree that was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemovedView {
    pub project: ProjectId,
    pub session: SessionId,
    pub path: String,
    pub branch: String,
    /// The commit that the branch had: `git branch <name> <commit>` brings it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
}

/// A worktree that stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeptView {
    pub project: ProjectId,
    pub session: SessionId,
    pub path: String,
    pub branch: String,
    /// Why.
    pub reason: String,
}

/// What became of `prune` on one host.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PruneView {
    pub removed: Vec<RemovedView>,
    pub kept: Vec<KeptView>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_named_by_task_and_session() {
        let session = SessionId::new(7);
        assert_eq!(branch_of(Some(TaskId::new(3)), session), "maestro/t3-s7");
        assert_eq!(branch_of(None, session), "maestro/s7");
    }
}
