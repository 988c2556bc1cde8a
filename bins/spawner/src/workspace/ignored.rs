//! Files that git ignores: no branch has them, so a worktree that is removed would take them along unseen.

use std::fs;
use std::os::unix::fs::MetadataExt;

use super::git::{Git, GitError, LOCAL};
use super::record::Record;

/// Ignored files that were made or changed since the worktree was handed over, as a local `.env`. What it was filled with is
/// elsewhere or can be made again, and so can directories that are ignored as a whole, as `target/`.
pub(crate) async fn ignored(git: &Git, record: &Record) -> Result<Vec<String>, GitError> {
    let arguments =
        ["status", "--porcelain=v1", "-z", "--untracked-files=normal", "--ignored=matching", "--no-renames"];
    let said = git.run_for(&record.path, &arguments, LOCAL).await?;
    let since = record.ready.unwrap_or(record.made);
    let changed = |name: &&str| {
        // The time of the last change of whatever kind: a file that is moved or copied here keeps its other times.
        fs::symlink_metadata(record.path.join(name)).is_ok_and(|file| {
            !file.is_dir() && file.ctime().saturating_mul(1000).saturating_add(file.ctime_nsec() / 1_000_000) > since
        })
    };
    let names = said.split('\0').filter_map(|entry| entry.strip_prefix("!! "));
    Ok(names.filter(changed).map(ToOwned::to_owned).collect())
}
