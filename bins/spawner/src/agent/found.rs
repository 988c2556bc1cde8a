//! Which agents this host can run: their programs, versions and logins.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use maestro_wire::{AgentInfo, AgentView};
use tokio::process::Command;

use super::environment::public;
use super::profile::{Known, Profile, Profiles};
use crate::holder::Holders;

/// A program that says its version takes no longer.
const PROBE: Duration = Duration::from_secs(10);
const LONGEST_VERSION: usize = 100;

/// What was found when the spawner started.
#[derive(Clone, Debug, Default)]
pub struct Agents {
    pub profiles: Profiles,
    programs: BTreeMap<String, PathBuf>,
}

impl Agents {
    /// Reads the profiles and looks for their programs on this PATH.
    pub fn find(directory: &Path, variables: &BTreeMap<String, String>) -> Self {
        let profiles = Profiles::read(directory);
        for mistake in &profiles.mistakes {
            tracing::warn!(%mistake, "an agent profile with a mistake");
        }
        let programs = profiles.known.iter().filter_map(|(name, known)| {
            let program = known.profile.program.as_deref()?;
            Some((name.clone(), on_path(program, variables)?))
        });
        let programs = programs.collect();
        Self { profiles, programs }
    }

    /// The profile and its program, if they are there.
    pub fn get(&self, name: &str) -> Option<(&Profile, &Path)> {
        Some((&self.profiles.known.get(name)?.profile, self.programs.get(name)?))
    }

    /// Those that can be started here. Versions are known after a probe.
    pub fn offered(&self) -> Vec<AgentInfo> {
        let names = self.programs.keys();
        names.filter_map(|name| Some(AgentInfo { name: name.parse().ok()?, version: None })).collect()
    }

    /// Everything about every profile; the programs are asked for their versions, all at once.
    pub async fn views(&self, variables: &BTreeMap<String, String>, holders: &Holders) -> Vec<AgentView> {
        let probes = self.profiles.known.iter().map(|(name, known)| self.view(name, known, variables, holders));
        futures::future::join_all(probes).await
    }

    async fn view(
        &self,
        name: &str,
        known: &Known,
        variables: &BTreeMap<String, String>,
        holders: &Holders,
    ) -> AgentView {
        let profile = &known.profile;
        let program = self.programs.get(name);
        let version = match (program, &profile.version) {
            (Some(program), Some(arguments)) => Some(version(program, arguments, variables, holders).await),
            (Some(_) | None, _) => None,
        };
        let (version, problem) = match version {
            Some(Ok(version)) => (Some(version), None),
            Some(Err(problem)) => (None, Some(problem)),
            None => (None, None),
        };
        let missing = || format!("{} is not on the PATH of the spawner", profile.program.as_deref().unwrap_or("it"));
        AgentView {
            name: name.to_owned(),
            about: profile.about.clone(),
            program: program.map(|program| program.display().to_string()),
            version,
            logged_in: profile.login.as_ref().map(|_| is_logged_in(profile, variables)),
            file: known.file.as_ref().map(|file| file.display().to_string()),
            problem: if program.is_none() { Some(missing()) } else { problem },
            profile: toml::to_string(&known.shown()).unwrap_or_default(),
        }
    }
}

fn on_path(program: &str, variables: &BTreeMap<String, String>) -> Option<PathBuf> {
    let runs = |path: &Path| {
        let metadata = std::fs::metadata(path).ok()?;
        (metadata.is_file() && metadata.permissions().mode() & 0o111 != 0).then(|| path.to_path_buf())
    };
    if program.contains('/') {
        return Path::new(program).is_absolute().then(|| runs(Path::new(program))).flatten();
    }
    let path = variables.get("PATH").map_or("/usr/local/bin:/usr/bin:/bin", String::as_str);
    path.split(':').filter(|directory| !directory.is_empty()).find_map(|directory| {
        let directory = Path::new(directory);
        directory.is_absolute().then(|| runs(&directory.join(program))).flatten()
    })
}

async fn version(
    program: &Path,
    arguments: &[String],
    variables: &BTreeMap<String, String>,
    holders: &Holders,
) -> Result<String, String> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(public(variables)).kill_on_drop(true);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let (child, _own) = holders.start(&mut command).map_err(|error| format!("it cannot be started: {error}"))?;
    let output = match tokio::time::timeout(PROBE, child.wait_with_output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(format!("it cannot be heard: {error}")),
        Err(_) => return Err(format!("it did not say its version within {} s", PROBE.as_secs())),
    };
    let said = String::from_utf8_lossy(&output.stdout);
    let line = said.lines().find(|line| line.chars().any(|c| c.is_ascii_digit())).unwrap_or_default();
    let line: String = line.trim().chars().filter(|c| !c.is_control()).take(LONGEST_VERSION).collect();
    if output.status.success() && !line.is_empty() {
        Ok(line)
    } else {
        Err(format!("it did not say its version: {}", output.status))
    }
}

fn is_logged_in(profile: &Profile, variables: &BTreeMap<String, String>) -> bool {
    let Some(login) = &profile.login else { return true };
    let variables = [&profile.environment, variables];
    let set = |name: &String| value_of(name, &variables).is_some();
    login.environment.iter().any(set) || login.files.iter().any(|file| expanded(file, &variables).exists())
}

/// Whether there is such a file; one part of the path may be `*`, any name.
pub fn exists(pattern: &Path) -> bool {
    let parts: Vec<_> = pattern.components().collect();
    let Some(star) = parts.iter().position(|part| part.as_os_str() == "*") else { return pattern.exists() };
    let (before, behind): (PathBuf, PathBuf) = (parts[..star].iter().collect(), parts[star + 1..].iter().collect());
    std::fs::read_dir(before).into_iter().flatten().flatten().any(|entry| entry.path().join(&behind).exists())
}

fn value_of<'a>(name: &str, variables: &[&'a BTreeMap<String, String>]) -> Option<&'a str> {
    let found = variables.iter().find_map(|variables| variables.get(name))?;
    Some(found.as_str()).filter(|value| !value.trim().is_empty())
}

/// A path of the user: `~/` is their home, and `${NAME:-~/dir}` at its beginning is the variable's value, else what stands
/// behind the dash. The first set of variables that knows a name decides.
pub fn expanded(path: &str, variables: &[&BTreeMap<String, String>]) -> PathBuf {
    let chosen = path.strip_prefix("${").and_then(|rest| rest.split_once('}')).and_then(|(choice, rest)| {
        let (name, otherwise) = choice.split_once(":-")?;
        Some(format!("{}{rest}", value_of(name, variables).unwrap_or(otherwise)))
    });
    let path = chosen.as_deref().unwrap_or(path);
    match (path.strip_prefix('~'), value_of("HOME", variables)) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => PathBuf::from(format!("{home}{rest}")),
        (_, _) => PathBuf::from(path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_follow_the_variables_that_the_agent_follows() {
        let host = BTreeMap::from([("HOME".to_owned(), "/home/ann".to_owned()), ("EMPTY".to_owned(), String::new())]);
        let profile = BTreeMap::from([("CONFIG".to_owned(), "/srv/claude".to_owned())]);
        let path = |text: &str| expanded(text, &[&profile, &host]).display().to_string();
        assert_eq!(path("~/.claude.json"), "/home/ann/.claude.json");
        assert_eq!(path("${CONFIG:-~}/.claude.json"), "/srv/claude/.claude.json");
        assert_eq!(path("${OTHER:-~/.codex}/auth.json"), "/home/ann/.codex/auth.json");
        assert_eq!(path("${EMPTY:-~}/x"), "/home/ann/x");
        assert_eq!(path("/etc/~x"), "/etc/~x");
        assert_eq!(path("~other/x"), "~other/x");
    }
}
