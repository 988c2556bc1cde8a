//! The `git` program: never asks, speaks one language, is bounded.
//!
//! The program and not a library: worktrees, credentials, filters, hooks, sparse and partial clones behave as the user's
//! own git does, and a defect of it ends a child and not the spawner.

use std::path::Path;
use std::time::Duration;

use super::address::without_secret;
use super::run::{NotRun, Runner, Said};

/// Bound of what needs no network.
pub(crate) const LOCAL: Duration = Duration::from_secs(60);
/// Bound of what does.
pub(crate) const REMOTE: Duration = Duration::from_secs(300);

/// Why git did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum GitError {
    /// There is no git on this host.
    Missing,
    /// It could not be begun.
    NotStarted(String),
    /// It was ended after so long.
    TooSlow(String, Duration),
    /// Nobody wants it any more.
    Cancelled,
    /// It says no: what was asked, what it says.
    Refused(String, String),
    /// It says more than can be read.
    TooMuch(String),
}

impl std::fmt::Display for GitError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Missing => f.write_str("git is not installed on this host"),
            Self::NotStarted(why) => write!(f, "git could not be run: {why}"),
            Self::TooSlow(what, bound) => write!(f, "`git {what}` did not end within {} s", bound.as_secs()),
            Self::Cancelled => f.write_str("not wanted any more"),
            Self::Refused(what, said) => write!(f, "`git {what}`: {said}"),
            Self::TooMuch(what) => write!(f, "`git {what}` says more than is read"),
        }
    }
}

impl GitError {
    /// The disk is full, as git and the system say it.
    pub(crate) fn is_disk_full(&self) -> bool {
        match self {
            Self::Refused(_, said) => said.contains("No space left on device") || said.contains("Disk quota exceeded"),
            _ => false,
        }
    }
}

/// Git on this host.
#[derive(Clone)]
pub(crate) struct Git {
    runner: Runner,
}

impl Git {
    /// Git as this user's, less what an enclosing git or session has set.
    pub(crate) fn new(runner: &Runner) -> Self {
        let mut more = vec![
            ("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned()),
            // Who only looks must not be in the way of an agent's or a person's own git.
            ("GIT_OPTIONAL_LOCKS".to_owned(), "0".to_owned()),
            ("LC_ALL".to_owned(), "C".to_owned()),
            ("GIT_ASKPASS".to_owned(), "true".to_owned()),
            ("SSH_ASKPASS".to_owned(), "true".to_owned()),
            ("SSH_ASKPASS_REQUIRE".to_owned(), "never".to_owned()),
            ("GIT_EDITOR".to_owned(), "true".to_owned()),
            ("GIT_MERGE_AUTOEDIT".to_owned(), "no".to_owned()),
        ];
        let kept = ["GIT_SSH_COMMAND", "GIT_SSH", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"];
        let mine = kept.into_iter().filter_map(|name| Some((name.to_owned(), runner.get(name)?)));
        more.extend(mine);
        if !runner.has("GIT_SSH_COMMAND") && !runner.has("GIT_SSH") {
            more.push(("GIT_SSH_COMMAND".to_owned(), "ssh -o BatchMode=yes".to_owned()));
        }
        Self { runner: runner.without("GIT_").with(more) }
    }

    /// The same with another index file, so that the repository's own stays as it is.
    pub(crate) fn with_index(&self, file: &Path) -> Self {
        let more = [("GIT_INDEX_FILE".to_owned(), file.to_string_lossy().into_owned())];
        Self { runner: self.runner.with(more) }
    }

    /// Somebody to be named in commits where the user has not said who they are.
    pub(crate) async fn with_identity(&self, directory: &Path) -> Self {
        let known = self.try_run(directory, &["config", "user.email"], LOCAL).await;
        if known.is_ok_and(|said| said.code == 0) {
            return self.clone();
        }
        let names = ["AUTHOR", "COMMITTER"].into_iter().flat_map(|who| {
            [
                (format!("GIT_{who}_NAME"), "Maestro".to_owned()),
                (format!("GIT_{who}_EMAIL"), "maestro@localhost".to_owned()),
            ]
        });
        Self { runner: self.runner.with(names) }
    }

    /// Runs it, whatever it says.
    pub(crate) async fn try_run(
        &self,
        directory: &Path,
        arguments: &[&str],
        bound: Duration,
    ) -> Result<Said, GitError> {
        // Nothing of it is to go on in the background.
        let mut all = vec!["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "core.fsmonitor=false"];
        all.extend(arguments);
        let what = || asked(arguments);
        let mut said = self.runner.run("git", &all, directory, bound).await.map_err(|error| match error {
            NotRun::Missing => GitError::Missing,
            NotRun::NotStarted(why) => GitError::NotStarted(why),
            NotRun::TooSlow(bound, _) => GitError::TooSlow(what(), bound),
            NotRun::Cancelled => GitError::Cancelled,
        })?;
        // It becomes a message, and addresses in it may hold passwords.
        said.complaint = without_secret(&said.complaint);
        Ok(said)
    }

    /// Runs it for what it says; anything but success is an error.
    pub(crate) async fn run_for(
        &self,
        directory: &Path,
        arguments: &[&str],
        bound: Duration,
    ) -> Result<String, GitError> {
        let said = self.try_run(directory, arguments, bound).await?;
        let what = asked(arguments);
        if said.code != 0 {
            return Err(GitError::Refused(what, told(&said)));
        }
        if said.cut {
            return Err(GitError::TooMuch(what));
        }
        Ok(String::from_utf8_lossy(&said.out).trim_end_matches('\n').to_owned())
    }

    /// The same within the bound of what needs no network.
    pub(crate) async fn ask(&self, directory: &Path, arguments: &[&str]) -> Result<String, GitError> {
        self.run_for(directory, arguments, LOCAL).await
    }

    /// Whether it says yes (0) or no (1).
    pub(crate) async fn whether(&self, directory: &Path, arguments: &[&str]) -> Result<bool, GitError> {
        let said = self.try_run(directory, arguments, LOCAL).await?;
        match said.code {
            0 => Ok(true),
            1 => Ok(false),
            _ => Err(GitError::Refused(arguments.first().copied().unwrap_or_default().to_owned(), told(&said))),
        }
    }

    /// The commit that a name stands for, if it stands for one.
    pub(crate) async fn commit_of(&self, directory: &Path, name: &str) -> Result<Option<String>, GitError> {
        let wanted = format!("{name}^{{commit}}");
        let said =
            self.try_run(directory, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted], LOCAL).await?;
        let id = String::from_utf8_lossy(&said.out).trim().to_owned();
        Ok((said.code == 0 && !id.is_empty()).then_some(id))
    }

    pub(crate) async fn is_ancestor(&self, directory: &Path, older: &str, newer: &str) -> Result<bool, GitError> {
        self.whether(directory, &["merge-base", "--is-ancestor", older, newer]).await
    }
}

/// The command in its shortest form, without settings.
fn asked(arguments: &[&str]) -> String {
    let settings = arguments.iter().take_while(|word| **word == "-c" || word.contains('=')).count();
    arguments[settings..].iter().take(2).copied().collect::<Vec<_>>().join(" ")
}

/// Git's complaint in one line: its last lines say what is wrong, the ones before are advice.
fn told(said: &Said) -> String {
    let lines: Vec<&str> = said.complaint.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let telling: Vec<&str> =
        lines.iter().copied().filter(|line| line.starts_with("fatal:") || line.starts_with("error:")).collect();
    let chosen = if telling.is_empty() { lines } else { telling };
    let text = chosen.into_iter().take(3).collect::<Vec<_>>().join("; ");
    if text.is_empty() { format!("it ended with {}", said.code) } else { text }
}

#[cfg(test)]
pub(super) mod tests {
    use tokio_util::sync::CancellationToken;

    use super::*;
    use crate::holder::Holders;

    /// Git with this in its environment, and of nobody's settings.
    pub(crate) fn git(variables: &[(&str, &str)]) -> Git {
        let holders = Holders::new("/nowhere".into(), Vec::new(), false);
        let path = std::env::var("PATH").unwrap();
        let nobody = [("PATH", path.as_str()), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")];
        let all = nobody.iter().chain(variables).copied();
        let environment = all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Git::new(&Runner::new(holders, environment, CancellationToken::new()))
    }

    /// What a shell script prints that works with git.
    pub(crate) fn made_by(directory: &Path, script: &str) -> String {
        let mut command = std::process::Command::new("sh");
        command.args(["-ec", script]).current_dir(directory).env("GIT_CONFIG_GLOBAL", "/dev/null");
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Ann").env(format!("GIT_{who}_EMAIL"), "ann@localhost");
        }
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}
