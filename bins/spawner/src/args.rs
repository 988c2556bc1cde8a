//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use maestro_domain::{Label, NodeName, PoolName, ProjectId};

/// Starts sessions on this host. Addresses come from the environment, MAESTRO_NATS_URL for the spawner and MAESTRO_EDGE_URL for
/// its agents, from the files that MAESTRO_NATS_URL_FILE and MAESTRO_EDGE_URL_FILE name, or from the file of an invitation;
/// never from the command line, which everybody can read.
#[derive(Clone, Debug, Default, Parser)]
#[command(name = "maestro-spawner", version, args_conflicts_with_subcommands = true)]
pub struct Args {
    /// This spawner's name [default: the host's name]
    #[arg(long, env = "MAESTRO_NODE")]
    pub node: Option<NodeName>,
    /// The pool whose sessions it starts [default: default]
    #[arg(long, env = "MAESTRO_POOL")]
    pub pool: Option<PoolName>,
    /// How many sessions it runs at once [default: four a core, at least 8 and at most 64]
    #[arg(long, env = "MAESTRO_SLOTS", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub slots: Option<u32>,
    /// A label of this host; may be repeated
    #[arg(long = "label", value_name = "LABEL")]
    pub labels: Vec<Label>,
    /// Where it keeps its files [default: spawner/ in the home]
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Where a project's sessions work, as in web=/srv/web; may be repeated
    #[arg(long = "project-path", value_name = "PROJECT=DIR", value_parser = project_path)]
    pub project_paths: Vec<(ProjectId, PathBuf)>,
    /// What `maestro node invite` wrote: where the broker is, and the passwords. Without it they come from the environment
    #[arg(long, value_name = "FILE")]
    pub invite: Option<PathBuf>,
    /// Written once it serves
    #[arg(long, value_name = "PATH")]
    pub ready_file: Option<PathBuf>,
    #[command(subcommand)]
    pub part: Option<Part>,
}

/// What else the program does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum Part {
    /// Ask the spawner of this name (MAESTRO_NODE or the host's) over the broker how it is; ends with 1 unless it serves
    Health,
    /// Runs one session's agent.
    #[command(hide = true)]
    Hold,
}

fn project_path(text: &str) -> Result<(ProjectId, PathBuf), String> {
    let (project, path) = text.split_once('=').ok_or("PROJECT=DIR is expected")?;
    let project = project.parse().map_err(|error| format!("{error}"))?;
    let path = PathBuf::from(path);
    if path.is_absolute() { Ok((project, path)) } else { Err("the directory is not absolute".to_owned()) }
}
