//! SIGTERM, SIGINT and SIGHUP (a terminal that closes): the first asks to drain, the second to go at once. SIGUSR1 asks to
//! go and leave the sessions running.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The process's one pair of cancellation tokens. Dropping it ends the listening.
#[derive(Debug)]
pub struct Shutdown {
    drain: CancellationToken,
    now: CancellationToken,
    leave: CancellationToken,
    end: CancellationToken,
    _listener: JoinSet<()>,
}

impl Shutdown {
    /// Listens to SIGTERM, SIGINT, SIGHUP and SIGUSR1 from here on.
    pub fn listen() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let mut user = signal(SignalKind::user_defined1())?;
        let (drain, now, leave) = (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
        let end = CancellationToken::new();
        let mut listener = JoinSet::new();
        let (draining, going, ending) = (drain.clone(), now.clone(), end.clone());
        listener.spawn(async move {
            for (count, token) in [(1, draining), (2, going)] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    _ = hangup.recv() => {}
                }
                tracing::info!(count, "signal received");
                token.cancel();
                ending.cancel();
            }
        });
        let (leaving, ending) = (leave.clone(), end.clone());
        listener.spawn(async move {
            user.recv().await;
            tracing::info!("told to leave");
            leaving.cancel();
            ending.cancel();
        });
        Ok(Self { drain, now, leave, end, _listener: listener })
    }

    /// Cancelled by the first signal: stop taking, finish what is in hand, exit 0.
    pub fn drain(&self) -> CancellationToken {
        self.drain.clone()
    }

    /// Cancelled by the first of all these signals.
    pub fn end(&self) -> CancellationToken {
        self.end.clone()
    }

    /// Cancelled by SIGUSR1: end, but let the sessions go on.
    pub fn leave(&self) -> CancellationToken {
        self.leave.clone()
    }

    /// Cancelled by the second signal: let go of everything.
    pub fn now(&self) -> CancellationToken {
        self.now.clone()
    }
}
