//! A project's repository on this host: its own one, or a clone of ours.

use std::path::{Path, PathBuf};

use maestro_runtime::{ProjectSection, WorkspaceKind};
use maestro_wire::Manifest;

use super::clone::clone;
use super::git::{Git, GitError};
use super::record::Source;
use super::trouble::Trouble;

/// Where a project's sessions can work here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    Repository(Repository),
    /// In the project's own directory.
    Directory(PathBuf),
    /// Nobody says where; an empty directory each.
    Nothing,
}

/// A repository that worktrees can be made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repository {
    pub directory: PathBuf,
    pub source: Source,
    /// The project's place in it, where it is not the whole.
    pub prefix: PathBuf,
}

impl Repository {
    /// The project's place in a directory that has the repository's files.
    pub(crate) fn place_in(&self, directory: &Path) -> PathBuf {
        if self.prefix.as_os_str().is_empty() { directory.to_path_buf() } else { directory.join(&self.prefix) }
    }
}

/// Looks for it. A clone is made or brought up to date.
pub(crate) async fn find(
    git: &Git,
    clones: &Path,
    manifest: &Manifest,
    section: &ProjectSection,
) -> Result<Found, Trouble> {
    let project = &manifest.project.project;
    match (&section.path, &project.repository) {
        (Some(path), _) => here(git, path, section.workspace).await,
        (None, _) if section.workspace == Some(WorkspaceKind::Directory) => {
            Err(Trouble::Settings("`workspace = \"directory\"` needs a `path`".to_owned()))
        }
        (None, Some(url)) => {
            let directory = clones.join(manifest.project_id.as_str());
            clone(git, &directory, url).await?;
            Ok(Found::Repository(Repository { directory, source: Source::Clone, prefix: PathBuf::new() }))
        }
        (None, None) => Ok(Found::Nothing),
    }
}

async fn here(git: &Git, path: &Path, kind: Option<WorkspaceKind>) -> Result<Found, Trouble> {
    let at = path.display();
    if !path.is_dir() {
        return Err(Trouble::NotHere(format!(
            "the project's directory {at} is not there; `path` in config.toml of this host"
        )));
    }
    if kind == Some(WorkspaceKind::Directory) {
        return Ok(Found::Directory(path.to_path_buf()));
    }
    let asked = git.ask(path, &["rev-parse", "--is-bare-repository"]).await;
    let is_bare = match asked {
        Ok(answer) => answer == "true",
        Err(GitError::Refused(_, said)) if said.contains("not a git repository") => {
            return match kind {
                None => Ok(Found::Directory(path.to_path_buf())),
                Some(_) => {
                    Err(Trouble::NotHere(format!("{at} is no git repository; `path` in config.toml of this host")))
                }
            };
        }
        // Without git there are no worktrees, and a directory that may be a repository is not simply shared.
        Err(error) => return Err(Trouble::NotHere(format!("{at}: {error}"))),
    };
    let refused = Trouble::git(path);
    let (directory, prefix) = if is_bare {
        (path.to_path_buf(), PathBuf::new())
    } else {
        let top = git.ask(path, &["rev-parse", "--show-toplevel"]).await.map_err(&refused)?;
        let prefix = git.ask(path, &["rev-parse", "--show-prefix"]).await.map_err(&refused)?;
        (PathBuf::from(top), PathBuf::from(prefix.trim_end_matches('/')))
    };
    Ok(Found::Repository(Repository { directory, source: Source::Checkout, prefix }))
}

/// Away with it; what is not there is away.
pub(crate) fn remove_tree(path: &Path) {
    if let Err(error) = std::fs::remove_dir_all(path)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), cause = %error, "cannot be removed");
    }
}

/// The project's base branch: its name and its commit.
pub(crate) async fn base(git: &Git, repository: &Repository, named: Option<&str>) -> Result<(String, String), Trouble> {
    let directory = &repository.directory;
    let refused = Trouble::git(directory);
    let name = match (named, repository.source) {
        (Some(name), _) => name.to_owned(),
        (None, Source::Checkout) => {
            let head = named_by(git, directory, "HEAD", "refs/heads/").await.map_err(&refused)?;
            head.ok_or_else(|| Trouble::BaseMissing {
                base: "HEAD".to_owned(),
                repository: directory.clone(),
                remote_has_it: false,
            })?
        }
        (None, Source::Clone) => {
            let head = named_by(git, directory, "refs/remotes/origin/HEAD", "refs/remotes/origin/").await;
            head.ok().flatten().unwrap_or("main".to_owned())
        }
    };
    let (local, remote) = (format!("refs/heads/{name}"), format!("refs/remotes/origin/{name}"));
    let wanted = if repository.source == Source::Clone { &remote } else { &local };
    if let Some(commit) = git.commit_of(directory, wanted).await.map_err(&refused)? {
        return Ok((name, commit));
    }
    let any = git.ask(directory, &["rev-list", "--all", "--max-count=1"]).await.map_err(&refused)?;
    if any.is_empty() {
        return Err(Trouble::NoCommit { repository: directory.clone() });
    }
    let remote_has_it =
        repository.source == Source::Checkout && git.commit_of(directory, &remote).await.map_err(&refused)?.is_some();
    Err(Trouble::BaseMissing { base: name, repository: directory.clone(), remote_has_it })
}

/// The branch in this room that a symbolic reference stands for. Not git's short form: with a tag of the same name that
/// is another one.
async fn named_by(git: &Git, directory: &Path, reference: &str, room: &str) -> Result<Option<String>, GitError> {
    match git.ask(directory, &["symbolic-ref", reference]).await {
        Ok(name) => Ok(name.strip_prefix(room).map(ToOwned::to_owned)),
        Err(GitError::Refused(..)) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::super::git::tests::{git, made_by};
    use super::*;

    #[tokio::test]
    async fn a_branch_is_found_although_a_tag_has_its_name() {
        let room = tempfile::tempdir().unwrap();
        let script = "git init --quiet -b main one; cd one; git commit --quiet --allow-empty -m first; git tag main
            git commit --quiet --allow-empty -m second; git rev-parse HEAD
            git clone --quiet . ../two; cd ../two; git tag origin/main HEAD~1";
        let second = made_by(room.path(), script);
        for (name, source) in [("one", Source::Checkout), ("two", Source::Clone)] {
            let repository = Repository { directory: room.path().join(name), source, prefix: PathBuf::new() };
            let found = base(&git(&[]), &repository, None).await.unwrap();
            assert_eq!(found, ("main".to_owned(), second.clone()), "{name}");
        }
        made_by(room.path(), "cd one; git checkout --quiet --detach");
        let directory = room.path().join("one");
        let repository = Repository { directory, source: Source::Checkout, prefix: PathBuf::new() };
        let detached = base(&git(&[]), &repository, None).await.unwrap_err();
        assert!(detached.to_string().contains("no branch 'HEAD'"), "{detached}");
    }
}
