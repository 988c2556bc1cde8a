//! How the server is started.

use std::path::PathBuf;

/// The decider of Maestro: commands in, events to the ledger, answers to queries.
#[derive(clap::Parser, Clone)]
#[command(name = "maestro-server", version)]
pub struct Config {
    /// Name of this replica; unique among the replicas of one ledger.
    #[arg(long, default_value = "server-1")]
    pub name: String,
    /// Where the projection is kept; it can be deleted.
    #[arg(long, default_value = "./maestro-server")]
    pub data: PathBuf,
    /// Replicas of each stream: 1, or 3 on a cluster.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=5))]
    pub stream_replicas: u8,
    /// Written once the server serves.
    #[arg(long)]
    pub ready_file: Option<PathBuf>,
    /// Broker address with the credentials of `core` (account CORE).
    #[arg(long, env = "MAESTRO_CORE_URL", hide_env_values = true)]
    pub core_url: String,
    /// Broker address with the credentials of `core-work` (account WORK).
    #[arg(long, env = "MAESTRO_WORK_URL", hide_env_values = true)]
    pub work_url: String,
    /// Commands that may wait for one project before callers hear `overloaded`.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub mailbox: u32,
}
