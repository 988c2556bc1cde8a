//! The projector: commits into redb, many in one transaction, on a thread of its own. It holds them back for a moment,
//! because one transaction for many commits is a fraction of the work; whoever asks for what is held back need not wait.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use maestro_domain::Timestamp;
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
};

use crate::{
    clock,
    follower::Followed,
    ledger::Commit,
    project::Shared,
    store::{Position, StoreError, Writer},
};

/// Commits that may wait for redb; the follower waits beyond that.
pub const CAPACITY: usize = 1024;
const BATCH_COMMITS: usize = 2048;
/// Of all commits of one transaction.
const BATCH_BYTES: usize = 16 << 20;
/// How long a commit is held back that nobody asks for.
const HOLD: Duration = Duration::from_millis(100);
const CLEAN_EVERY: Duration = Duration::from_secs(3600);

/// Writes until the follower ends, then makes everything durable.
pub fn run(
    writer: Writer,
    commits: mpsc::Receiver<Followed>,
    demands: watch::Receiver<u64>,
    position: Position,
    shared: &Shared,
    handle: &Handle,
) {
    let written = position.seq;
    let projector = Projector { writer, commits, demands, position, written, batch: Vec::new(), bytes: 0, since: None };
    if let Err(error) = projector.run(handle) {
        shared.break_off(format!("the projection cannot be written: {error}"));
    }
}

struct Projector {
    writer: Writer,
    commits: mpsc::Receiver<Followed>,
    demands: watch::Receiver<u64>,
    /// After the batch.
    position: Position,
    /// Up to here redb shows everything.
    written: u64,
    batch: Vec<Arc<Commit>>,
    bytes: usize,
    /// When the first of the batch came.
    since: Option<Instant>,
}

/// What the projector does next.
enum Next {
    Take(Followed),
    Write,
    Sync,
    End,
}

impl Projector {
    fn run(mut self, handle: &Handle) -> Result<(), StoreError> {
        let mut cleaned = Instant::now();
        self.writer.forget_commands(clock::now())?;
        loop {
            match handle.block_on(self.next()) {
                Next::Take(followed) => self.take(followed),
                Next::Write => self.write(clock::now())?,
                Next::Sync => self.writer.sync()?,
                Next::End => {
                    self.write(clock::now())?;
                    return self.writer.sync();
                }
            }
            if cleaned.elapsed() > CLEAN_EVERY {
                cleaned = Instant::now();
                self.writer.forget_commands(clock::now())?;
            }
        }
    }

    async fn next(&mut self) -> Next {
        if self.batch.len() >= BATCH_COMMITS || self.bytes >= BATCH_BYTES {
            return Next::Write;
        }
        if let Ok(followed) = self.commits.try_recv() {
            return Next::Take(followed);
        }
        let written = self.written;
        let held = self.since.map(|since| HOLD.saturating_sub(since.elapsed()));
        let lazy = self.writer.durable_in();
        tokio::select! {
            biased;
            followed = self.commits.recv() => followed.map_or(Next::End, Next::Take),
            // What is demanded and not followed yet is demanded still when it comes.
            Ok(_) = self.demands.wait_for(|wanted| *wanted > written), if held.is_some() => Next::Write,
            () = tokio::time::sleep(held.unwrap_or_default()), if held.is_some() => Next::Write,
            () = tokio::time::sleep(lazy.unwrap_or_default()), if lazy.is_some() && held.is_none() => Next::Sync,
        }
    }

    fn take(&mut self, followed: Followed) {
        self.since.get_or_insert_with(Instant::now);
        match followed {
            Followed::Commit(commit) => {
                (self.position.seq, self.position.digest) = (commit.seq, commit.digest);
                self.bytes += commit.size;
                self.batch.push(commit);
            }
            Followed::Nothing { seq, digest } => (self.position.seq, self.position.digest) = (seq, digest),
        }
    }

    fn write(&mut self, now: Timestamp) -> Result<(), StoreError> {
        if self.since.take().is_some() {
            self.writer.write(&self.batch, &self.position, now)?;
            self.written = self.position.seq;
            self.batch.clear();
            self.bytes = 0;
        }
        Ok(())
    }
}
