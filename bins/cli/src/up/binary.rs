//! Where the programs of the stack come from.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use maestro_runtime::Environment;
use maestro_wire::{ErrorBody, ErrorCode};

/// The oldest nats-server that has what we use.
const OLDEST: (u64, u64) = (2, 14);

/// Finds binaries: beside this one first, then on PATH.
#[derive(Clone, Debug)]
pub struct Binaries {
    own: PathBuf,
    path: Vec<PathBuf>,
    named_nats: Option<PathBuf>,
}

impl Binaries {
    pub fn new(environment: &Environment) -> Result<Self, ErrorBody> {
        let own = std::env::current_exe().map_err(|error| {
            ErrorBody::new(ErrorCode::BinaryMissing, format!("this program's own file is not known: {error}"))
        })?;
        let path = environment.path().map(|path| std::env::split_paths(path).collect()).unwrap_or_default();
        Ok(Self { own, path, named_nats: environment.nats_server() })
    }

    /// The `maestro` that runs.
    pub fn own(&self) -> &Path {
        &self.own
    }

    /// One of our programs.
    pub fn program(&self, name: &str) -> Result<PathBuf, ErrorBody> {
        let found = self.beside(name).into_iter().chain(self.on_path(name)).find(|path| is_executable(path));
        found.ok_or_else(|| {
            ErrorBody::new(ErrorCode::BinaryMissing, format!("`{name}` is neither beside `maestro` nor on PATH"))
                .with("program", name)
                .with("beside", self.own.display().to_string())
                .suggest(format!("build it (`make build` in a checkout) or put `{name}` beside `maestro`"))
        })
    }

    /// A nats-server that is new enough: `MAESTRO_NATS_SERVER`, PATH, beside this program, a checkout's `target/nats`.
    pub fn nats_server(&self) -> Result<PathBuf, ErrorBody> {
        if let Some(named) = &self.named_nats {
            return match version(named) {
                Some(found) if new_enough(&found) => Ok(named.clone()),
                found => Err(unfit_nats(named, found.as_deref())),
            };
        }
        let beside = self.beside("nats-server");
        let mut too_old = None;
        for candidate in self.on_path("nats-server").chain(beside).chain(self.in_checkout()) {
            if !is_executable(&candidate) {
                continue;
            }
            match version(&candidate) {
                Some(found) if new_enough(&found) => return Ok(candidate),
                found => too_old = too_old.or(found),
            }
        }
        Err(missing_nats(too_old.as_deref()))
    }

    fn beside(&self, name: &str) -> Option<PathBuf> {
        Some(self.own.parent()?.join(name))
    }

    fn on_path<'a>(&'a self, name: &'a str) -> impl Iterator<Item = PathBuf> + 'a {
        self.path.iter().filter(|directory| directory.is_absolute()).map(move |directory| directory.join(name))
    }

    /// `target/debug/maestro` and `target/nats/nats-server`.
    fn in_checkout(&self) -> Option<PathBuf> {
        Some(self.own.parent()?.parent()?.join("nats/nats-server"))
    }
}

/// What `MAESTRO_NATS_SERVER` names is taken, and nothing else is looked for.
fn unfit_nats(named: &Path, found: Option<&str>) -> ErrorBody {
    let what = match found {
        Some(_) => "",
        None if !named.is_file() => ": there is no such file",
        None if !is_executable(named) => ": it cannot be run",
        None => ": it does not say its version",
    };
    let error = missing_nats(found);
    ErrorBody { message: format!("{}; MAESTRO_NATS_SERVER names `{}`{what}", error.message, named.display()), ..error }
        .with("named", named.display().to_string())
        .suggest("unset MAESTRO_NATS_SERVER, or let it name another; nats/get-nats-server.sh in a checkout fetches one")
}

fn missing_nats(found: Option<&str>) -> ErrorBody {
    let (code, what) = match found {
        Some(found) => (
            ErrorCode::BrokerTooOld,
            format!("nats-server {found} is too old: at least {}.{} is needed", OLDEST.0, OLDEST.1),
        ),
        None => (ErrorCode::BinaryMissing, "`nats-server` was not found".to_owned()),
    };
    ErrorBody::new(code, what)
        .with("program", "nats-server")
        .suggest("run nats/get-nats-server.sh in a checkout, or name a binary in MAESTRO_NATS_SERVER")
}

fn is_executable(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

/// What a program says about itself: the first word of its answer that begins with a digit, `v` aside.
pub fn version(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.split_whitespace()
        .map(|word| word.trim_start_matches('v'))
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .map(ToOwned::to_owned)
}

fn new_enough(version: &str) -> bool {
    let mut numbers = version.split('.').map(|part| part.parse::<u64>().ok());
    matches!((numbers.next().flatten(), numbers.next().flatten()), (Some(major), Some(minor)) if (major, minor) >= OLDEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_by_number() {
        assert!(new_enough("2.14.0") && new_enough("2.15.1") && new_enough("3.0.0"));
        assert!(!new_enough("2.9.10") && !new_enough("2.13.9") && !new_enough("dev"));
    }

    #[test]
    fn what_is_named_and_not_there_is_said() {
        let environment = Environment::from_lookup(|name| match name {
            "MAESTRO_NATS_SERVER" => Some("/nowhere/nats-server".to_owned()),
            _ => None,
        });
        let binaries = Binaries::new(&environment).unwrap();
        let error = binaries.nats_server().unwrap_err();
        assert_eq!(error.code, ErrorCode::BinaryMissing);
        assert_eq!(error.details["named"], "/nowhere/nats-server");
        assert!(error.message.ends_with("MAESTRO_NATS_SERVER names `/nowhere/nats-server`: there is no such file"));
        assert_eq!(binaries.program("maestro-nothing").unwrap_err().code, ErrorCode::BinaryMissing);
    }
}
