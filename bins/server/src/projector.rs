//! The projector: commits into redb, many in one transaction, on a thread of its own.

use std::{sync::Arc, time::Duration};

use tokio::{runtime::Handle, sync::mpsc};

use crate::{
    clock::now,
    follower::Followed,
    ledger::Commit,
    project::Shared,
    store::{Position, Writer},
};

/// Commits that may wait for redb; the follower waits beyond that.
pub const CAPACITY: usize = 4096;
const BATCH_COMMITS: usize = 2048;
const BATCH_BYTES: usize = 8 << 20;

/// Writes until the follower ends, then makes everything durable.
pub fn run(
    mut writer: Writer,
    mut commits: mpsc::Receiver<Followed>,
    mut position: Position,
    shared: &Shared,
    handle: &Handle,
) {
    let outcome = (|| {
        let mut batch: Vec<Arc<Commit>> = Vec::new();
        let mut cleaned = std::time::Instant::now();
        writer.forget_commands(now())?;
        loop {
            let Some(first) = next(&mut commits, &mut writer, handle)? else { return writer.sync() };
            let mut bytes = 0;
            let mut take = |followed: Followed, batch: &mut Vec<Arc<Commit>>| match followed {
                Followed::Commit(commit) => {
                    position.seq = commit.seq;
                    position.digest = commit.digest;
                    bytes += commit.size;
                    batch.push(commit);
                    bytes
                }
                Followed::Nothing { seq, digest } => {
                    (position.seq, position.digest) = (seq, digest);
                    bytes
                }
            };
            let mut size = take(first, &mut batch);
            while batch.len() < BATCH_COMMITS
                && size < BATCH_BYTES
                && let Ok(followed) = commits.try_recv()
            {
                size = take(followed, &mut batch);
            }
            writer.write(&batch, &position, now())?;
            batch.clear();
            if cleaned.elapsed() > Duration::from_secs(3600) {
                cleaned = std::time::Instant::now();
                writer.forget_commands(now())?;
            }
        }
    })();
    if let Err(error) = outcome {
        let error: crate::store::StoreError = error;
        shared.break_off(format!("the projection cannot be written: {error}"));
    }
}

/// The next commit; while there is none, what was written lazily becomes durable in its time.
fn next(
    commits: &mut mpsc::Receiver<Followed>,
    writer: &mut Writer,
    handle: &Handle,
) -> Result<Option<Followed>, crate::store::StoreError> {
    loop {
        let Some(left) = writer.durable_in() else { return Ok(commits.blocking_recv()) };
        if left.is_zero() {
            writer.sync()?;
            continue;
        }
        if let Ok(followed) = handle.block_on(async { tokio::time::timeout(left, commits.recv()).await }) {
            return Ok(followed);
        }
    }
}
