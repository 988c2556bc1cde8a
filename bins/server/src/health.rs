//! Whether a replica serves, asked from outside over the broker: what a container's health check runs.

use std::time::Duration;

use anyhow::{Context, bail};
use maestro_client::{Mode, Options, connect};
use maestro_wire::header;

use crate::Config;

/// Connecting and hearing the answer take this long at most, each.
const PATIENCE: Duration = Duration::from_secs(2);

/// Fine when the replica of this name answers and is in its queue groups.
///
/// # Errors
/// A sentence: the broker is not reached, no replica of this name answers, or it takes no requests (it starts, catches up
/// or drains).
pub async fn health(config: &Config) -> anyhow::Result<()> {
    let mut options = Options::new(&config.core_url, Mode::OneShot)?;
    options.name = format!("maestro-server {} (health)", config.name);
    options.timeout = PATIENCE;
    let client = connect(options).await.context("the broker")?;
    let me = |answer: &serde_json::Value| answer["metadata"]["replica"] == config.name.as_str();
    let answers = client.service_stats(header::SERVICE, PATIENCE, me).await?;
    let Some(answer) = answers.iter().find(|answer| me(answer)) else {
        bail!("no replica {} answers; {} others do", config.name, answers.len());
    };
    let endpoints = answer["endpoints"].as_array().cloned().unwrap_or_default();
    let away: Vec<&str> = endpoints
        .iter()
        .filter(|endpoint| endpoint["data"]["joined"] != true)
        .filter_map(|endpoint| endpoint["name"].as_str())
        .collect();
    client.close(Duration::from_millis(200)).await;
    if endpoints.is_empty() || !away.is_empty() {
        bail!("replica {} takes no requests now: {}", config.name, away.join(", "));
    }
    Ok(())
}
