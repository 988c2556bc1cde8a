//! Whether a stack of this home runs, and what is left of one that was killed.

use std::fs::{File, TryLockError};

use maestro_runtime::{Home, StackFile, lock_file};
use maestro_wire::{ErrorBody, ErrorCode};
use rustix::process::Signal;

use super::process::{GRACE, Identity, SPAWNER_GRACE, kill_group};
use super::program::Program;
use super::stack::{BRIDGE, NATS, NOTIFY, SERVER, SPAWNER, SUPERVISOR};

/// The lock of a home: held by its `maestro up` for as long as that lives. The system gives it back when the holder dies,
/// however it dies.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Takes the lock; `None` when another `maestro up` has it.
pub fn lock(home: &Home) -> Result<Option<Lock>, ErrorBody> {
    let path = home.lock();
    let failed = |error: std::io::Error| {
        ErrorBody::new(ErrorCode::StartFailed, format!("`{}`: {error}", path.display()))
            .suggest("check that the home belongs to you, or name another with --home")
    };
    let file = lock_file(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// The stack of this home when it runs and is healthy.
pub fn healthy(home: &Home) -> Option<StackFile> {
    let supervisor = supervisor(home)?;
    let stack = StackFile::read(&home.stack()).ok().flatten()?;
    (stack.supervisor.pid == supervisor.pid).then_some(stack)
}

/// The `maestro up` of this home, when it lives.
pub fn supervisor(home: &Home) -> Option<Identity> {
    Identity::recorded(&home.run(), SUPERVISOR).filter(Identity::is_alive)
}

/// What becomes of the sessions of a spawner that is left behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sessions {
    /// Its holders go on with them, and the next spawner of this home finds them.
    GoOn,
    /// They end with it.
    End,
}

/// The port of a broker that a killed `maestro up` left behind and that still serves. Only for whoever has the lock.
pub fn left_broker(home: &Home, nats: &Program) -> Option<u16> {
    let left = Identity::recorded(&home.run(), NATS).filter(Identity::is_alive)?;
    nats.served(left.pid)?.listen?.rsplit(':').next()?.parse().ok()
}

/// Ends what a killed `maestro up` left behind, in the order of a shutdown. Answers their names.
pub async fn end_leftovers(home: &Home, sessions: Sessions) -> Vec<String> {
    let run = home.run();
    let all = Identity::all_recorded(&run);
    let mut ended = Vec::new();
    // With all that it started: it is in a group of its own.
    for notified in all.iter().filter(|identity| identity.name == NOTIFY) {
        if notified.is_alive() {
            kill_group(notified.pid);
            notified.gone_within(GRACE).await;
            ended.push(format!("{NOTIFY} (pid {})", notified.pid));
        }
        Identity::forget(&run, NOTIFY);
    }
    for stage in [SPAWNER, BRIDGE, SERVER, NATS] {
        let of_stage: Vec<&Identity> = all.iter().filter(|identity| identity.name.starts_with(stage)).collect();
        let living: Vec<&&Identity> = of_stage.iter().filter(|identity| identity.is_alive()).collect();
        let (signal, grace) = match (stage, sessions) {
            (SPAWNER, Sessions::GoOn) => (Signal::USR1, GRACE),
            (SPAWNER, Sessions::End) => (Signal::TERM, SPAWNER_GRACE),
            _ => (Signal::TERM, GRACE),
        };
        futures::future::join_all(living.iter().map(|identity| identity.end(signal, grace))).await;
        ended.extend(living.iter().map(|identity| format!("{} (pid {})", identity.name, identity.pid)));
        of_stage.iter().for_each(|identity| Identity::forget(&run, &identity.name));
    }
    ended
}
