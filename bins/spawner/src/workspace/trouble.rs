//! Why a workspace could not be made: what is the case and what to do, in one line, because that is what a failed
//! session shows.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::git::GitError;
use super::setup::LONGEST;

/// A workspace that was not made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// This host does not have the project; another one may.
    NotHere(String),
    /// The preparation was called off.
    Cancelled,
    /// The project's settings here cannot be read.
    Settings(String),
    BaseMissing {
        base: String,
        repository: PathBuf,
        remote_has_it: bool,
    },
    NoCommit {
        repository: PathBuf,
    },
    BranchExists {
        branch: String,
        repository: PathBuf,
    },
    Conflict {
        branch: String,
        with: String,
        files: Vec<String>,
    },
    DiskFull {
        path: PathBuf,
        said: String,
    },
    Unwritable {
        path: PathBuf,
        said: String,
    },
    SetupFailed {
        code: i32,
        said: String,
    },
    SetupSlow {
        bound: Duration,
        said: String,
    },
    Copy {
        file: String,
        said: String,
    },
    Git(GitError),
}

impl Trouble {
    /// Of a file that could not be written.
    pub(crate) fn io(path: &Path, error: &std::io::Error) -> Self {
        let (path, said) = (path.to_path_buf(), error.to_string());
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => Self::DiskFull { path, said },
            _ => Self::Unwritable { path, said },
        }
    }

    /// Of git at work in this directory.
    pub(crate) fn git(path: &Path) -> impl Fn(GitError) -> Self {
        let path = path.to_path_buf();
        move |error| match error {
            GitError::Cancelled => Self::Cancelled,
            error if error.is_disk_full() => Self::DiskFull { path: path.clone(), said: error.to_string() },
            error => Self::Git(error),
        }
    }
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotHere(why) => f.write_str(why),
            Self::Cancelled => f.write_str("the preparation was called off"),
            Self::Settings(why) => write!(f, "the settings of this host: {why}"),
            Self::BaseMissing { base, repository, remote_has_it } => {
                let at = repository.display();
                write!(f, "there is no branch '{base}' in {at}; ")?;
                if *remote_has_it {
                    write!(f, "its remote has one: git -C {at} branch {base} origin/{base}")
                } else {
                    f.write_str("name another with: maestro project update --base-branch <branch>")
                }
            }
            Self::NoCommit { repository } => {
                let at = repository.display();
                write!(
                    f,
                    "{at} has no commit to start from; make the first one: git -C {at} commit --allow-empty -m start"
                )
            }
            Self::BranchExists { branch, repository } => {
                let at = repository.display();
                write!(
                    f,
                    "the branch '{branch}' exists in {at} and is not this session's; rename or remove it: git -C {at} branch -m {branch} {branch}-old"
                )
            }
            Self::Conflict { branch, with, files } => {
                let shown = files.iter().take(5).cloned().collect::<Vec<_>>().join(", ");
                let more = files.len().saturating_sub(5);
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                write!(
                    f,
                    "the branches '{branch}' and '{with}' of its dependencies conflict in {shown}{more}; \
                     merge one of them into the base, or merge them by hand, then spawn again"
                )
            }
            Self::DiskFull { path, said } => {
                write!(
                    f,
                    "no room on the disk of {}: {said}; free some, as with: maestro session prune",
                    path.display()
                )
            }
            Self::Unwritable { path, said } => {
                write!(f, "{}: {said}; the spawner must be able to write there", path.display())
            }
            Self::SetupFailed { code, said } => {
                write!(
                    f,
                    "the project's set-up script ended with {code}: {}; `setup` in config.toml of this host",
                    tail(said)
                )
            }
            Self::SetupSlow { bound, said } => write!(
                f,
                "the project's set-up script did not end within {} s{}: {}; `setup` and `setupTimeout` in config.toml of this host",
                bound.as_secs(),
                if *bound < LONGEST { "" } else { ", the most there is" },
                tail(said)
            ),
            Self::Copy { file, said } => {
                write!(f, "the ignored file '{file}' was not copied: {said}; `copy` in config.toml of this host")
            }
            Self::Git(error) => error.fmt(f),
        }
    }
}

/// The end of what a script said, as one line that leaves room for the rest.
fn tail(said: &str) -> String {
    let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let from = words.char_indices().rev().nth(199).map_or(0, |(place, _)| place);
    let cut = if from > 0 { "…" } else { "" };
    if words.is_empty() { "it said nothing".to_owned() } else { format!("{cut}{}", &words[from..]) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_trouble_fits_a_line_with_its_hint_at_the_end() {
        let long = "x".repeat(5000);
        for trouble in [
            Trouble::SetupFailed { code: 3, said: format!("{long}\nno such package") },
            Trouble::SetupSlow { bound: Duration::from_secs(1), said: long.clone() },
            Trouble::Conflict { branch: "maestro/t1-s1".into(), with: "main".into(), files: vec!["a".repeat(20); 50] },
        ] {
            let text = trouble.to_string();
            assert!(text.chars().count() <= 500, "{text}");
        }
        let slow = |bound| Trouble::SetupSlow { bound, said: String::new() }.to_string();
        assert!(slow(LONGEST).contains("within 500 s, the most there is") && !slow(LONGEST / 2).contains("most"));
        let failed = Trouble::SetupFailed { code: 3, said: format!("{long}\nno such package") }.to_string();
        assert!(failed.contains("no such package; `setup` in config.toml"), "{failed}");
    }
}
