//! The broker of a home without the rest of its stack: for as long as its streams are read or filled.

use std::path::PathBuf;
use std::time::Duration;

use maestro_runtime::{Credentials, Home};
use maestro_wire::{ErrorBody, ErrorCode};
use rustix::process::Signal;
use tokio::process::Child;

use super::binary::Binaries;
use super::broker;
use super::log_tail::last_lines;
use super::preflight::check_disk;
use super::process::{GRACE, Identity, ask_child_to_end, kill_group};
use super::running::{self, Lock, Sessions};
use super::stack::{NATS, nats};
use crate::output::internal;

const SERVES_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A nats-server on a free port, and the lock of its home.
pub struct Alone {
    pub port: u16,
    /// None: one that a killed `maestro up` left behind, which stays as it is.
    child: Option<Child>,
    home: Home,
    _lock: Lock,
}

impl Alone {
    /// The one that a killed `maestro up` left behind, else one of our own. Whoever only reads disturbs nobody.
    ///
    /// # Errors
    /// Those of [`Self::start`].
    pub async fn left_or_start(home: &Home, binaries: &Binaries, credentials: &Credentials) -> Result<Self, ErrorBody> {
        let Some(lock) = running::lock(home)? else { return Err(still_running(home)) };
        let program = nats(home, binaries.nats_server()?, log(home));
        match running::left_broker(home, &program) {
            Some(port) => Ok(Self { port, child: None, home: home.clone(), _lock: lock }),
            None => Self::start_under(lock, home, binaries, credentials).await,
        }
    }

    /// Starts it.
    ///
    /// # Errors
    /// `still_running` when a stack of this home is up or is being started, and what `maestro up` would say.
    pub async fn start(home: &Home, binaries: &Binaries, credentials: &Credentials) -> Result<Self, ErrorBody> {
        let Some(lock) = running::lock(home)? else { return Err(still_running(home)) };
        Self::start_under(lock, home, binaries, credentials).await
    }

    async fn start_under(
        lock: Lock,
        home: &Home,
        binaries: &Binaries,
        credentials: &Credentials,
    ) -> Result<Self, ErrorBody> {
        running::end_leftovers(home, Sessions::GoOn).await;
        check_disk(home)?;
        broker::configure(home, credentials, 0)?;
        let log = log(home);
        let program = nats(home, binaries.nats_server()?, log.clone());
        let failed = |what: String| {
            let said = last_lines(&log, 1).pop().map(|line| format!(": {line}")).unwrap_or_default();
            ErrorBody::new(ErrorCode::StartFailed, format!("{NATS}: {what}{said}"))
                .commands([format!("maestro logs {NATS}"), "maestro doctor".to_owned()])
        };
        let mut child = program.start().map_err(|error| failed(format!("it could not be started: {error}")))?;
        let pid = child.id().unwrap_or_default();
        if let Some(identity) = Identity::of(NATS, pid) {
            identity.record(&home.run()).map_err(|error| internal(format!("a process id cannot be noted: {error}")))?;
        }
        let serves = async {
            loop {
                if let Ok(Some(status)) = child.try_wait() {
                    return Err(format!("it ended with {status}"));
                }
                let listen = program.served(pid).and_then(|served| served.listen);
                if let Some(port) = listen.and_then(|listen| listen.rsplit(':').next()?.parse().ok()) {
                    return Ok(port);
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let served = tokio::time::timeout(SERVES_WITHIN, serves).await;
        let home = home.clone();
        match served.unwrap_or_else(|_| Err(format!("it does not serve after {} s", SERVES_WITHIN.as_secs()))) {
            Ok(port) => Ok(Self { port, child: Some(child), home, _lock: lock }),
            Err(why) => {
                end(&mut child, &home).await;
                Err(failed(why))
            }
        }
    }

    /// Ends it in order, if it is ours.
    pub async fn end(mut self) {
        if let Some(child) = &mut self.child {
            end(child, &self.home).await;
        }
    }
}

fn log(home: &Home) -> PathBuf {
    home.logs().join(format!("{NATS}.log"))
}

async fn end(child: &mut Child, home: &Home) {
    if let Some(pid) = child.id() {
        ask_child_to_end(pid, Signal::TERM);
        if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
            kill_group(pid);
            // Killed, it ends; there is nothing else to do about it.
            let _ = child.wait().await;
        }
    }
    Identity::forget(&home.run(), NATS);
}

/// What has to be stopped before anything is restored.
pub fn still_running(home: &Home) -> ErrorBody {
    let text = format!("the stack of {} runs, and its servers would decide on half a ledger", home.root().display());
    ErrorBody::new(ErrorCode::StillRunning, text).commands(["maestro down"])
}
