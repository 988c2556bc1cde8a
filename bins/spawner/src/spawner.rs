//! The spawner from start to end.

use std::fs;
use std::os::unix::fs::DirBuilderExt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use maestro_client::{ApiError, Lease, Mode, Options, QueueError, connect};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::agent::HIDDEN;
use crate::config::Config;
use crate::context::Context;
use crate::dispatch::{self, Queues};
use crate::holder::Holders;
use crate::incarnation::Incarnation;
use crate::ledger::{Entry, Ledger};
use crate::node;
use crate::os;
use crate::outbox::Outbox;
use crate::ready::ReadyFile;
use crate::recordings;
use crate::recover::recover;
use crate::workspace::{Rooms, files};

/// For how long streams may be missing at the start: the server makes them.
const PATIENCE: Duration = Duration::from_secs(60);
/// How often orphans of dead holders are looked for.
const SWEEP: Duration = Duration::from_secs(5);
/// For how long the last reports may take at the end; what is left is sent by the next start.
const LAST_REPORTS: Duration = Duration::from_secs(2);

/// Runs until `shutdown`, then ends its sessions and reports them stopped, so that they can be resumed; or until `leave`,
/// which leaves them, as SIGKILL does, to the next spawner of this data directory.
///
/// # Errors
/// When it cannot begin: the data directory, the broker, or the streams.
pub async fn run(config: Config, shutdown: CancellationToken, leave: CancellationToken) -> anyhow::Result<()> {
    let ready = config.ready_file.as_deref().map(ReadyFile::absent).transpose().context("the ready file")?;
    let data = config.data.display().to_string();
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&config.data).with_context(|| data.clone())?;
    let lock = os::hold_lock(&config.data.join("lock")).with_context(|| data.clone())?;
    let Some(_lock) = lock else { bail!("{data}: another spawner works in this directory") };
    os::become_subreaper().context("cannot become a subreaper")?;

    let ledger = Ledger::open(&config.data).with_context(|| data.clone())?;
    let outbox = Outbox::open(&config.data).with_context(|| data.clone())?;
    // Before there is a connection: what runs without a holder has to end, broker or not.
    let recovered = recover(&ledger, &outbox, |incarnation: &Incarnation| files::of(&config.data, incarnation))
        .await
        .with_context(|| data.clone())?;

    let mut options = Options::new(&config.nats_url, Mode::Daemon).context("MAESTRO_NATS_URL")?;
    options.name = format!("maestro-spawner {}", config.node);
    let client = tokio::select! {
        () = shutdown.cancelled() => return Ok(()),
        () = leave.cancelled() => return Ok(()),
        connected = connect(options) => connected?,
    };
    let hidden = HIDDEN.iter().map(|name| (*name).to_owned()).collect();
    let holders = Holders::new(config.holder.clone(), hidden, config.sole);
    let rooms = Rooms::new(&config, &holders, &shutdown);
    rooms.recover().await;
    let context = Context::new(config, client, (ledger, outbox), holders, rooms, shutdown.clone());
    let tasks = TaskTracker::new();
    let end = CancellationToken::new();
    tasks.spawn(send_reports(context.clone(), end.clone()));
    tasks.spawn(sweep(context.clone(), end.clone()));
    tasks.spawn(recordings::run(context.clone(), end.clone()));
    let served = serve(&context, &tasks, ready.as_ref(), recovered.living, &leave).await;
    end.cancel();
    tasks.close();
    if tokio::time::timeout(LAST_REPORTS, tasks.wait()).await.is_err() && !context.outbox.is_empty() {
        tracing::warn!("reports wait in the outbox for the next start");
    }
    context.client.close(Duration::from_secs(1)).await;
    served
}

/// From the first order to the end of the last session.
async fn serve(
    context: &Arc<Context>,
    tasks: &TaskTracker,
    ready: Option<&ReadyFile>,
    living: Vec<Entry>,
    leave: &CancellationToken,
) -> anyhow::Result<()> {
    let begun = tokio::select! {
        () = context.shutdown.cancelled() => return Ok(()),
        () = leave.cancelled() => return Ok(()),
        begun = begin(context) => begun?,
    };
    let (queues, lease) = begun;
    let (service, endpoints) = node::serve(context).await?;
    let answers = context.clone();
    tasks.spawn(async move { node::answer(&answers, endpoints).await });
    let record = context.clone();
    tasks.spawn(async move { node::keep(&record, lease).await });
    service.settled(true, Duration::from_secs(2)).await;
    if let Some(ready) = ready {
        ready.write(context.since).context("the ready file")?;
    }
    let Config { node, pool, slots, .. } = &context.config;
    tracing::info!(%node, %pool, slots, "takes orders");
    dispatch::run(context, queues, living, leave).await;
    // The record goes, whichever way it ends.
    context.shutdown.cancel();
    drop(service);
    Ok(())
}

/// Opens the queues and registers, as soon as the streams are there.
async fn begin(context: &Arc<Context>) -> anyhow::Result<(Queues, Lease)> {
    let begun = Instant::now();
    loop {
        let error = match Queues::open(context).await {
            Ok(queues) => match node::register(context).await {
                Ok(lease) => return Ok((queues, lease)),
                Err(error) => anyhow::Error::from(error).context("bucket NODES"),
            },
            Err(error @ (QueueError::Mismatch { .. } | QueueError::Api(ApiError::Denied(_)))) => {
                return Err(error.into());
            }
            Err(error) => anyhow::Error::from(error).context("stream SPAWN"),
        };
        if begun.elapsed() > PATIENCE {
            return Err(error.context("the streams did not appear; is a maestro-server running?"));
        }
        tracing::debug!(cause = format!("{error:#}"), "not yet");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn send_reports(context: Arc<Context>, end: CancellationToken) {
    context.outbox.run(&context.client, end).await;
}

async fn sweep(context: Arc<Context>, end: CancellationToken) {
    loop {
        let swept = context.holders.sweep().await;
        if swept.killed > 0 || swept.left > 0 {
            tracing::warn!(killed = swept.killed, left = swept.left, "orphans of a dead holder");
        }
        if end.is_cancelled() {
            return;
        }
        tokio::select! { () = tokio::time::sleep(SWEEP) => {}, () = end.cancelled() => {} }
    }
}
