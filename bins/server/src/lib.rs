//! The decider. Commands come over NATS, are decided by pure functions, appended to the ledger and only then answered;
//! queries are answered from a snapshot and a projection in redb. Replicas are symmetric; none is precious.

mod backup;
mod clock;
mod config;
mod dead_letter;
mod follower;
mod health;
mod inbox;
mod ledger;
mod nodes;
mod patience;
mod performer;
mod project;
mod projector;
mod query;
mod reaper;
mod registry;
mod reply;
mod serve;
mod service;
mod store;
mod text;
mod ticker;

use std::sync::Arc;

use anyhow::{Context, bail};
use maestro_client::{Client, Definition, Mode, Options, StreamChange, connect};
use maestro_domain::Timestamp;
use maestro_wire::{ServerInfo, header};
use tokio_util::sync::CancellationToken;

pub use backup::run as backup;
pub use config::{Arguments, Config, Part};
pub use health::health;
use nodes::Nodes;
use patience::patient;
use registry::Registry;

/// What a replica says of itself.
pub struct ServerState {
    replica: String,
    started_at: Timestamp,
    rebuilt: Option<String>,
    progress: tokio::sync::watch::Receiver<follower::Progress>,
    /// The spawners that are there.
    pub nodes: Nodes,
    /// The connection for what runs.
    pub work: Client,
}

impl ServerState {
    fn info(&self, registry: &Registry) -> ServerInfo {
        ServerInfo {
            replica: self.replica.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            model: header::MODEL_VERSION,
            ledger: registry.shared().ledger.id().to_owned(),
            applied: self.progress.borrow().seq,
            projects: registry.all().iter().filter(|p| p.view().state.project().is_some()).count() as u64,
            pid: std::process::id(),
            started_at: self.started_at,
            rebuilt: self.rebuilt.clone(),
        }
    }
}

/// The definitions of all streams and buckets.
const STREAMS: &str = include_str!("../../../nats/streams.json");

/// Runs a replica until `stop`; then drains and ends.
///
/// # Errors
/// When the broker cannot be reached or is too old, a stream differs in what cannot be changed, or the ledger holds
/// what this version must not read.
pub async fn run(config: Config, stop: CancellationToken) -> anyhow::Result<()> {
    if let Some(path) = &config.ready_file {
        // Only a file of an earlier run can be there.
        let _absent = std::fs::remove_file(path);
    }
    // A broker that does not come is no reason to stay.
    let Some(connected) = stop.run_until_cancelled(connect_both(&config)).await else { return Ok(()) };
    let (core, work) = connected?;
    let Some(mut ledger) = patient(&stop, || found(&core, &work, &config)).await? else { return Ok(()) };
    let mut rebuilt = None;
    tracing::info!(replica = config.name, ledger = ledger.id(), broker = core.server().version, "connected");
    loop {
        match serve::until_broken(&config, &ledger, &work, &stop, rebuilt.take()).await? {
            None => break,
            Some(reason) => {
                if let Some(reason) = reason.strip_prefix(follower::FATAL) {
                    bail!("{reason}");
                }
                tracing::error!(reason, "the projection is set aside and built anew");
                // What breaks again at once is not tried in a hot loop.
                tokio::time::sleep(std::time::Duration::from_millis(500)).await;
                store_aside(&config)?;
                rebuilt = Some(reason);
                // It may be another ledger by now.
                match patient(&stop, || found(&core, &work, &config)).await? {
                    Some(found) => ledger = found,
                    None => break,
                }
            }
        }
    }
    core.close(std::time::Duration::from_secs(2)).await;
    work.close(std::time::Duration::from_secs(2)).await;
    tracing::info!(replica = config.name, "stopped");
    Ok(())
}

async fn connect_both(config: &Config) -> anyhow::Result<(Client, Client)> {
    Ok((open(&config.core_url, config, "core").await?, open(&config.work_url, config, "work").await?))
}

/// The streams as they should be, and the ledger in them.
async fn found(core: &Client, work: &Client, config: &Config) -> anyhow::Result<ledger::Ledger> {
    ensure_streams(core, work, config).await?;
    ledger::Ledger::open(core.clone(), &config.name).await
}

fn store_aside(config: &Config) -> anyhow::Result<()> {
    store::set_aside(&config.data.join("projection.redb")).context("setting the projection aside")
}

async fn open(url: &str, config: &Config, account: &str) -> anyhow::Result<Client> {
    let mut options = Options::new(url, Mode::Daemon)?;
    options.name = format!("maestro-server {} ({account})", config.name);
    connect(options).await.with_context(|| format!("connecting to the broker ({account})"))
}

async fn ensure_streams(core: &Client, work: &Client, config: &Config) -> anyhow::Result<()> {
    let replicas = config.stream_replicas();
    for mut definition in Definition::parse_file(STREAMS)? {
        if let Some(bytes) = config.ledger_max_bytes.filter(|_| definition.name == ledger::STREAM) {
            definition = definition.with_max_bytes(bytes);
        }
        let client = if definition.account == "CORE" { core } else { work };
        let change =
            client.ensure_stream(&definition, replicas).await.with_context(|| format!("stream {}", definition.name))?;
        for change in change {
            match change {
                StreamChange::Created { stream } => tracing::debug!(stream, "the stream was made"),
                StreamChange::Updated { stream, field, from, to } => {
                    tracing::info!(stream, field, %from, %to, "a setting of the stream was changed");
                }
            }
        }
    }
    Ok(())
}

/// What everybody who answers shares.
fn room(
    registry: &Arc<Registry>,
    server: &Arc<ServerState>,
    stats: &Arc<service::Stats>,
    drain: CancellationToken,
) -> Arc<service::Room> {
    Arc::new(service::Room {
        registry: Arc::clone(registry),
        stats: Arc::clone(stats),
        server: Arc::clone(server),
        drain,
    })
}
