//! `config.toml`: reading it with errors that say where, changing one key of it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::config::Key;
use crate::file::{read_optional, write_secret};

/// Whether a project's sessions get a room each.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum WorkspaceKind {
    /// A git worktree a session, on a branch of its own.
    Worktree,
    /// All of them in the project's directory itself.
    Directory,
}

/// `[projects.web]`: a project as this host knows it.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ProjectSection {
    /// Its repository or directory; absent: its repository is cloned.
    pub path: Option<PathBuf>,
    /// Absent: a worktree where there is a git repository, else the directory.
    pub workspace: Option<WorkspaceKind>,
    /// Run by `sh` in each new worktree, before the agent.
    pub setup: Option<String>,
    /// For how many seconds; absent: 300.
    pub setup_timeout: Option<u64>,
    /// Which ignored files of the repository each new worktree gets, as git's own patterns: `.env*`, `config/*.local`.
    #[serde(default)]
    pub copy: Vec<String>,
}

/// The keys of `[projects.web]`, and what a value is.
const PROJECT_KEYS: [(&str, &str); 5] = [
    ("path", "a directory in quotes"),
    ("workspace", "\"worktree\" or \"directory\""),
    ("setup", "a command line for sh, in quotes"),
    ("setupTimeout", "a whole number of seconds"),
    ("copy", "a list of patterns, as in [\".env*\"]"),
];

/// `[notify]`, or `notify.command = "…"` above all sections.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct NotifySection {
    /// What is run for what needs a person.
    pub command: Option<String>,
}

/// The file's content; every key may be absent.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConfigFile {
    /// The broker's address.
    pub server: Option<String>,
    /// The project when nothing else names one.
    pub default_project: Option<String>,
    /// How often a request is repeated.
    pub retries: Option<u32>,
    /// The first wait between two attempts, in milliseconds.
    pub retry_delay: Option<u64>,
    /// `text` or `json`.
    pub output_mode: Option<String>,
    /// What happens when something needs a person.
    #[serde(default)]
    pub notify: NotifySection,
    /// `[projects.web] path = "…"`: projects on this host.
    #[serde(default)]
    pub projects: BTreeMap<String, ProjectSection>,
}

/// The file cannot be used.
#[derive(Debug, Error)]
pub enum FileError {
    /// It is there and cannot be read, or could not be written.
    #[error("`{}`: {cause}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// It is not what it should be.
    #[error("`{}`, line {line}{}: {message}", .path.display(), .key.as_ref().map(|key| format!(", key `{key}`")).unwrap_or_default())]
    Content {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The key on that line.
        key: Option<String>,
        /// What is wrong.
        message: String,
        /// What to do.
        hint: String,
    },
}

impl FileError {
    /// What to do about it.
    pub fn hint(&self) -> &str {
        match self {
            Self::Io { .. } => "check that the file belongs to you and can be read",
            Self::Content { hint, .. } => hint,
        }
    }
}

impl ConfigFile {
    /// Reads the file; one that is not there is empty.
    pub fn read(path: &Path) -> Result<Self, FileError> {
        let text = read_optional(path).map_err(|cause| FileError::Io { path: path.to_path_buf(), cause })?;
        Self::parse(path, &text.unwrap_or_default())
    }

    /// Reads a file's content; `path` is what a mistake is said to be in.
    pub fn parse(path: &Path, text: &str) -> Result<Self, FileError> {
        toml::from_str(text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            let line = text[..at].matches('\n').count() + 1;
            let key = text.lines().nth(line - 1).and_then(key_on);
            let section = text.lines().take(line).filter(|line| line.trim_start().starts_with('[')).last();
            let in_project = section.is_some_and(|line| line.trim_start().starts_with("[projects."));
            let hint = if in_project { project_hint(key.as_deref()) } else { hint_for(key.as_deref()) };
            FileError::Content { path: path.to_path_buf(), line, key, message: error.message().to_owned(), hint }
        })
    }

    /// Writes where a project lies, unless the file says something about that project already; answers whether it did.
    pub fn add_project(path: &Path, project: &str, directory: &Path) -> Result<bool, FileError> {
        let io = |cause| FileError::Io { path: path.to_path_buf(), cause };
        let text = read_optional(path).map_err(io)?.unwrap_or_default();
        if Self::parse(path, &text)?.projects.contains_key(project) {
            return Ok(false);
        }
        let value = toml::Value::from(directory.to_string_lossy().as_ref());
        let gap = if text.is_empty() || text.ends_with("\n\n") { "" } else { "\n" };
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        let changed = format!("{text}{end}{gap}[projects.{project}]\npath = {value}\n");
        Self::parse(path, &changed)?;
        write_secret(path, changed.as_bytes()).map_err(io)?;
        Ok(true)
    }

    /// Sets one key in the file and leaves the rest, comments included, as it is. `None` removes the key.
    /// Nothing is written when the result could not be read again.
    pub fn set(path: &Path, key: Key, value: Option<&str>) -> Result<(), FileError> {
        let io = |cause| FileError::Io { path: path.to_path_buf(), cause };
        let text = read_optional(path).map_err(io)?.unwrap_or_default();
        Self::parse(path, &text)?;
        let changed = with_key(&text, key, value);
        Self::parse(path, &changed)?;
        write_secret(path, changed.as_bytes()).map_err(io)
    }
}

fn key_on(line: &str) -> Option<String> {
    let (key, _) = line.split_once('=')?;
    Some(key.trim().to_owned()).filter(|key| !key.is_empty())
}

fn hint_for(key: Option<&str>) -> String {
    let known = || Key::ALL.iter().map(|key| key.as_str()).collect::<Vec<_>>().join(", ");
    match key {
        Some(key) => match Key::ALL.iter().find(|known| known.as_str() == key) {
            Some(known) => format!("`{key}` is {}", known.expects()),
            None => match nearest(key) {
                Some(near) => format!("did you mean `{near}`? The keys are: {}", known()),
                None => format!("the keys are: {}", known()),
            },
        },
        None => format!("a line is `key = value`; the keys are: {}", known()),
    }
}

fn project_hint(key: Option<&str>) -> String {
    let known = PROJECT_KEYS.iter().find(|(name, _)| Some(*name) == key);
    match known {
        Some((name, expects)) => format!("`{name}` is {expects}"),
        None => {
            let names: Vec<_> = PROJECT_KEYS.iter().map(|(name, _)| *name).collect();
            format!("the keys of a project are: {}", names.join(", "))
        }
    }
}

fn nearest(key: &str) -> Option<&'static str> {
    Key::ALL
        .iter()
        .map(|known| (strsim::jaro_winkler(&key.to_lowercase(), &known.as_str().to_lowercase()), known.as_str()))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, known)| known)
}

fn with_key(text: &str, key: Key, value: Option<&str>) -> String {
    let mut lines: Vec<String> = text.lines().map(ToOwned::to_owned).collect();
    let end = lines.iter().position(|line| line.trim_start().starts_with('[')).unwrap_or(lines.len());
    let at = lines[..end].iter().position(|line| key_on(line).as_deref() == Some(key.as_str()));
    let line = value.map(|value| format!("{} = {}", key.as_str(), key.to_toml(value)));
    match (at, line) {
        (Some(at), Some(line)) => lines[at] = line,
        (Some(at), None) => drop(lines.remove(at)),
        (None, Some(line)) => {
            lines.insert(lines[..end].iter().rposition(|l| !l.trim().is_empty()).map_or(0, |n| n + 1), line)
        }
        (None, None) => {}
    }
    let mut text = lines.join("\n");
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> FileError {
        ConfigFile::parse(Path::new("config.toml"), text).unwrap_err()
    }

    #[test]
    fn errors_name_file_line_key_and_a_way_out() {
        let wrong_type = error("# mine\nretries = \"many\"\n");
        assert!(wrong_type.to_string().starts_with("`config.toml`, line 2, key `retries`: "), "{wrong_type}");
        assert_eq!(wrong_type.hint(), "`retries` is a whole number");
        let unknown = error("sever = \"x\"\n");
        assert!(unknown.hint().starts_with("did you mean `server`?"), "{}", unknown.hint());
        assert!(error("just words\n").to_string().contains("line 1"));
    }

    #[test]
    fn one_key_changes_and_the_rest_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        std::fs::write(&path, "# mine\nretries = 2\n\n[projects.web]\npath = \"/w\"\n").unwrap();
        ConfigFile::set(&path, Key::Server, Some("nats://h:1")).unwrap();
        ConfigFile::set(&path, Key::Retries, Some("5")).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "# mine\nretries = 5\nserver = \"nats://h:1\"\n\n[projects.web]\npath = \"/w\"\n");
        ConfigFile::set(&path, Key::Retries, None).unwrap();
        let read = ConfigFile::read(&path).unwrap();
        assert_eq!((read.retries, read.server.as_deref()), (None, Some("nats://h:1")));
        assert_eq!(read.projects["web"].path.as_deref(), Some(Path::new("/w")));
    }

    #[test]
    fn a_project_is_added_once_and_its_mistakes_are_explained() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        std::fs::write(&path, "# mine\nretries = 2").unwrap();
        assert!(ConfigFile::add_project(&path, "web", Path::new("/w \"x\"")).unwrap());
        assert!(!ConfigFile::add_project(&path, "web", Path::new("/other")).unwrap());
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "# mine\nretries = 2\n\n[projects.web]\npath = '/w \"x\"'\n");
        let read = ConfigFile::read(&path).unwrap();
        assert_eq!(read.projects["web"].path.as_deref(), Some(Path::new("/w \"x\"")));

        let unknown = error("[projects.web]\npaht = \"/w\"\n");
        assert_eq!(unknown.hint(), "the keys of a project are: path, workspace, setup, setupTimeout, copy");
        let wrong = error("[projects.web]\nworkspace = \"tree\"\n");
        assert_eq!(wrong.hint(), "`workspace` is \"worktree\" or \"directory\"");
        assert!(wrong.to_string().contains("line 2"), "{wrong}");
    }

    #[test]
    fn a_value_that_cannot_be_read_back_is_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        assert!(ConfigFile::set(&path, Key::Retries, Some("many")).is_err());
        assert!(!path.exists());
    }
}
