//! The ready file: there while the program serves, so that its starter need not guess.

use std::net::SocketAddr;
use std::path::Path;
use std::{fs, io};

use maestro_runtime::write_atomically;
use serde_json::json;

/// Takes away what an earlier process left.
pub fn clear(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Says that the program serves at `listen`, by `http` or `https`.
pub fn announce(path: &Path, scheme: &str, listen: SocketAddr) -> io::Result<()> {
    let content = json!({
        "pid": std::process::id(),
        "version": env!("CARGO_PKG_VERSION"),
        "listen": listen.to_string(),
        "scheme": scheme,
        "startedAt": maestro_domain::Timestamp::from_millis(
            i64::try_from(crate::clock::unix_seconds()).unwrap_or(0).saturating_mul(1000)
        ),
    });
    write_atomically(path, content.to_string().as_bytes(), 0o644)
}
