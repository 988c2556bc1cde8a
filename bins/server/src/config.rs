//! How the server is started.

use std::path::PathBuf;

use anyhow::Context;
use maestro_runtime::secret;

/// The decider of Maestro: commands in, events to the ledger, answers to queries.
#[derive(clap::Args, Clone)]
pub struct Config {
    /// Name of this replica; unique among the replicas of one ledger.
    #[arg(long, env = "MAESTRO_REPLICA", default_value = "server-1")]
    pub name: String,
    /// Where the projection is kept; it can be deleted.
    #[arg(long, default_value = "./maestro-server")]
    pub data: PathBuf,
    /// Replicas of each stream: 1, or 3 on a cluster [default: MAESTRO_STREAM_REPLICAS, or the file that
    /// MAESTRO_STREAM_REPLICAS_FILE names, else 1]
    #[arg(long, value_parser = clap::value_parser!(u8).range(1..=5))]
    pub stream_replicas: Option<u8>,
    /// How large the ledger may become, at least: bytes, or with MiB, GiB or TiB; what the broker has is never lowered
    /// [default: MAESTRO_LEDGER_MAX_BYTES, or the file that MAESTRO_LEDGER_MAX_BYTES_FILE names, else 8 GiB]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub ledger_max_bytes: Option<u64>,
    /// Written once the server serves.
    #[arg(long)]
    pub ready_file: Option<PathBuf>,
    /// Broker address with the credentials of `core` (account CORE); MAESTRO_CORE_URL_FILE names a file of it.
    #[arg(long, env = "MAESTRO_CORE_URL", hide_env_values = true, default_value = "", hide_default_value = true)]
    pub core_url: String,
    /// Broker address with the credentials of `core-work` (account WORK); MAESTRO_WORK_URL_FILE names a file of it.
    #[arg(long, env = "MAESTRO_WORK_URL", hide_env_values = true, default_value = "", hide_default_value = true)]
    pub work_url: String,
    /// Broker address with the credentials of `spawner` (account WORK), for `restore`; MAESTRO_SPAWNER_URL_FILE names a
    /// file of it.
    #[arg(long, env = "MAESTRO_SPAWNER_URL", hide_env_values = true)]
    pub spawner_url: Option<String>,
    /// Commands that may wait for one project before callers hear `overloaded`.
    #[arg(long, default_value_t = 1024, value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub mailbox: u32,
}

impl Config {
    /// Replicas of each stream.
    pub fn stream_replicas(&self) -> u8 {
        self.stream_replicas.unwrap_or(1)
    }
}

/// The command line.
#[derive(clap::Parser, Clone)]
#[command(name = "maestro-server", version, about, args_conflicts_with_subcommands = true)]
pub struct Arguments {
    #[command(flatten)]
    config: Config,
    #[command(subcommand)]
    part: Option<Part>,
}

/// What else the program does.
#[derive(clap::Subcommand, Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// Ask the replica of this name (MAESTRO_REPLICA) over the broker how it is; ends with 1 unless it serves
    Health,
    /// Write the ledger and what belongs to it into one file, while everything runs; prints one JSON document
    Backup {
        /// The file, or a directory: then it gets a name of its own
        path: PathBuf,
    },
    /// Put a backup back into an empty broker, while no server runs; prints one JSON document
    Restore {
        /// The file, or a directory: then the newest in it
        path: PathBuf,
        /// Forget what is there
        #[arg(long)]
        replace: bool,
    },
}

impl Arguments {
    /// The settings, complete, and what to do with them.
    ///
    /// # Errors
    /// A sentence that says which address is missing or which file cannot be read.
    pub fn resolve(self) -> anyhow::Result<(Config, Option<Part>)> {
        let mut config = self.config;
        let lookup = |name: &str| std::env::var(name).ok();
        for (url, variable, user) in [
            (&mut config.core_url, "MAESTRO_CORE_URL", "core"),
            (&mut config.work_url, "MAESTRO_WORK_URL", "core-work"),
        ] {
            if url.trim().is_empty() {
                *url = secret(variable, lookup)?.with_context(|| {
                    format!(
                        "neither {variable} nor {variable}_FILE is set: it names the broker as \
                         nats://{user}:PASSWORD@HOST:PORT (`maestro up` sets it)"
                    )
                })?;
            }
        }
        if config.spawner_url.is_none() {
            config.spawner_url = secret("MAESTRO_SPAWNER_URL", lookup)?;
        }
        if config.stream_replicas.is_none()
            && let Some(text) = secret("MAESTRO_STREAM_REPLICAS", lookup)?
        {
            let number = text.parse().ok().filter(|number| (1..=5).contains(number));
            config.stream_replicas =
                Some(number.with_context(|| format!("MAESTRO_STREAM_REPLICAS is `{text}`: 1 to 5 is expected"))?);
        }
        if config.ledger_max_bytes.is_none()
            && let Some(text) = secret("MAESTRO_LEDGER_MAX_BYTES", lookup)?
        {
            config.ledger_max_bytes =
                Some(size(&text).map_err(|error| anyhow::anyhow!("MAESTRO_LEDGER_MAX_BYTES is `{text}`: {error}"))?);
        }
        Ok((config, self.part))
    }
}

/// Bytes: `17179869184`, `16GiB`, `16 GiB`.
fn size(text: &str) -> Result<u64, String> {
    const LEAST: u64 = 16 << 20;
    const MOST: u64 = 1 << 50;
    let expected = || "a size is expected: bytes, or a whole number with MiB, GiB or TiB, as in 16GiB".to_owned();
    let text = text.trim();
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let shift = match unit.trim_start() {
        "" => 0,
        "MiB" => 20,
        "GiB" => 30,
        "TiB" => 40,
        _ => return Err(expected()),
    };
    let number: u64 = number.parse().map_err(|_| expected())?;
    let bytes = number.checked_mul(1 << shift).filter(|bytes| (LEAST..=MOST).contains(bytes));
    bytes.ok_or_else(|| "16 MiB to 1024 TiB are possible".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_is_bytes_or_has_a_unit() {
        for (text, bytes) in [
            ("17179869184", 16 << 30),
            ("16GiB", 16 << 30),
            (" 16 GiB ", 16 << 30),
            ("16MiB", 16 << 20),
            ("1024TiB", 1 << 50),
        ] {
            assert_eq!(size(text), Ok(bytes), "{text}");
        }
        for text in
            ["", "16GB", "16gib", "GiB", "-1", "1.5GiB", "1025TiB", "15MiB", "99999999999999999999", "20000000TiB"]
        {
            assert!(size(text).is_err(), "{text}");
        }
    }
}
