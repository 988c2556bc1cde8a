//! One life of the projection: open it, catch up, serve, drain. Ends when told to stop or when the projection broke.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use maestro_client::Client;
use tokio::sync::{mpsc, watch};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    Config, ServerState, clock, dead_letter,
    follower::{self, Progress},
    inbox,
    ledger::{Ledger, STREAM},
    nodes::Nodes,
    patience::patient,
    performer,
    project::Shared,
    projector, reaper,
    registry::Registry,
    room, service,
    store::{self, Position},
    ticker,
};

/// Serves until `stop` (`None`) or until the projection must be built anew (the reason). `rebuilt` is why the one before
/// was given up.
pub async fn until_broken(
    config: &Config,
    ledger: &Ledger,
    work: &Client,
    stop: &CancellationToken,
    rebuilt: Option<String>,
) -> anyhow::Result<Option<String>> {
    let started_at = clock::now();
    let begun = patient(stop, async || {
        let info = ledger.client().stream_info(STREAM).await.context("the stream EVENTS")?;
        Ok((open_store(config, ledger, &info).await?, info))
    });
    let Some((opened, info)) = begun.await? else { return Ok(None) };
    let position = opened.position.clone().unwrap_or_else(|| Position {
        schema: store::SCHEMA_VERSION,
        stream_created: info.created.clone(),
        ledger: ledger.id().to_owned(),
        seq: 0,
        digest: 0,
    });
    let from = position.seq;
    // Actors go on while the service drains; they stop last.
    let inner = CancellationToken::new();
    let broken = watch::Sender::new(None);
    let shared = Shared {
        ledger: ledger.clone(),
        store: opened.store.clone(),
        broken,
        calls: TaskTracker::new(),
        stop: inner.clone(),
    };
    let loaded = match opened.store.load() {
        Ok(loaded) => loaded,
        Err(error) => return Ok(Some(format!("the projection cannot be read: {error}"))),
    };
    let registry = Arc::new(Registry::new(shared.clone(), config.mailbox as usize, loaded));
    let (progress, progress_seen) = watch::channel(Progress { seq: from, pending: 0 });
    let server = Arc::new(ServerState {
        replica: config.name.clone(),
        started_at,
        rebuilt: opened.rebuilt.clone().or(rebuilt),
        progress: progress_seen.clone(),
        nodes: Nodes::default(),
        work: work.clone(),
    });
    let (to_projector, commits) = mpsc::channel(projector::CAPACITY);
    let (writer, demands) = (opened.writer, opened.demands);
    let projector = {
        let shared = shared.clone();
        let handle = tokio::runtime::Handle::current();
        tokio::task::spawn_blocking(move || projector::run(writer, commits, demands, position, &shared, &handle))
    };
    let tasks = TaskTracker::new();
    let name = format!("follow-{}-{}", config.name, std::process::id());
    let client = ledger.client().clone();
    tasks.spawn(follower::run(client, from, name, Arc::clone(&registry), to_projector, progress));
    let outcome = async {
        let mut progress = progress_seen.clone();
        let mut broken = shared.broken.subscribe();
        tokio::select! {
            biased;
            reason = broken.wait_for(Option::is_some) => return Ok(reason.ok().and_then(|r| r.clone())),
            () = stop.cancelled() => return Ok(None),
            reached = progress.wait_for(|p| p.seq >= info.last_seq) => if reached.is_err() {
                // It says why before it ends.
                return shared.broken.borrow().clone().context("the follower ended").map(Some);
            }
        }
        // Followed is not yet applied: nobody is answered from a state older than the start.
        for project in registry.all() {
            tokio::select! {
                biased;
                reason = broken.wait_for(Option::is_some) => return Ok(reason.ok().and_then(|r| r.clone())),
                () = stop.cancelled() => return Ok(None),
                () = project.caught_up() => {}
            }
        }
        let stats = Arc::new(service::Stats::default());
        let drain = CancellationToken::new();
        let mut running = service::start(room(&registry, &server, &stats, drain.clone())).await?;
        running.service.join();
        running.service.settled(true, Duration::from_secs(5)).await;
        if let Err(error) = ready(config, started_at) {
            // A full disk must not stop the reads; whoever waits for the file hears of it when there is room.
            tracing::warn!(cause = format!("{error:#}"), "the ready file cannot be written; trying again");
            let (config, stop) = (config.clone(), inner.clone());
            tasks.spawn(async move {
                while ready(&config, started_at).is_err() {
                    tokio::select! {
                        () = stop.cancelled() => return,
                        () = tokio::time::sleep(Duration::from_secs(1)) => {}
                    }
                }
            });
        }
        let took = clock::now().millis_since(started_at);
        tracing::info!(replica = config.name, from, to = info.last_seq, millis = took, "serving");
        tasks.spawn(performer::run(Arc::clone(&server), Arc::clone(&registry), work.clone()));
        tasks.spawn(dead_letter::run(Arc::clone(&registry), work.clone()));
        tasks.spawn(ticker::run(Arc::clone(&server), Arc::clone(&registry), work.clone()));
        tasks.spawn(reaper::run(Arc::clone(&server), Arc::clone(&registry), work.clone()));
        tasks.spawn(inbox::run(Arc::clone(&registry)));
        {
            let (server, work, stop) = (Arc::clone(&server), work.clone(), inner.clone());
            let name = format!("nodes-{}-{}", config.name, std::process::id());
            tasks.spawn(async move { server.nodes.watch(work, &name, stop).await });
        }
        let lag = watch_lag(progress_seen.clone(), ledger.clone(), &running.service);
        let ended = tokio::select! {
            biased;
            reason = broken.wait_for(Option::is_some) => reason.ok().and_then(|r| r.clone()),
            () = stop.cancelled() => None,
            () = lag => None,
        };
        running.service.leave();
        running.service.settled(false, Duration::from_secs(3)).await;
        drain.cancel();
        drop(running.service);
        running.handlers.close();
        if tokio::time::timeout(service::DRAIN, running.handlers.wait()).await.is_err() {
            tracing::warn!("some callers were left without an answer; they will ask again");
        }
        running.answers.shutdown().await;
        anyhow::Ok(ended)
    }
    .await;
    inner.cancel();
    tasks.close();
    // The follower drops its end of the projector's channel; the projector then makes everything durable.
    let _late = tokio::time::timeout(Duration::from_secs(10), tasks.wait()).await;
    let _late = tokio::time::timeout(Duration::from_secs(10), registry.finish()).await;
    projector.await.context("the projector's thread")?;
    outcome
}

async fn open_store(
    config: &Config,
    ledger: &Ledger,
    info: &maestro_client::StreamInfo,
) -> anyhow::Result<store::Opened> {
    let data = config.data.clone();
    let found = tokio::task::spawn_blocking(move || store::find(&data)).await??;
    let there = match &found.position {
        Some(position) if position.seq > 0 => ledger.client().message_at(STREAM, position.seq).await?,
        Some(_) | None => None,
    };
    let (info, id) = (info.clone(), ledger.id().to_owned());
    tokio::task::spawn_blocking(move || {
        found.open(|position| {
            if position.stream_created != info.created {
                return Err("the stream was made anew".to_owned());
            }
            if position.ledger != id {
                return Err("it belongs to another ledger".to_owned());
            }
            if position.seq > info.last_seq {
                return Err(format!("it is at sequence {}, the ledger ends at {}", position.seq, info.last_seq));
            }
            match &there {
                Some(stored) if crate::ledger::digest(&stored.payload) != position.digest => {
                    Err(format!("the ledger holds another message at sequence {}", position.seq))
                }
                // A purged project takes its messages along; the chain of the rest is checked while following.
                Some(_) | None => Ok(()),
            }
        })
    })
    .await?
}

fn ready(config: &Config, started_at: maestro_domain::Timestamp) -> anyhow::Result<()> {
    let Some(path) = &config.ready_file else { return Ok(()) };
    let body = serde_json::json!({
        "pid": std::process::id(),
        "version": env!("CARGO_PKG_VERSION"),
        "replica": config.name,
        "startedAt": started_at,
    });
    maestro_runtime::write_atomically(path, body.to_string().as_bytes(), 0o600).context("the ready file")
}

/// A replica that lags 5 s behind the ledger leaves its queue groups until it has caught up. Never returns.
async fn watch_lag(progress: watch::Receiver<Progress>, ledger: Ledger, service: &maestro_client::service::Service) {
    let mut behind_since: Option<(tokio::time::Instant, u64)> = None;
    let mut left = false;
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let Ok(info) = ledger.client().stream_info(STREAM).await else { continue };
        let at = progress.borrow().seq;
        match behind_since {
            Some((_, wanted)) if at >= wanted => {
                behind_since = (at < info.last_seq).then(|| (tokio::time::Instant::now(), info.last_seq));
                if left {
                    tracing::info!(at, "caught up; joining the queue groups again");
                    service.join();
                    left = false;
                }
            }
            Some((since, wanted)) if since.elapsed() > Duration::from_secs(5) && !left => {
                tracing::warn!(at, wanted, "this replica lags; leaving the queue groups");
                service.leave();
                left = true;
            }
            Some(_) => {}
            None if at < info.last_seq => behind_since = Some((tokio::time::Instant::now(), info.last_seq)),
            None => {}
        }
    }
}
