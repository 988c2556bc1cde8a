//! The spawner's settings, resolved from command line, environment and configuration file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::{Context, bail};
use maestro_domain::{Label, NodeName, PoolName, ProjectId};
use maestro_runtime::{ConfigFile, Environment, Home, secret};

use crate::args::Args;
use crate::os;

/// Bytes of output that are kept of one session.
const LOG_BYTES: u64 = 10 << 20;

/// Everything `run` needs to know. `Debug` shows no address: they hold passwords.
#[derive(Clone)]
pub struct Config {
    pub node: NodeName,
    pub pool: PoolName,
    pub slots: u32,
    pub labels: Vec<Label>,
    /// The spawner's own files.
    pub data: PathBuf,
    /// The home of the stack, for agents.
    pub home: Home,
    /// Where projects lie, as the command line says; it goes before the file.
    pub project_paths: BTreeMap<ProjectId, PathBuf>,
    /// `config.toml` of the home, which says more about projects.
    pub config_file: PathBuf,
    /// Agent profiles of this host.
    pub agents: PathBuf,
    pub ready_file: Option<PathBuf>,
    /// The broker, as user `spawner`.
    pub nats_url: String,
    /// The broker, as agents reach it.
    pub edge_url: String,
    /// The `maestro` that agents use.
    pub bin: PathBuf,
    /// What is run as `… hold`.
    pub holder: PathBuf,
    /// The environment that agents start from, before ours is laid over it.
    pub inherited: BTreeMap<String, String>,
    pub log_bytes: u64,
    /// From asking an agent to end to killing it.
    pub grace: std::time::Duration,
    /// This process has no other children than holders, so it may end every other one as an orphan of its sessions.
    pub sole: bool,
}

impl Config {
    /// Resolves `args` over `variables`, the process's environment.
    ///
    /// # Errors
    /// A sentence on what is missing or wrong.
    pub fn resolve(args: Args, variables: BTreeMap<String, String>) -> anyhow::Result<Self> {
        let environment = Environment::from_lookup(|name| variables.get(name).cloned());
        let home = Home::resolve(None, &environment)?;
        // Read anew for each session; a mistake in it is told at the start already.
        for project in ConfigFile::read(&home.config())?.projects.keys() {
            project.parse::<ProjectId>().with_context(|| format!("config.toml, [projects.{project}]"))?;
        }
        let lookup = |name: &str| variables.get(name).cloned();
        let (nats_url, edge_url) = match args.invite.as_deref().map(Invite::read).transpose()? {
            Some(Invite { nats_url, edge_url }) => (Some(nats_url), Some(edge_url)),
            None => (secret("MAESTRO_NATS_URL", lookup)?, secret("MAESTRO_EDGE_URL", lookup)?),
        };
        let Some(nats_url) = nats_url else {
            bail!(
                "neither MAESTRO_NATS_URL nor MAESTRO_NATS_URL_FILE is set, and no --invite is given: the broker's address as \
                 user spawner, nats://spawner:…@host:port"
            );
        };
        let Some(edge_url) = edge_url else {
            bail!(
                "neither MAESTRO_EDGE_URL nor MAESTRO_EDGE_URL_FILE is set: the broker's address for agents, \
                 nats://edge:…@host:port"
            );
        };
        let holder = std::env::current_exe().context("the path of this program is not known")?;
        let bin = environment.bin().unwrap_or_else(|| holder.with_file_name("maestro"));
        let data = std::path::absolute(args.data.unwrap_or_else(|| home.spawner()))?;
        Ok(Self {
            node: match args.node {
                Some(node) => node,
                None => node_name(&os::host_name()).context("the host's name is no node name; give one with --node")?,
            },
            pool: match args.pool {
                Some(pool) => pool,
                None => "default".parse()?,
            },
            slots: args.slots.unwrap_or_else(default_slots),
            labels: args.labels,
            data,
            agents: home.agents(),
            project_paths: args.project_paths.into_iter().collect(),
            config_file: home.config(),
            home,
            ready_file: args.ready_file,
            nats_url,
            edge_url,
            bin: std::path::absolute(bin)?,
            holder,
            inherited: variables,
            log_bytes: LOG_BYTES,
            grace: std::time::Duration::from_secs(5),
            sole: true,
        })
    }
}

/// The file of an invitation.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Invite {
    nats_url: String,
    edge_url: String,
}

impl Invite {
    fn read(path: &std::path::Path) -> anyhow::Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("the invitation {}", path.display()))?;
        // The text is not shown: it holds passwords.
        serde_json::from_slice(&bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            anyhow::anyhow!("{}: no invitation of `maestro node invite` (line {line}, column {column})", path.display())
        })
    }
}

fn default_slots() -> u32 {
    let cores = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
    u32::try_from(cores * 4).unwrap_or(64).clamp(8, 64)
}

/// A host's name as a node's: lower case, everything else a dash.
fn node_name(host: &str) -> anyhow::Result<NodeName> {
    let mapped: String = host
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' { c } else { '-' })
        .take(63)
        .collect();
    Ok(mapped.trim_matches(['-', '_']).parse()?)
}

impl std::fmt::Debug for Config {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Config")
            .field("node", &self.node)
            .field("pool", &self.pool)
            .field("slots", &self.slots)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn addresses_come_from_the_environment_and_are_not_shown() {
        let home = std::env::temp_dir().join("maestro-no-such-home");
        let home = home.to_str().unwrap();
        let missing = Config::resolve(Args::default(), variables(&[("MAESTRO_HOME", home)])).unwrap_err();
        assert!(missing.to_string().contains("MAESTRO_NATS_URL"));
        let config = Config::resolve(
            Args::default(),
            variables(&[
                ("MAESTRO_HOME", home),
                ("MAESTRO_NATS_URL", "nats://spawner:hidden@h"),
                ("MAESTRO_EDGE_URL", "nats://edge:hidden@h"),
            ]),
        )
        .unwrap();
        assert!(!format!("{config:?}").contains("hidden"));
        assert_eq!(config.data, PathBuf::from(home).join("spawner"));
    }

    #[test]
    fn host_names_become_node_names() {
        assert_eq!(node_name("Build-7.Example.ORG").unwrap().as_str(), "build-7-example-org");
        assert!(node_name("---").is_err());
    }
}
