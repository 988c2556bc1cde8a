//! The command line and the environment, made into values once.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand};
use maestro_domain::Actor;
use maestro_runtime::{Environment, Home, secret};

/// Serves the dashboard and forwards the ledger's updates to it.
#[derive(Debug, Parser)]
#[command(name = "maestro-bridge", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    /// Where to listen.
    #[arg(long, env = "MAESTRO_BRIDGE_LISTEN", default_value = "127.0.0.1:7373")]
    listen: SocketAddr,
    /// The bearer token's file; made (mode 600) when it is not there. [default: `token` in the home]
    #[arg(long)]
    token_file: Option<PathBuf>,
    /// The user whose name stands on what the page commands. [default: MAESTRO_USER or the login name]
    #[arg(long)]
    user: Option<String>,
    /// Written when the program serves.
    #[arg(long)]
    ready_file: Option<PathBuf>,
    /// The certificate, and those between it and its root, as PEM; with it the bridge speaks TLS (1.3) only. Read again
    /// when it changes, so a renewal needs no restart.
    #[arg(long, env = "MAESTRO_BRIDGE_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The certificate's private key, as PEM.
    #[arg(long, env = "MAESTRO_BRIDGE_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Listen beyond loopback although no TLS is spoken (see --tls-cert).
    #[arg(long)]
    allow_remote: bool,
    /// A name (with its port, if it is not the scheme's own) under which this page is known beside its address; several
    /// with commas, or the option repeated.
    #[arg(long = "allow-host", env = "MAESTRO_BRIDGE_ALLOW_HOSTS", value_name = "HOST[:PORT]", value_delimiter = ',')]
    allow_hosts: Vec<String>,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What else the program does, beside a bridge that runs with the same settings.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum Part {
    /// Ask the bridge at MAESTRO_BRIDGE_LISTEN how it is; ends with 1 unless it serves
    Health,
    /// Print the dashboard's address with a new one-time code
    Code {
        /// How a browser reaches the bridge [default: http:// or https://, and where it listens]
        #[arg(long, env = "MAESTRO_BRIDGE_URL", value_name = "URL")]
        url: Option<String>,
    },
}

/// What bounds clients and memory.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Commits kept for clients that are a little behind, and how many bytes of them.
    pub ring_commits: usize,
    pub ring_bytes: usize,
    /// Commits that are replayed from the stream to a client that was away; beyond it gets a snapshot.
    pub replay_commits: u64,
    /// Clients at once.
    pub clients: usize,
    /// TCP connections at once, those of clients included.
    pub connections: usize,
    /// How long a connection may wait for its first answer, and how long it may be without any.
    pub first_answer: Duration,
    pub silence: Duration,
    /// The largest frame a client may send.
    pub frame_bytes: usize,
    /// Commands and queries a second of one client, and how many may come at once.
    pub commands_per_second: u32,
    pub command_burst: u32,
    /// Commands and queries of one client that wait for their reply.
    pub commands_in_flight: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            ring_commits: 4096,
            ring_bytes: 16 << 20,
            replay_commits: 20_000,
            clients: 1024,
            connections: 2048,
            first_answer: Duration::from_secs(15),
            silence: Duration::from_secs(60),
            frame_bytes: 256 << 10,
            commands_per_second: 50,
            command_burst: 100,
            commands_in_flight: 32,
        }
    }
}

/// Where the bridge finds what it needs for TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
}

/// Everything the bridge needs to know. `Debug` shows no secret.
#[derive(Clone)]
pub struct Config {
    pub listen: SocketAddr,
    pub token_file: PathBuf,
    pub user: Actor,
    pub ready_file: Option<PathBuf>,
    pub tls: Option<TlsFiles>,
    pub allow_remote: bool,
    pub allow_hosts: Vec<String>,
    /// The broker as user `core`, credentials in it.
    pub core_url: String,
    /// The broker as user `core-work`: terminals and nodes. Without it the page has neither.
    pub work_url: Option<String>,
    pub limits: Limits,
    /// What to do instead of serving.
    pub part: Option<Part>,
}

impl Config {
    /// Reads the process's command line and environment. Ends the process for `--help` and `--version`.
    ///
    /// # Errors
    /// A sentence that says what is missing or wrong.
    pub fn from_command_line() -> anyhow::Result<Self> {
        let environment = Environment::read();
        let arguments = Arguments::parse();
        let lookup = |name: &str| std::env::var(name).ok();
        let work_url = secret("MAESTRO_WORK_URL", lookup)?;
        let core_url = secret("MAESTRO_CORE_URL", lookup)?.context(
            "neither MAESTRO_CORE_URL nor MAESTRO_CORE_URL_FILE is set: it names the broker as \
             nats://core:PASSWORD@HOST:PORT (`maestro up` sets it)",
        )?;
        let token_file = match arguments.token_file {
            Some(path) => path,
            None => Home::resolve(None, &environment)?.token(),
        };
        let user = arguments.user.unwrap_or_else(|| environment.user());
        let user: Actor = user.parse().map_err(|error| anyhow::anyhow!("--user: {error}"))?;
        if user.session().is_some() || user.to_string() == Actor::SYSTEM {
            bail!("--user {user}: a person's name is expected, as in `--user ann`");
        }
        Ok(Self {
            listen: arguments.listen,
            token_file,
            user,
            ready_file: arguments.ready_file,
            tls: arguments.tls_cert.zip(arguments.tls_key).map(|(certificate, key)| TlsFiles { certificate, key }),
            allow_remote: arguments.allow_remote,
            allow_hosts: named(&arguments.allow_hosts),
            core_url,
            work_url,
            limits: Limits::default(),
            part: arguments.part,
        })
    }

    /// # Errors
    /// When the address is reachable from elsewhere and nobody said that this is wanted.
    pub fn check_listen(&self) -> anyhow::Result<()> {
        if self.listen.ip().is_loopback() || self.tls.is_some() || self.allow_remote {
            return Ok(());
        }
        bail!(
            "{} is reachable from other machines, and without TLS token, cookie and everything on the page would travel \
             in the clear. Pass --tls-cert FILE --tls-key FILE, or listen on 127.0.0.1 and put a proxy with TLS in \
             front (--allow-host NAME), or pass --allow-remote if the network is trusted",
            self.listen
        )
    }
}

/// Without what is empty: a request that names no host must never be taken for one to us.
fn named(hosts: &[String]) -> Vec<String> {
    hosts.iter().map(|host| host.trim().to_owned()).filter(|host| !host.is_empty()).collect()
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config")
            .field("listen", &self.listen)
            .field("user", &self.user)
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_with_commas_and_an_empty_one_is_none() {
        let parsed = |words: &[&str]| {
            let all = [&["maestro-bridge"], words].concat();
            named(&Arguments::try_parse_from(all).unwrap().allow_hosts)
        };
        assert_eq!(
            parsed(&["--allow-host", "a.example, b.example:8443,", "--allow-host", "c"]),
            ["a.example", "b.example:8443", "c"]
        );
        assert_eq!(parsed(&["--allow-host", ""]), [""; 0]);
    }
}
