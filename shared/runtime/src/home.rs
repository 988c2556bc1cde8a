//! The home: the directory that holds everything of one stack.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::environment::Environment;

/// The directory of one stack; `~/.maestro` unless told otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    root: PathBuf,
}

/// Why there is no home.
#[derive(Debug, Error)]
pub enum HomeError {
    /// Neither flag nor variable names one, and HOME is not set.
    #[error("no home directory: neither --home nor MAESTRO_HOME nor HOME is set")]
    Unknown,
    /// It could not be made or entered.
    #[error("`{}`: {cause}", .path.display())]
    Io {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

impl Home {
    /// The flag, else `MAESTRO_HOME`, else `~/.maestro`; made absolute.
    pub fn resolve(flag: Option<&Path>, environment: &Environment) -> Result<Self, HomeError> {
        let root = flag
            .map(Path::to_path_buf)
            .or_else(|| environment.maestro_home())
            .or_else(|| Some(environment.user_home()?.join(".maestro")))
            .ok_or(HomeError::Unknown)?;
        let root = std::path::absolute(&root).map_err(|cause| HomeError::Io { path: root, cause })?;
        Ok(Self { root })
    }

    /// The directory itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `config.toml`: what a person sets.
    pub fn config(&self) -> PathBuf {
        self.root.join("config.toml")
    }

    /// `config.json` of another product, when it lies there; only to give a hint.
    pub fn former_config(&self) -> Option<PathBuf> {
        Some(self.root.join("config.json")).filter(|path| path.is_file())
    }

    /// `stack.json`: the stack that runs, or ran last.
    pub fn stack(&self) -> PathBuf {
        self.root.join("stack.json")
    }

    /// The lock that one `maestro up` holds.
    pub fn lock(&self) -> PathBuf {
        self.root.join("up.lock")
    }

    /// The broker's configuration and streams.
    pub fn nats(&self) -> PathBuf {
        self.root.join("nats")
    }

    /// The servers' projections.
    pub fn server(&self) -> PathBuf {
        self.root.join("server")
    }

    /// The spawner's sessions.
    pub fn spawner(&self) -> PathBuf {
        self.root.join("spawner")
    }

    /// Which processes run: their ids and ready files.
    pub fn run(&self) -> PathBuf {
        self.root.join("run")
    }

    /// Log files.
    pub fn logs(&self) -> PathBuf {
        self.root.join("logs")
    }

    /// Reports that wait for a broker.
    pub fn outbox(&self) -> PathBuf {
        self.root.join("outbox")
    }

    /// Agent profiles.
    pub fn agents(&self) -> PathBuf {
        self.root.join("agents")
    }

    /// The bridge's token; mode 600.
    pub fn token(&self) -> PathBuf {
        self.root.join("token")
    }

    /// The broker's users and passwords; mode 600.
    pub fn credentials(&self) -> PathBuf {
        self.root.join("credentials.json")
    }

    /// What the command line remembers between calls: last sequences and the ledger's id.
    pub fn memory(&self) -> PathBuf {
        self.root.join("memory")
    }

    /// Makes the home and its directories, for the owner only (mode 700).
    pub fn create(&self) -> Result<(), HomeError> {
        let below = [self.nats(), self.server(), self.spawner(), self.run(), self.logs(), self.agents()];
        private_directory(&self.root)?;
        below.iter().try_for_each(|path| private_directory(path))?;
        self.create_for_sessions()
    }

    /// Makes what commands of a session write, and nothing else: an agent in a sandbox can write there and not make it.
    pub fn create_for_sessions(&self) -> Result<(), HomeError> {
        [self.outbox(), self.memory()].iter().try_for_each(|path| private_directory(path))
    }
}

fn private_directory(path: &Path) -> Result<(), HomeError> {
    let make = || {
        DirBuilder::new().recursive(true).mode(0o700).create(path)?;
        // One that was there already may be open to others.
        if fs::metadata(path)?.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
        }
        Ok(())
    };
    make().map_err(|cause| HomeError::Io { path: path.to_path_buf(), cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(home: Option<&str>) -> Environment {
        Environment::from_lookup(|name| match name {
            "MAESTRO_HOME" => home.map(ToOwned::to_owned),
            "HOME" => Some("/home/jane".to_owned()),
            _ => None,
        })
    }

    #[test]
    fn the_flag_wins_then_the_variable() {
        let flag = Path::new("/flag");
        let root = |flag, home| Home::resolve(flag, &environment(home)).unwrap().root().to_path_buf();
        assert_eq!(root(Some(flag), Some("/env")), flag);
        assert_eq!(root(None, Some("/env")), Path::new("/env"));
        assert_eq!(root(None, None), Path::new("/home/jane/.maestro"));
        assert!(root(None, Some("here")).is_absolute());
        let nothing = Environment::from_lookup(|_| None);
        assert!(matches!(Home::resolve(None, &nothing), Err(HomeError::Unknown)));
    }

    #[test]
    fn directories_are_private_even_if_they_were_not() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().join("home");
        fs::create_dir(&root).unwrap();
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
        let home = Home::resolve(Some(&root), &environment(None)).unwrap();
        home.create().unwrap();
        for path in [home.root().to_path_buf(), home.nats(), home.outbox(), home.memory()] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o700);
        }
    }
}
