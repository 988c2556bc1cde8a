//! The connections that a backup and a restore work over. A restore writes what only spawners write, so it has theirs too.

use std::time::Duration;

use maestro_client::{ApiError, Client, Mode, Options, connect};
use maestro_wire::{ErrorBody, ErrorCode};

use crate::{Config, ensure_streams};

/// One connection for each account and, for a restore, as a spawner.
pub struct Door {
    pub core: Client,
    pub work: Client,
}

impl Door {
    /// # Errors
    /// The broker's.
    pub async fn open(config: &Config) -> Result<Self, ErrorBody> {
        Ok(Self { core: open(&config.core_url).await?, work: open(&config.work_url).await? })
    }

    /// Makes the streams where there are none.
    pub async fn ensure(&self, config: &Config) -> Result<(), ErrorBody> {
        let made = ensure_streams(&self.core, &self.work, config).await;
        made.map_err(|error| unavailable(format!("{error:#}")))
    }

    pub async fn close(self) {
        self.core.close(Duration::from_secs(1)).await;
        self.work.close(Duration::from_secs(1)).await;
    }
}

/// # Errors
/// The broker's.
pub async fn open(url: &str) -> Result<Client, ErrorBody> {
    let mut options =
        Options::new(url, Mode::Daemon).map_err(|error| ErrorBody::new(ErrorCode::InvalidConfig, error.to_string()))?;
    options.name = "maestro-backup".to_owned();
    options.patience = Duration::from_secs(5);
    Ok(connect(options).await?)
}

pub fn broker(error: ApiError) -> ErrorBody {
    unavailable(format!("the broker: {error}"))
}

pub fn unavailable(text: impl Into<String>) -> ErrorBody {
    ErrorBody::new(ErrorCode::Unavailable, text)
}
