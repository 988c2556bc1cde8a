//! `maestro-server backup` and `maestro-server restore`: the ledger and what belongs to it as one file, and back.
//!
//! They belong to the server because nobody else may write events. Only what NATS has is in a backup: the projection
//! follows from the ledger, and credentials and workspaces are files of their hosts.

mod archive;
mod door;
mod format;
mod make;
mod past;
mod place;
mod restore;
#[cfg(test)]
mod tests;

use std::path::Path;

use maestro_wire::{ErrorBody, ErrorCode};
use serde_json::{Value, json};

use crate::{Config, Part};
use door::Door;

/// Carries out one of the two, as one JSON document: `{"success":true,"data":…}` or an error with its code.
///
/// # Errors
/// Never; an error is part of the document.
pub async fn run(config: &Config, part: &Part) -> (Value, bool) {
    let done = match part {
        Part::Backup { path } => backup(config, path).await,
        Part::Restore { path, replace } => restore(config, path, *replace).await,
        Part::Health => Err(ErrorBody::new(ErrorCode::Internal, "that is asked elsewhere")),
    };
    match done {
        Ok(data) => (json!({ "success": true, "data": data }), true),
        Err(error) => {
            let mut document = serde_json::to_value(&error).unwrap_or_default();
            document["success"] = Value::Bool(false);
            (document, false)
        }
    }
}

async fn backup(config: &Config, path: &Path) -> Result<Value, ErrorBody> {
    let door = Door::open(config).await?;
    let made = make::make(&door, path).await;
    door.close().await;
    Ok(serde_json::to_value(made?).unwrap_or_default())
}

async fn restore(config: &Config, path: &Path, replace: bool) -> Result<Value, ErrorBody> {
    let Some(spawner_url) = config.spawner_url.as_deref().filter(|url| !url.is_empty()) else {
        let text = "terminals and recordings are written as a spawner: MAESTRO_SPAWNER_URL names the broker as \
                    nats://spawner:PASSWORD@HOST:PORT";
        return Err(ErrorBody::new(ErrorCode::InvalidConfig, text));
    };
    let door = Door::open(config).await?;
    let spawner = door::open(spawner_url).await?;
    let done = match door.ensure(config).await {
        Ok(()) => restore::restore(&door, &spawner, path, replace).await,
        Err(error) => Err(error),
    };
    door.close().await;
    Ok(serde_json::to_value(done?).unwrap_or_default())
}
