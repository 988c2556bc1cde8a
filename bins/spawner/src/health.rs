//! Whether a spawner serves, asked from outside over the broker: what a container's health check runs.

use std::time::Duration;

use anyhow::{Context, bail};
use maestro_client::{Mode, Options, connect};

use crate::config::Config;
use crate::node::SERVICE;

/// Connecting and hearing the answer take this long at most, each.
const PATIENCE: Duration = Duration::from_secs(2);

/// Fine when the spawner of this name answers: it does so from when it takes orders until it ends.
///
/// # Errors
/// A sentence: the broker is not reached, or no spawner of this name answers.
pub async fn health(config: &Config) -> anyhow::Result<()> {
    let mut options = Options::new(&config.nats_url, Mode::OneShot)?;
    options.name = format!("maestro-spawner {} (health)", config.node);
    options.timeout = PATIENCE;
    let client = connect(options).await.context("the broker")?;
    let me = |answer: &serde_json::Value| answer["metadata"]["node"] == config.node.as_str();
    let answers = client.service_stats(SERVICE, PATIENCE, me).await?;
    let there = answers.iter().any(me);
    client.close(Duration::from_millis(200)).await;
    if !there {
        bail!("no spawner {} answers; {} others do", config.node, answers.len());
    }
    Ok(())
}
