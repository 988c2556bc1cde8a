//! Connecting: fast and finite for a command line, patient for a daemon.

use std::error::Error as _;
use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_nats::{ConnectErrorKind, ConnectOptions, Event, ReconnectToServer, ServerAddr};
use backon::{BackoffBuilder, ExponentialBuilder};
use thiserror::Error;

use crate::address::{Address, AddressError};
use crate::client::Client;
use crate::link::LinkKeeper;
use crate::tries::Tries;

/// The oldest broker that has what we use: (major, minor).
const NEEDED: (u64, u64) = (2, 14);
const NEEDED_TEXT: &str = "2.14";

/// How a process lives with its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// One try at each address, no waiting, quick reconnects: a command line.
    OneShot,
    /// Patient, and watches the clock for a suspended host.
    Daemon,
}

/// The library gives a connection up at the third ping that nobody answered: a broker whose host has gone without a word is
/// left after 9 s.
const PING_EVERY: Duration = Duration::from_secs(3);

/// How to connect. `Debug` shows no secret.
#[derive(Clone)]
pub struct Options {
    /// Where the broker listens; the first that answers is taken. Credentials may stand in the address.
    pub addresses: Vec<Address>,
    /// User and password; they win over those in an address.
    pub credentials: Option<(String, String)>,
    /// The name the broker shows for this connection.
    pub name: String,
    /// Prefix of reply subjects, without the final dot; `_INBOX` when none is given.
    pub inbox_prefix: String,
    /// One-shot or daemon.
    pub mode: Mode,
    /// Bound of one connect and handshake.
    pub timeout: Duration,
    /// For how long connecting is tried again in all; zero: once. Refused credentials and a too old
    /// broker end it at once.
    pub patience: Duration,
    /// A certificate authority (PEM) to trust beside the system's, for `tls://` addresses; the file that
    /// `MAESTRO_NATS_CA_FILE` names unless told otherwise.
    pub ca_file: Option<PathBuf>,
    /// Messages that wait in one subscription; past it messages are dropped and counted. A follower
    /// asks for no more than half of it at a time, so it never loses any.
    pub subscription_capacity: usize,
}

/// Names the file of a certificate authority; every program and every agent of a session has it from its environment.
const CA_FILE: &str = "MAESTRO_NATS_CA_FILE";

impl Options {
    /// Options for one address, or several with commas between them, in the mode's usual way.
    pub fn new(address: &str, mode: Mode) -> Result<Self, AddressError> {
        Ok(Self {
            addresses: address.split(',').map(str::parse).collect::<Result<_, _>>()?,
            credentials: None,
            name: "maestro".to_owned(),
            inbox_prefix: "_INBOX".to_owned(),
            mode,
            timeout: Duration::from_secs(2),
            patience: match mode {
                Mode::OneShot => Duration::ZERO,
                Mode::Daemon => Duration::from_secs(60),
            },
            ca_file: std::env::var_os(CA_FILE).filter(|file| !file.is_empty()).map(PathBuf::from),
            subscription_capacity: 16_384,
        })
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("addresses", &self.addresses)
            .field("user", &self.credentials.as_ref().map(|(user, _)| user))
            .field("name", &self.name)
            .field("inbox_prefix", &self.inbox_prefix)
            .field("mode", &self.mode)
            .finish_non_exhaustive()
    }
}

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum ConnectError {
    /// Nothing listens there.
    #[error("connection refused by {address}")]
    Refused {
        /// The address tried last.
        address: Address,
    },
    /// The broker does not accept these credentials.
    #[error("{address} does not accept the credentials")]
    Credentials {
        /// The address tried last.
        address: Address,
    },
    /// No answer within the time given.
    #[error("no answer from {address} in time")]
    TimedOut {
        /// The address tried last.
        address: Address,
    },
    /// The encrypted connection could not be made.
    #[error("TLS with {address} failed: {cause}")]
    Tls {
        /// The address tried last.
        address: Address,
        /// What the TLS layer says.
        cause: String,
    },
    /// The host name leads nowhere.
    #[error("host of {address} is not known: {cause}")]
    Host {
        /// The address tried last.
        address: Address,
        /// What the resolver says.
        cause: String,
    },
    /// Something answered, but not as a broker does, or the connection broke.
    #[error("connection to {address} broke: {cause}")]
    Broken {
        /// The address tried last.
        address: Address,
        /// What happened.
        cause: String,
    },
    /// The broker is older than what we use.
    #[error("nats-server {found} is too old: at least {needed} is needed")]
    ServerTooOld {
        /// The version that answers.
        found: String,
        /// The oldest that would do.
        needed: &'static str,
    },
    /// The options name no address.
    #[error("no address is given")]
    NoAddress,
}

impl ConnectError {
    /// Whether trying again can help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Refused { .. } | Self::TimedOut { .. } | Self::Host { .. } | Self::Broken { .. } => true,
            Self::Credentials { .. } | Self::Tls { .. } | Self::ServerTooOld { .. } | Self::NoAddress => false,
        }
    }
}

/// Connects, trying again within `options.patience`.
pub async fn connect(options: Options) -> Result<Client, ConnectError> {
    let started = Instant::now();
    let mut waits = ExponentialBuilder::new()
        .with_jitter()
        .with_min_delay(Duration::from_millis(50))
        .with_max_delay(Duration::from_secs(2))
        .without_max_times()
        .build();
    loop {
        let error = match connect_to_any(&options).await {
            Ok(client) => return Ok(client),
            Err(error) if !error.is_transient() => return Err(error),
            Err(error) => error,
        };
        let left = options.patience.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Err(error);
        }
        tracing::debug!(cause = %error, "broker is not there yet");
        tokio::time::sleep(waits.next().unwrap_or(left).min(left)).await;
    }
}

async fn connect_to_any(options: &Options) -> Result<Client, ConnectError> {
    let mut last = ConnectError::NoAddress;
    for first in 0..options.addresses.len() {
        match connect_to(options, first).await {
            Ok(client) => return Ok(client),
            Err(error) => last = error,
        }
    }
    Err(last)
}

async fn connect_to(options: &Options, first: usize) -> Result<Client, ConnectError> {
    let address = &options.addresses[first];
    // The address to begin with stands first in the pool; the others follow for reconnects.
    let pool: Vec<ServerAddr> = options.addresses[first..]
        .iter()
        .chain(&options.addresses[..first])
        .map(|address| address.to_string().parse())
        .collect::<Result<_, io::Error>>()
        .map_err(|error| ConnectError::Broken { address: address.clone(), cause: error.to_string() })?;
    let keeper = Arc::new(LinkKeeper::new());
    let nats = nats_options(options, address, &keeper);
    let nats = match tokio::time::timeout(options.timeout, nats.connect(pool)).await {
        Ok(connected) => connected.map_err(|error| explain(address, &error))?,
        Err(_) => return Err(ConnectError::TimedOut { address: address.clone() }),
    };
    let found = nats.server_info().version;
    if !new_enough(&found) {
        return Err(ConnectError::ServerTooOld { found, needed: NEEDED_TEXT });
    }
    let client = Client::new(nats, keeper, options.inbox_prefix.clone(), options.subscription_capacity);
    if options.mode == Mode::Daemon {
        let keeper = client.inner.keeper.clone();
        let cancel = client.inner.cancel.clone();
        client.inner.tasks.spawn(async move { keeper.watch_clock(cancel).await });
    }
    Ok(client)
}

fn nats_options(options: &Options, address: &Address, keeper: &Arc<LinkKeeper>) -> ConnectOptions {
    let mode = options.mode;
    let events = keeper.clone();
    let tries = Arc::new(Tries::default());
    let until_connected = tries.clone();
    let mut nats = ConnectOptions::new()
        .name(&options.name)
        .custom_inbox_prefix(&options.inbox_prefix)
        .connection_timeout(options.timeout)
        .request_timeout(None)
        .ping_interval(PING_EVERY)
        .subscription_capacity(options.subscription_capacity)
        // Whoever waits for something says itself how long.
        .max_reconnects(None)
        .event_callback(move |event| {
            let events = events.clone();
            if matches!(event, Event::Connected) {
                until_connected.forget();
            }
            async move { events.on_event(event) }
        })
        // The library's own way sleeps before each try, the first one included: 1.4 ms of a process
        // that lives for 5.
        .reconnect_to_server_callback(move |servers, _| {
            let tries = tries.clone();
            async move {
                let known = servers.iter().map(|server| (address_of(&server.addr), server.failed_attempts));
                let next = tries.next(known)?;
                let delay = if next.begins_round { delay(mode, next.rounds) } else { Duration::ZERO };
                Some(ReconnectToServer { addr: servers.get(next.index)?.addr.clone(), delay: Some(delay) })
            }
        });
    let credentials = options.credentials.as_ref().map(|(user, password)| (user.as_str(), password.as_str()));
    if let Some((user, password)) = credentials.or(address.credentials()) {
        nats = nats.user_and_password(user.to_owned(), password.to_owned());
    }
    if let Some(ca) = options.ca_file.as_ref().filter(|_| address.wants_tls()) {
        nats = nats.add_root_certificates(ca.clone()).require_tls(true);
    }
    nats
}

fn address_of(server: &ServerAddr) -> String {
    format!("{}:{}", server.host(), server.port())
}

/// How long to wait before all servers are tried once more, after so many rounds that failed. Spread over a fifth, so that
/// those who lost a broker at the same moment do not come back at the same moment.
fn delay(mode: Mode, rounds: usize) -> Duration {
    let exponent = u32::try_from(rounds.min(8)).unwrap_or(8);
    let longest = match mode {
        Mode::OneShot => Duration::from_millis(320),
        Mode::Daemon => Duration::from_secs(1),
    };
    let wait = if rounds == 0 { Duration::ZERO } else { Duration::from_millis(20 << exponent).min(longest) };
    wait.mul_f64(1.0 - 0.2 * spread())
}

/// Between 0 and 1, another one each time and in each process.
fn spread() -> f64 {
    // Its keys are random.
    f64::from(u16::try_from(RandomState::new().hash_one(0) >> 48).unwrap_or(0)) / f64::from(u16::MAX)
}

fn new_enough(version: &str) -> bool {
    let mut numbers = version.split(['.', '-']).map(str::parse::<u64>);
    matches!((numbers.next(), numbers.next()), (Some(Ok(major)), Some(Ok(minor))) if (major, minor) >= NEEDED)
}

fn explain(address: &Address, error: &async_nats::ConnectError) -> ConnectError {
    let address = address.clone();
    let cause = || error.source().map_or_else(|| error.to_string(), ToString::to_string);
    match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            ConnectError::Credentials { address }
        }
        ConnectErrorKind::TimedOut => ConnectError::TimedOut { address },
        ConnectErrorKind::Tls => ConnectError::Tls { address, cause: cause() },
        ConnectErrorKind::Dns => ConnectError::Host { address, cause: cause() },
        ConnectErrorKind::ServerParse | ConnectErrorKind::MaxReconnects => {
            ConnectError::Broken { address, cause: cause() }
        }
        ConnectErrorKind::Io => match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
            Some(io) if io.kind() == io::ErrorKind::ConnectionRefused => ConnectError::Refused { address },
            Some(io) if io.kind() == io::ErrorKind::TimedOut => ConnectError::TimedOut { address },
            Some(io) if io.kind() == io::ErrorKind::InvalidData => ConnectError::Tls { address, cause: cause() },
            _ => ConnectError::Broken { address, cause: cause() },
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_between_rounds_grow_to_a_bound_and_differ() {
        for mode in [Mode::OneShot, Mode::Daemon] {
            assert_eq!(delay(mode, 0), Duration::ZERO);
            assert!((Duration::from_millis(32)..=Duration::from_millis(40)).contains(&delay(mode, 1)), "{mode:?}");
        }
        assert!((Duration::from_millis(800)..=Duration::from_secs(1)).contains(&delay(Mode::Daemon, 50)));
        let differ: std::collections::BTreeSet<_> = (0..20).map(|_| delay(Mode::Daemon, 50)).collect();
        assert!(differ.len() > 10, "{differ:?}");
    }

    #[test]
    fn versions_are_compared_by_number() {
        assert!(new_enough("2.14.0") && new_enough("2.15.1") && new_enough("3.0.0-preview.1"));
        assert!(!new_enough("2.9.10") && !new_enough("2.13.9") && !new_enough("dev"));
    }

    #[test]
    fn debug_keeps_the_secret() {
        let mut options = Options::new("nats://a:hidden@h", Mode::OneShot).unwrap();
        options.credentials = Some(("edge".into(), "hidden".into()));
        assert!(!format!("{options:?}").contains("hidden"));
    }
}
