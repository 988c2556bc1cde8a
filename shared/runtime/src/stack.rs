//! `stack.json`: how to reach the stack of this home, and the passwords beside it.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::file::{read_optional, write_secret};

/// One program of the stack.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// `nats-server`, `maestro-server`, …; with a number when there are several.
    pub name: String,
    /// Process id.
    pub pid: u32,
    /// Its version.
    pub version: String,
    /// When it was started, as RFC 3339; a process id alone may be another's by now.
    pub started_at: String,
}

/// A stack that runs, or ran last. It holds no secret.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StackFile {
    /// The shape of this file.
    pub format: u32,
    /// The broker's address, without credentials.
    pub nats_url: String,
    /// The dashboard's address.
    pub bridge_url: Option<String>,
    /// The `maestro up` that looks after it.
    pub supervisor: Process,
    /// Its programs that serve now.
    pub processes: Vec<Process>,
    /// Names of all programs that `maestro up` looks after; empty when a version before this field wrote the file.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub planned: Vec<String>,
    /// Where the bridge's token lies.
    pub token_file: PathBuf,
    /// Where the broker's users and passwords lie.
    pub credentials_file: PathBuf,
}

/// Why a file of the stack cannot be used.
#[derive(Debug, Error)]
pub enum StackError {
    /// It is there and cannot be read, or could not be written.
    #[error("`{}`: {cause}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// It is not what `maestro up` writes.
    #[error("`{}`, line {line}: {message}", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// It comes from a newer version.
    #[error("`{}` has format {found}, this version knows {known}", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its format.
        found: u32,
        /// The highest we know.
        known: u32,
    },
}

impl StackError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Io { .. } => "check that the file belongs to you and can be read",
            Self::Content { .. } => "run `maestro down`, then `maestro up`: it writes the file anew",
            Self::Newer { .. } => "use the `maestro` that started this stack",
        }
    }
}

impl StackFile {
    /// Programs that `maestro up` looks after and that do not serve now.
    pub fn missing(&self) -> Vec<&str> {
        let away = |name: &&str| !self.processes.iter().any(|process| process.name == *name);
        self.planned.iter().map(String::as_str).filter(away).collect()
    }

    /// The format that this version writes.
    pub const FORMAT: u32 = 1;

    /// Reads it; `None` when there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, StackError> {
        let Some(stack) = read_json::<Self>(path)? else { return Ok(None) };
        if stack.format > Self::FORMAT {
            return Err(StackError::Newer { path: path.to_path_buf(), found: stack.format, known: Self::FORMAT });
        }
        Ok(Some(stack))
    }

    /// Where the stack of this file listens, for somebody who knew it at another place: only when `user` has the same
    /// password in it, so that nobody is led to a stranger.
    pub fn address_for(path: &Path, user: &str, password: &str) -> Option<String> {
        let stack = Self::read(path).ok()??;
        let credentials = Credentials::read(&stack.credentials_file).ok()??;
        (credentials.password(user) == Some(password)).then_some(stack.nats_url)
    }

    /// Writes it as a whole, for the owner only.
    pub fn write(&self, path: &Path) -> Result<(), StackError> {
        write_json(path, self)
    }

    /// Removes it; one that is not there is fine.
    pub fn remove(path: &Path) -> Result<(), StackError> {
        match std::fs::remove_file(path) {
            Err(cause) if cause.kind() != io::ErrorKind::NotFound => {
                Err(StackError::Io { path: path.to_path_buf(), cause })
            }
            _ => Ok(()),
        }
    }
}

/// The broker's users and their passwords, in a file of mode 600.
#[derive(Clone, Default, Deserialize, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Credentials {
    /// Password by user: `core`, `core-work`, `spawner`, `edge`.
    pub passwords: BTreeMap<String, String>,
}

impl Credentials {
    /// Reads them; `None` when there are none.
    pub fn read(path: &Path) -> Result<Option<Self>, StackError> {
        read_json(path)
    }

    /// Writes them as a whole, for the owner only.
    pub fn write(&self, path: &Path) -> Result<(), StackError> {
        write_json(path, self)
    }

    /// One user's password.
    pub fn password(&self, user: &str) -> Option<&str> {
        self.passwords.get(user).map(String::as_str)
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.passwords.keys()).finish()
    }
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, StackError> {
    let text = read_optional(path).map_err(|cause| StackError::Io { path: path.to_path_buf(), cause })?;
    let Some(text) = text else { return Ok(None) };
    serde_json::from_str(&text).map(Some).map_err(|error| StackError::Content {
        path: path.to_path_buf(),
        line: error.line(),
        message: error.to_string(),
    })
}

fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), StackError> {
    let io = |cause| StackError::Io { path: path.to_path_buf(), cause };
    let mut text = serde_json::to_vec_pretty(value).map_err(|error| io(io::Error::other(error)))?;
    text.push(b'\n');
    write_secret(path, &text).map_err(io)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_comes_back_and_bad_files_say_where() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("stack.json");
        assert_eq!(StackFile::read(&path).unwrap(), None);
        let process = |name: &str| Process {
            name: name.into(),
            pid: 7,
            version: "0.1.0".into(),
            started_at: "2026-01-01T00:00:00Z".into(),
        };
        let mut stack = StackFile {
            format: StackFile::FORMAT,
            nats_url: "nats://127.0.0.1:4333".into(),
            bridge_url: None,
            supervisor: process("maestro"),
            processes: vec![process("nats-server")],
            planned: vec!["nats-server".into(), "maestro-bridge".into()],
            token_file: "/h/token".into(),
            credentials_file: "/h/credentials.json".into(),
        };
        stack.write(&path).unwrap();
        assert_eq!(StackFile::read(&path).unwrap(), Some(stack.clone()));
        assert!(std::fs::read_to_string(&path).unwrap().contains("\"natsUrl\""));
        assert_eq!(stack.missing(), ["maestro-bridge"]);
        // As a version before the field wrote it.
        let mut old: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        old.as_object_mut().unwrap().remove("planned");
        std::fs::write(&path, old.to_string()).unwrap();
        assert!(StackFile::read(&path).unwrap().unwrap().missing().is_empty());
        stack.format = 99;
        stack.write(&path).unwrap();
        assert!(matches!(StackFile::read(&path), Err(StackError::Newer { found: 99, .. })));
        std::fs::write(&path, "{\n\"format\": 1,\n").unwrap();
        assert!(matches!(StackFile::read(&path), Err(StackError::Content { line: 3, .. })));
    }

    #[test]
    fn passwords_are_not_shown() {
        let credentials = Credentials { passwords: [("core".to_owned(), "hidden".to_owned())].into() };
        assert!(!format!("{credentials:?}").contains("hidden"));
    }
}
