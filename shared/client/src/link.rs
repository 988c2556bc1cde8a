//! What is known about the connection: up or down, since when, and what the broker refused.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime};

use async_nats::{ClientError, ConnectErrorKind, Event, ServerError};
use tokio::sync::{broadcast, watch};
use tokio_util::sync::CancellationToken;

/// How many refusals and losses a slow listener may be behind. A listener that falls further behind
/// loses the oldest; its request then ends by its timeout instead of at once.
const SIGNALS: usize = 256;

/// How often the clock is watched, and by how much it may jump before the count starts again.
const TICK: Duration = Duration::from_secs(1);
const JUMP: Duration = Duration::from_secs(5);

/// The state of the connection at one moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Connected right now, as far as this side knows; a half-open connection shows after the pings.
    pub connected: bool,
    /// Since when `connected` is what it is, by this process's monotonic clock. Starts again when the
    /// process was suspended or stopped.
    pub since: Instant,
    /// How many times the connection was lost.
    pub losses: u64,
    /// The broker refuses our credentials; reconnecting goes on, but only an operator can help.
    pub credentials_refused: bool,
    /// The connection will not come back: closed by us, or its reconnects are used up.
    pub closed: bool,
}

/// Something the broker refused, told apart from a timeout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Publishing on this subject.
    Publish(String),
    /// Subscribing to this subject.
    Subscribe(String),
}

#[derive(Clone, Debug)]
pub(crate) enum Signal {
    Refused(Refused),
    Lost,
}

#[derive(Debug)]
pub(crate) struct LinkKeeper {
    pub(crate) state: watch::Sender<Link>,
    pub(crate) signals: broadcast::Sender<Signal>,
    /// Messages that a full subscription dropped.
    pub(crate) dropped: AtomicU64,
}

impl LinkKeeper {
    pub(crate) fn new() -> Self {
        let link =
            Link { connected: false, since: Instant::now(), losses: 0, credentials_refused: false, closed: false };
        Self { state: watch::Sender::new(link), signals: broadcast::Sender::new(SIGNALS), dropped: AtomicU64::new(0) }
    }

    pub(crate) fn up(&self) {
        self.state.send_if_modified(|link| {
            let changed = !link.connected;
            if changed {
                link.since = Instant::now();
            }
            link.connected = true;
            link.credentials_refused = false;
            changed
        });
    }

    fn down(&self) {
        self.state.send_modify(|link| {
            link.connected = false;
            link.since = Instant::now();
            link.losses += 1;
        });
        // Nobody listening is fine: no request is under way.
        let _ = self.signals.send(Signal::Lost);
    }

    fn close(&self) {
        self.state.send_modify(|link| {
            if link.connected {
                link.since = Instant::now();
            }
            link.connected = false;
            link.closed = true;
        });
        let _ = self.signals.send(Signal::Lost);
    }

    pub(crate) fn on_event(&self, event: Event) {
        match event {
            Event::Connected => self.up(),
            Event::Disconnected => self.down(),
            Event::Closed | Event::ClientError(ClientError::MaxReconnects) => self.close(),
            Event::SlowConsumer(sid) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                tracing::debug!(sid, "subscription is full, message dropped");
            }
            Event::ServerError(ServerError::AuthorizationViolation) => self.credentials_refused(),
            Event::ServerError(ServerError::Other(text)) => match refusal(&text) {
                Some(refused) => {
                    tracing::info!(?refused, "broker refused");
                    let _ = self.signals.send(Signal::Refused(refused));
                }
                None => tracing::warn!(cause = %text, "broker reported an error"),
            },
            Event::ClientError(ClientError::Other(text))
                if text == ConnectErrorKind::AuthorizationViolation.to_string()
                    || text == ConnectErrorKind::Authentication.to_string() =>
            {
                self.credentials_refused();
            }
            Event::ClientError(error) => tracing::debug!(cause = %error, "reconnect failed"),
            Event::ServerError(ServerError::SlowConsumer(_)) | Event::LameDuckMode | Event::Draining => {}
        }
    }

    fn credentials_refused(&self) {
        self.state.send_if_modified(|link| !std::mem::replace(&mut link.credentials_refused, true));
    }

    /// Starts the count again when this process did not run for a while: stopped, or the host asleep.
    /// Ends with the token.
    pub(crate) async fn watch_clock(&self, cancel: CancellationToken) {
        let mut last = (Instant::now(), SystemTime::now());
        loop {
            tokio::select! {
                () = cancel.cancelled() => return,
                () = tokio::time::sleep(TICK) => {}
            }
            let now = (Instant::now(), SystemTime::now());
            let monotonic = now.0.duration_since(last.0);
            // A wall clock set back says nothing about a suspend.
            let wall = now.1.duration_since(last.1).unwrap_or(monotonic);
            if monotonic.max(wall) > TICK + JUMP {
                tracing::info!(gap_ms = monotonic.max(wall).as_millis() as u64, "process did not run for a while");
                self.state.send_modify(|link| link.since = now.0);
            }
            last = now;
        }
    }
}

/// The subject in `Permissions Violation for Publish to "x"`, the broker's only account of it.
fn refusal(text: &str) -> Option<Refused> {
    let rest = strip_prefix_ignoring_case(text, "permissions violation for ")?;
    let subject = || Some(rest.split_once('"')?.1.split_once('"')?.0.to_owned());
    if strip_prefix_ignoring_case(rest, "publish").is_some() {
        subject().map(Refused::Publish)
    } else if strip_prefix_ignoring_case(rest, "subscription").is_some() {
        subject().map(Refused::Subscribe)
    } else {
        None
    }
}

fn strip_prefix_ignoring_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    head.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refused_subject_is_read() {
        assert_eq!(refusal("Permissions Violation for Publish to \"a.B.c\""), Some(Refused::Publish("a.B.c".into())));
        assert_eq!(
            refusal("permissions violation for Subscription to \"_INBOX.x.*\" using queue \"q\""),
            Some(Refused::Subscribe("_INBOX.x.*".into()))
        );
        assert_eq!(refusal("maximum connections exceeded"), None);
    }

    #[test]
    fn a_loss_restarts_the_count() {
        let keeper = LinkKeeper::new();
        keeper.up();
        let before = keeper.state.borrow().since;
        keeper.on_event(Event::Disconnected);
        assert!(!keeper.state.borrow().connected);
        keeper.on_event(Event::Connected);
        assert!(keeper.state.borrow().since >= before);
        assert_eq!(keeper.state.borrow().losses, 1);
    }
}
