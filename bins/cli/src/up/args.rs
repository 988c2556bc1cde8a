//! The flags of `up`, `down`, `logs`, `doctor`, `backup` and `restore`.

use std::path::PathBuf;

use clap::Args;

/// Start the stack of this home and look after it
///
/// One nats-server, the servers, the spawner and the bridge, as children of this process. Ctrl-C ends them all, and stops
/// the sessions so that `maestro session resume --all` goes on with them.
/// On a stack that runs already it prints the address and ends.
#[derive(Args, Clone, Debug)]
pub struct UpArgs {
    /// Take free ports instead of the usual ones
    #[arg(long, conflicts_with_all = ["port", "bridge_port"])]
    pub ephemeral_ports: bool,
    /// Return when everything is healthy; `maestro down` ends it
    #[arg(long, short = 'd')]
    pub detach: bool,
    /// How many servers
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=9))]
    pub replicas: u8,
    /// The broker's port
    #[arg(long, value_name = "PORT", default_value_t = 7372, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
    /// The dashboard's port
    #[arg(long, value_name = "PORT", default_value_t = 7373, value_parser = clap::value_parser!(u16).range(1..))]
    pub bridge_port: u16,
    /// A name by which browsers know the dashboard beside its address, behind a proxy for example; may be repeated
    #[arg(long, value_name = "HOST[:PORT]", value_delimiter = ',')]
    pub allow_host: Vec<String>,
    /// How many sessions run at once on this host [default: the spawner's own]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub slots: Option<u16>,
    /// Leave the sessions running when the stack ends; the next `maestro up` of this home finds them, on the same ports
    #[arg(long, conflicts_with = "ephemeral_ports")]
    pub keep_sessions: bool,
    /// This is the process that `--detach` started
    #[arg(long, hide = true, conflicts_with = "detach")]
    pub detached: bool,
}

/// Stop the stack of this home
///
/// Sessions are stopped so that `maestro session resume --all` goes on with them.
#[derive(Args, Clone, Debug)]
pub struct DownArgs {
    /// Leave the sessions running; the next `maestro up` of this home finds them, on the same ports
    #[arg(long)]
    pub keep_sessions: bool,
}

/// Show what the programs of the stack log
#[derive(Args, Clone, Debug)]
pub struct LogsArgs {
    /// One program: nats-server, maestro-server, maestro-spawner, maestro-bridge, maestro-up [default: all]
    pub program: Option<String>,
    /// Go on with what comes
    #[arg(long, short = 'f')]
    pub follow: bool,
    /// How many lines of each log
    #[arg(long, short = 'n', value_name = "N", default_value_t = 40)]
    pub lines: usize,
}

/// Check everything that Maestro needs
///
/// One line a check with ok, warn or fail and the next command. Exit 0 when nothing fails.
#[derive(Args, Clone, Debug)]
pub struct DoctorArgs {}

/// Write the stack of this home into one file
///
/// Projects with all that was said and done, terminal output and recordings; while everything runs, or while nothing does.
/// Not in it: passwords, settings, and the files that agents work on. The file is read again before it is called a backup.
#[derive(Args, Clone, Debug)]
pub struct BackupArgs {
    /// The file, or a directory: then each backup gets a name of its own in it
    #[arg(value_name = "FILE|DIR")]
    pub path: PathBuf,
}

/// Put a backup back into the stack of this home, which must not run
///
/// Checks the whole file first and changes nothing when it is damaged or newer than this Maestro. Sessions that lived when
/// the backup was made are lost afterwards; none is started again by itself.
#[derive(Args, Clone, Debug)]
pub struct RestoreArgs {
    /// The file, or a directory: then its newest backup
    #[arg(value_name = "FILE|DIR")]
    pub path: PathBuf,
    /// Forget what the stack of this home holds
    #[arg(long)]
    pub replace: bool,
}
