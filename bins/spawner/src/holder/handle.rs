//! The spawner's side: starting holders, hearing from them, cleaning up behind those that were killed.

use std::collections::HashSet;
use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use super::end::{Ended, end};
use super::protocol::{Because, Launch, Order, Told};
use crate::os::{self, Identity};

/// Between SIGTERM and SIGKILL for what a dead holder left behind.
const ORPHAN_GRACE: Duration = Duration::from_secs(2);

/// The holders of this process.
#[derive(Clone, Debug)]
pub struct Holders {
    program: PathBuf,
    /// Variables of our own that are nobody else's business.
    hidden: Vec<String>,
    /// Process ids of holders that were not waited for; held while one is started, so that no sweep takes it for an orphan.
    own: Arc<Mutex<HashSet<u32>>>,
    /// This process starts nothing but holders, so every other child is an orphan of one.
    sweeps: bool,
}

/// What a holder told, or that it cannot tell any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happened {
    Started(Identity),
    NotStarted(String),
    /// The server has it as active.
    Active,
    /// The agent and everything it started are gone; the holder still tells it.
    Over,
    Ended(i32),
    /// It died without a word.
    Gone,
}

impl Holders {
    pub fn new(program: PathBuf, hidden: Vec<String>, sweeps: bool) -> Self {
        Self { program, hidden, own: Arc::default(), sweeps }
    }

    /// Starts a holder that waits for its order.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn spawn(&self) -> io::Result<Holder> {
        let mut command = Command::new(&self.program);
        command.arg("hold").stdin(Stdio::piped()).stdout(Stdio::piped());
        for name in &self.hidden {
            command.env_remove(name);
        }
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let mut child = command.spawn()?;
        let pid = child.id().unwrap_or_default();
        own.insert(pid);
        drop(own);
        let identity = os::identity(pid).unwrap_or(Identity { pid, start: 0 });
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("a child without the pipes it was given"));
        };
        Ok(Holder { identity, child, stdin: Some(stdin), lines: BufReader::new(stdout).lines(), holders: self.clone() })
    }

    /// Starts a child that is no holder and is waited for by whoever asks; no sweep takes it for an orphan meanwhile.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn start(&self, command: &mut Command) -> io::Result<(Child, Own)> {
        let mut own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        let child = command.spawn()?;
        let pid = child.id().unwrap_or_default();
        own.insert(pid);
        Ok((child, Own { holders: self.clone(), pid }))
    }

    /// Ends everything that lost its holder: children of this process that it did not start, and theirs.
    pub async fn sweep(&self) -> Ended {
        if !self.sweeps {
            return Ended { killed: 0, left: 0 };
        }
        let some = AtomicBool::new(false);
        let orphans = || {
            let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
            let adopted = os::adopted_children(&own);
            drop(own);
            for orphan in adopted.iter().filter(|orphan| orphan.zombie) {
                os::reap(orphan.identity.pid);
            }
            if adopted.is_empty() {
                return adopted;
            }
            some.store(true, Ordering::Relaxed);
            let roots: Vec<u32> = adopted.iter().map(|orphan| orphan.identity.pid).collect();
            let mut all = os::descendants_of(&roots);
            all.extend(adopted);
            all
        };
        let ended = end(orphans, &[], ORPHAN_GRACE).await;
        if some.load(Ordering::Relaxed) {
            orphans();
        }
        ended
    }

    fn forget(&self, pid: u32) {
        self.own.lock().unwrap_or_else(PoisonError::into_inner).remove(&pid);
    }
}

/// A child that is known to be ours, until this is dropped.
pub struct Own {
    holders: Holders,
    pid: u32,
}

impl Drop for Own {
    fn drop(&mut self) {
        self.holders.forget(self.pid);
    }
}

/// One holder. Dropped, it goes on without us.
#[derive(Debug)]
pub struct Holder {
    pub identity: Identity,
    child: Child,
    stdin: Option<ChildStdin>,
    lines: Lines<BufReader<ChildStdout>>,
    holders: Holders,
}

impl Holder {
    /// Orders the start; what became of it is heard by [`Self::next`].
    ///
    /// # Errors
    /// When the holder is gone.
    pub async fn start(&mut self, launch: Launch) -> io::Result<()> {
        self.order(&Order::Start(Box::new(launch))).await
    }

    /// Orders the end of the agent. A holder that does not hear it is gone, which [`Self::next`] tells.
    pub async fn stop(&mut self, because: Because) {
        if let Err(error) = self.order(&Order::Stop { because }).await {
            tracing::debug!(cause = %error, "holder does not hear");
        }
    }

    /// Kills the holder itself: for one that does not do what it was told. Its descendants are swept afterwards.
    pub fn kill(&mut self) {
        if let Err(error) = self.child.start_kill() {
            tracing::debug!(cause = %error, "holder cannot be killed");
        }
    }

    async fn order(&mut self, order: &Order) -> io::Result<()> {
        let Some(stdin) = self.stdin.as_mut() else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let mut line = serde_json::to_vec(order)?;
        line.push(b'\n');
        stdin.write_all(&line).await?;
        stdin.flush().await
    }

    /// What happens next. Cancelling loses nothing.
    pub async fn next(&mut self) -> Happened {
        loop {
            match self.lines.next_line().await {
                Ok(Some(line)) => match serde_json::from_str(&line) {
                    Ok(Told::Started { agent }) => return Happened::Started(agent),
                    Ok(Told::NotStarted { reason }) => return Happened::NotStarted(reason),
                    Ok(Told::Active) => return Happened::Active,
                    Ok(Told::Over) => return Happened::Over,
                    Ok(Told::Ended { code }) => return Happened::Ended(code),
                    Err(error) => tracing::warn!(cause = %error, "holder speaks another language"),
                },
                Ok(None) | Err(_) => return Happened::Gone,
            }
        }
    }

    /// Sees off a holder that has ended; one that is still there after a while is killed.
    pub async fn close(mut self) {
        drop(self.stdin.take());
        if tokio::time::timeout(Duration::from_secs(2), self.child.wait()).await.is_err() {
            self.kill();
            let _ = self.child.wait().await;
        }
        self.holders.forget(self.identity.pid);
    }
}
