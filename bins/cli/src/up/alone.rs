//! The broker of a home without the rest of its stack: for as long as its streams are read or filled.

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
use super::running::{self, Lock};
use super::stack::{NATS, nats};
use crate::output::internal;

const SERVES_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A nats-server on a free port, and the lock of its home.
pub struct Alone {
    pub port: u16,
    child: Child,
    home: Home,
    _lock: Lock,
}

impl Alone {
    /// Starts it.
    ///
    /// # Errors
    /// `still_running` when a stack of this home is up or is being started, and what `maestro up` would say.
    pub async fn start(home: &Home, binaries: &Binaries, credentials: &Credentials) -> Result<Self, ErrorBody> {
        let Some(lock) = running::lock(home)? else { return Err(still_running(home)) };
        running::end_leftovers(home).await;
        check_disk(home)?;
        broker::configure(home, credentials, 0)?;
        let log = home.logs().join(format!("{NATS}.log"));
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
            Ok(port) => Ok(Self { port, child, home, _lock: lock }),
            Err(why) => {
                end(&mut child, &home).await;
                Err(failed(why))
            }
        }
    }

    /// Ends it in order.
    pub async fn end(mut self) {
        end(&mut self.child, &self.home).await;
    }
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
