//! From a configuration to a serving bridge, and down again.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use maestro_client::{Caller, Mode, Options, connect};
use maestro_runtime::trace;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::access::Access;
use crate::budget::Budget;
use crate::config::Config;
use crate::feed::Feed;
use crate::http::tls::Certificates;
use crate::http::{App, Door, Guest, router};
use crate::metrics::Metrics;
use crate::nodes::{self, Nodes};
use crate::ready;
use crate::snapshot::Snapshots;
use crate::system::System;

/// How long clients have to take their farewell.
const FAREWELL: Duration = Duration::from_secs(3);

/// Serves until `shutdown`, then tells every client to come back and returns.
///
/// # Errors
/// When it cannot begin: port taken, broker not reachable, token file not writable.
pub async fn run(config: Config, shutdown: CancellationToken) -> anyhow::Result<()> {
    config.check_listen()?;
    if let Some(path) = &config.ready_file {
        ready::clear(path).with_context(|| path.display().to_string())?;
    }
    let certificates = match &config.tls {
        Some(files) => Some(Certificates::open(files.clone())?),
        None => None,
    };
    let access = Access::open(&config.token_file).with_context(|| config.token_file.display().to_string())?;
    let listener = tokio::net::TcpListener::bind(config.listen).await.map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => {
            anyhow::anyhow!("port_taken: {} is in use; pass --listen with another port", config.listen)
        }
        _ => anyhow::Error::from(error).context(format!("cannot listen on {}", config.listen)),
    })?;
    let listen = listener.local_addr()?;

    let mut options = Options::new(&config.core_url, Mode::Daemon).context("MAESTRO_CORE_URL")?;
    options.name = "maestro-bridge".to_owned();
    let connecting = connect(options);
    let client = tokio::select! {
        client = connecting => client?,
        () = shutdown.cancelled() => return Ok(()),
    };

    let work = match &config.work_url {
        Some(url) => {
            let mut options = Options::new(url, Mode::Daemon).context("MAESTRO_WORK_URL")?;
            options.name = "maestro-bridge".to_owned();
            // A viewer that is this far behind asks for the screen again.
            options.subscription_capacity = 2048;
            tokio::select! {
                client = connect(options) => Some(client?),
                () = shutdown.cancelled() => return Ok(()),
            }
        }
        None => None,
    };

    let mut tasks = JoinSet::new();
    let metrics = Arc::new(Metrics::default());
    let (nodes, known_nodes) = tokio::sync::watch::channel(Nodes::default());
    if let Some(work) = work.clone() {
        let shutdown = shutdown.clone();
        tasks.spawn(async move {
            shutdown.run_until_cancelled(nodes::follow(work, nodes)).await;
        });
    }
    let feed = Feed::new(client.clone(), config.limits);
    tasks.spawn(feed.clone().follow(shutdown.clone()));
    let connections = TaskTracker::new();
    let app = Arc::new(App {
        door: Door::new(listen, &config.allow_hosts, certificates.is_some()),
        access,
        feed,
        caller: Caller::new(client.clone(), config.user.clone(), None).with_trace(trace::current),
        work: work.clone(),
        nodes: known_nodes,
        metrics: metrics.clone(),
        system: System::new(client.clone(), work.clone()),
        snapshots: Snapshots::default(),
        budget: Budget::new(),
        places: Arc::new(tokio::sync::Semaphore::new(config.limits.clients)),
        recordings: tokio::sync::Semaphore::new(crate::http::recording::AT_ONCE),
        limits: config.limits,
        connections: connections.clone(),
        shutdown: shutdown.clone(),
    });
    let scheme = if certificates.is_some() { "https" } else { "http" };
    let acceptor = certificates.as_ref().map(Certificates::current);
    if let Some(certificates) = certificates {
        let shutdown = shutdown.clone();
        tasks.spawn(async move {
            shutdown.run_until_cancelled(certificates.follow()).await;
        });
    }
    let listener = crate::http::Bounded::new(listener, &config.limits, acceptor, metrics);
    let service = router(app).into_make_service_with_connect_info::<Guest>();
    let server = axum::serve(listener, service).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    tasks.spawn(async move {
        if let Err(cause) = server.await {
            tracing::error!(%cause, "the http server ended");
        }
    });
    if let Some(path) = &config.ready_file {
        ready::announce(path, scheme, listen).with_context(|| path.display().to_string())?;
    }
    tracing::info!(%listen, scheme, user = %config.user, "bridge serves");

    // Neither task ends by itself; a panic in one ends the program, and its starter begins it anew. At a shutdown they
    // may end before this one looks: then the shutdown is why.
    let ended = tokio::select! {
        biased;
        () = shutdown.cancelled() => None,
        ended = tasks.join_next() => ended,
    };
    shutdown.cancel();
    connections.close();
    let farewell = async {
        connections.wait().await;
        while tasks.join_next().await.is_some() {}
    };
    if tokio::time::timeout(FAREWELL, farewell).await.is_err() {
        tracing::info!("some clients did not take their farewell in time");
    }
    client.close(Duration::from_secs(1)).await;
    if let Some(work) = work {
        work.close(Duration::from_secs(1)).await;
    }
    if let Some(path) = &config.ready_file {
        ready::clear(path)?;
    }
    match ended {
        None => Ok(()),
        Some(outcome) => {
            outcome.context("a part of the bridge failed").and_then(|()| anyhow::bail!("the bridge ended"))
        }
    }
}
