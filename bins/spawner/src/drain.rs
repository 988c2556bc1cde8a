//! Whether this spawner takes no new sessions. Kept in a file, so that it is still so after a restart.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use tokio::sync::watch;

/// The switch.
pub struct Drain {
    file: PathBuf,
    on: watch::Sender<bool>,
}

impl Drain {
    /// As an earlier spawner of this directory left it.
    pub fn of(data: &Path) -> Self {
        let file = data.join("draining");
        let on = watch::Sender::new(file.exists());
        Self { file, on }
    }

    pub fn is_on(&self) -> bool {
        *self.on.borrow()
    }

    /// Switches it.
    ///
    /// # Errors
    /// When it cannot be kept; then nothing changes.
    pub fn set(&self, on: bool) -> io::Result<()> {
        if on {
            maestro_runtime::write_secret(&self.file, b"")?;
        } else if let Err(error) = fs::remove_file(&self.file)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        self.on.send_replace(on);
        Ok(())
    }

    /// Returns when it is on.
    pub async fn begun(&self) {
        let _ = self.on.subscribe().wait_for(|on| *on).await;
    }

    /// Returns when it is off.
    pub async fn over(&self) {
        // The sender lives as long as we do.
        let _ = self.on.subscribe().wait_for(|on| !on).await;
    }
}
