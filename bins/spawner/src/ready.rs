//! The ready file: there, and whole, exactly while the spawner serves.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use maestro_domain::Timestamp;
use serde_json::json;

/// The file; removed when this is dropped.
#[derive(Debug)]
pub struct ReadyFile(PathBuf);

impl ReadyFile {
    /// Removes one that an earlier process left.
    ///
    /// # Errors
    /// When it is there and cannot be removed.
    pub fn absent(path: &Path) -> io::Result<Self> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(Self(path.to_path_buf())),
        }
    }

    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, since: Timestamp) -> io::Result<()> {
        let ready = json!({ "pid": std::process::id(), "version": env!("CARGO_PKG_VERSION"), "startedAt": since });
        maestro_runtime::write_secret(&self.0, ready.to_string().as_bytes())
    }
}

impl Drop for ReadyFile {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}
