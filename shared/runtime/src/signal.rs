//! SIGTERM, SIGINT and SIGHUP (a terminal that closes): the first asks to drain, the second to go at once.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The process's one pair of cancellation tokens. Dropping it ends the listening.
#[derive(Debug)]
pub struct Shutdown {
    drain: CancellationToken,
    now: CancellationToken,
    _listener: JoinSet<()>,
}

impl Shutdown {
    /// Listens to SIGTERM, SIGINT and SIGHUP from here on.
    pub fn listen() -> io::Result<Self> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut hangup = signal(SignalKind::hangup())?;
        let (drain, now) = (CancellationToken::new(), CancellationToken::new());
        let mut listener = JoinSet::new();
        let (draining, going) = (drain.clone(), now.clone());
        listener.spawn(async move {
            for (count, token) in [(1, draining), (2, going)] {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    _ = hangup.recv() => {}
                }
                tracing::info!(count, "signal received");
                token.cancel();
            }
        });
        Ok(Self { drain, now, _listener: listener })
    }

    /// Cancelled by the first signal: stop taking, finish what is in hand, exit 0.
    pub fn drain(&self) -> CancellationToken {
        self.drain.clone()
    }

    /// Cancelled by the second signal: let go of everything.
    pub fn now(&self) -> CancellationToken {
        self.now.clone()
    }
}
