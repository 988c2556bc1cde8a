//! Reports of ends, kept in files until the server has them: a broker that is away for an hour only delays them.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use maestro_client::{Caller, Client, Seen};
use maestro_domain::{Line, Request, SessionExited, SessionFailed, SessionLost, SessionStopped};
use maestro_wire::{CommandId, ErrorBody};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::holder::Ending;
use crate::incarnation::Incarnation;

/// Bound of one attempt, and the longest wait between two.
const ATTEMPT: Duration = Duration::from_secs(5);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How an incarnation ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Report {
    Exited {
        code: i32,
    },
    Stopped {
        /// Because what runs it went down: it may go on.
        #[serde(default)]
        shutdown: bool,
    },
    Failed {
        failure: String,
    },
    Lost {
        reason: String,
    },
}

impl Report {
    fn request(&self) -> Request {
        match self {
            Self::Exited { code } => Request::SessionExited(SessionExited { code: *code }),
            Self::Stopped { shutdown } => Request::SessionStopped(SessionStopped { shutdown: *shutdown }),
            Self::Failed { failure } => Request::SessionFailed(SessionFailed { failure: Line::lossy(failure) }),
            Self::Lost { reason } => Request::SessionLost(SessionLost {
                session: None,
                epoch: None,
                reason: Line::lossy(reason),
                restored: false,
            }),
        }
    }
}

/// What became of one attempt to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Sent,
    /// The server refused it for good: it knows better.
    NotWanted,
    /// It may go another time.
    Later,
}

/// Reports once. Every attempt under the same id is the same command.
pub async fn send(client: &Client, id: CommandId, incarnation: &Incarnation, report: &Report) -> Outcome {
    let caller = Caller::new(client.clone(), incarnation.actor(), Some(incarnation.epoch));
    match caller.command(&incarnation.project, &report.request(), id, &Seen::default(), ATTEMPT).await {
        Ok(_) => {
            tracing::info!(%incarnation, ?report, "reported");
            Outcome::Sent
        }
        Err(error) if is_final(&error) => {
            tracing::info!(%incarnation, ?report, code = %error.code, "report not wanted: {error}");
            Outcome::NotWanted
        }
        Err(error) => {
            tracing::debug!(%incarnation, code = %error.code, "report waits: {error}");
            Outcome::Later
        }
    }
}

/// A report in the outbox. Its command id is its file's name, so every attempt is the same command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Kept {
    incarnation: Incarnation,
    report: Report,
}

/// The outbox. Its files are the record; memory has the same, so that a full disk loses nothing while we live.
#[derive(Debug)]
pub struct Outbox {
    directory: PathBuf,
    kept: Mutex<BTreeMap<CommandId, Kept>>,
    changed: Notify,
}

impl Outbox {
    /// Opens it with what an earlier process left in it.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(data: &Path) -> io::Result<Self> {
        let directory = data.join("outbox");
        fs::create_dir_all(&directory)?;
        let mut kept = BTreeMap::new();
        for file in fs::read_dir(&directory)? {
            let path = file?.path();
            let id = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".json")?.parse::<CommandId>().ok());
            let Some(id) = id else { continue };
            match serde_json::from_slice(&fs::read(&path)?) {
                Ok(report) => {
                    kept.insert(id, report);
                }
                Err(error) => {
                    tracing::error!(path = %path.display(), cause = %error, "not a report; moved aside");
                    fs::rename(&path, path.with_extension("bad"))?;
                }
            }
        }
        Ok(Self { directory, kept: Mutex::new(kept), changed: Notify::new() })
    }

    /// Keeps a report until the server has it.
    ///
    /// # Errors
    /// When the file cannot be written; the report is sent all the same, as long as this process lives.
    pub fn put(&self, incarnation: &Incarnation, report: Report) -> io::Result<()> {
        self.put_as(CommandId(ulid::Ulid::generate()), incarnation, report)
    }

    /// The same with an id under which it may have been sent already.
    fn put_as(&self, id: CommandId, incarnation: &Incarnation, report: Report) -> io::Result<()> {
        let kept = Kept { incarnation: incarnation.clone(), report };
        let written = serde_json::to_vec(&kept)
            .map_err(io::Error::from)
            .and_then(|bytes| maestro_runtime::write_secret(&self.path(id), &bytes));
        self.lock().insert(id, kept);
        self.changed.notify_one();
        written
    }

    /// Keeps what a holder left unsaid, if it did, under the command id that it may have used.
    ///
    /// # Errors
    /// As [`Self::put`].
    pub fn put_ending(&self, ending: &Ending) -> io::Result<()> {
        match (&ending.report, ending.sent) {
            (Some(owed), false) => {
                let id = ending.id.parse().unwrap_or_else(|_| CommandId(ulid::Ulid::generate()));
                self.put_as(id, &ending.incarnation, owed.clone())
            }
            (Some(_) | None, _) => Ok(()),
        }
    }

    /// Whether the end of this incarnation is still to be reported.
    pub fn holds(&self, incarnation: &Incarnation) -> bool {
        self.lock().values().any(|kept| kept.incarnation == *incarnation)
    }

    pub fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    /// Sends what is there and what comes, until `stop`; then what is there once more.
    pub async fn run(&self, client: &Client, stop: CancellationToken) {
        let mut wait = Duration::from_millis(200);
        loop {
            let done = self.send_all(client).await;
            if done {
                wait = Duration::from_millis(200);
            } else {
                wait = (wait * 2).min(LONGEST_WAIT);
            }
            tokio::select! {
                () = stop.cancelled() => break,
                () = self.changed.notified() => {}
                () = tokio::time::sleep(wait), if !done => {}
            }
        }
        self.send_all(client).await;
    }

    /// `false` when something could not be sent now.
    async fn send_all(&self, client: &Client) -> bool {
        let all: Vec<(CommandId, Kept)> = self.lock().iter().map(|(id, kept)| (*id, kept.clone())).collect();
        let mut done = true;
        for (id, kept) in all {
            match send(client, id, &kept.incarnation, &kept.report).await {
                Outcome::Sent | Outcome::NotWanted => self.remove(id),
                Outcome::Later => {
                    done = false;
                    if !client.is_connected() {
                        return false;
                    }
                }
            }
        }
        done
    }

    fn remove(&self, id: CommandId) {
        if let Err(error) = fs::remove_file(self.path(id))
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%id, cause = %error, "sent report stays on disk; sending it again changes nothing");
        }
        self.lock().remove(&id);
    }

    fn path(&self, id: CommandId) -> PathBuf {
        self.directory.join(format!("{id}.json"))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<CommandId, Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A refusal that no repetition changes. Permissions are an operator's mistake, which can be mended.
fn is_final(error: &ErrorBody) -> bool {
    use maestro_wire::ErrorCode as Code;
    !error.retryable
        && !matches!(
            error.code,
            Code::PermissionDenied
                | Code::AuthenticationFailed
                | Code::Internal
                | Code::UnsupportedVersion
                | Code::BrokerTooOld
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_survives_the_process() {
        let data = std::env::temp_dir().join(format!("maestro-outbox-{}", ulid::Ulid::generate()));
        fs::create_dir_all(&data).unwrap();
        let incarnation = Incarnation { project: "web".parse().unwrap(), session: "s7".parse().unwrap(), epoch: 2 };
        Outbox::open(&data).unwrap().put(&incarnation, Report::Exited { code: 3 }).unwrap();
        let outbox = Outbox::open(&data).unwrap();
        assert!(outbox.holds(&incarnation) && !outbox.is_empty());
        assert!(!outbox.holds(&Incarnation { epoch: 3, ..incarnation }));
        let id = *outbox.lock().keys().next().unwrap();
        outbox.remove(id);
        assert!(Outbox::open(&data).unwrap().is_empty());
        fs::remove_dir_all(data).unwrap();
    }
}
