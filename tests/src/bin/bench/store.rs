//! Brokers whose ledger is filled: written straight into the stream, without a server, so that it takes seconds.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, SystemTime},
};

use anyhow::Context;
use maestro_tests::nats::{NatsServer, create_streams};

use crate::{ledger::Plan, raw, report};

/// Command ids are kept for a week; a store that is older would be less work.
const FRESH: Duration = Duration::from_secs(3 * 24 * 3600);

/// A broker with the ledger of this plan.
pub async fn filled(plan: &Plan) -> anyhow::Result<NatsServer> {
    let mut server = NatsServer::with(raw::layout().edit("sync_interval: always", "sync_interval: \"2m\""));
    create_streams(&server, 1).await;
    let client = raw::connect(&server.url(), "core", server.password("core")).await?;
    let filled = plan.write(client).await?;
    report::say(&format!(
        "  a ledger of {} events in {} commits, {} MB",
        filled.events,
        filled.commits,
        filled.bytes >> 20
    ));
    server.stop();
    let store = server.dir().join("store");
    let kept = server.dir().join("kept");
    fs::rename(&store, &kept)?;
    adopt(&kept)
}

/// The same, its store kept under `target/bench` for the next run.
pub async fn cached(plan: &Plan) -> anyhow::Result<NatsServer> {
    let path = report::directory().join(format!("store-{}", plan.name()?));
    let fresh = fs::metadata(path.join("complete"))
        .and_then(|file| file.modified())
        .is_ok_and(|at| SystemTime::now().duration_since(at).is_ok_and(|age| age < FRESH));
    if !fresh {
        if path.exists() {
            fs::remove_dir_all(&path)?;
        }
        let mut server = filled(plan).await?;
        server.stop();
        copy(&server.dir().join("store"), &path)?;
        fs::write(path.join("complete"), "")?;
    }
    adopt(&path)
}

/// A broker as the product configures it, on a copy of this store.
fn adopt(store: &Path) -> anyhow::Result<NatsServer> {
    let mut server = NatsServer::with(raw::layout());
    server.stop();
    let own: PathBuf = server.dir().join("store");
    if own.exists() {
        fs::remove_dir_all(&own)?;
    }
    copy(store, &own)?;
    let _none = fs::remove_file(own.join("complete"));
    server.restart();
    Ok(server)
}

fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let status = Command::new("cp").arg("-Rp").arg(from).arg(to).status().context("cp")?;
    anyhow::ensure!(status.success(), "copying {} failed", from.display());
    Ok(())
}
