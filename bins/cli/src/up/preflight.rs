//! What must hold before anything is started: room on the disk, free ports.

use std::io::ErrorKind;
use std::net::TcpListener;

use maestro_runtime::Home;
use maestro_wire::{ErrorBody, ErrorCode};

/// Below this the broker would soon refuse to write.
pub const LEAST_FREE: u64 = 200 * 1024 * 1024;
/// Below this `doctor` warns.
pub const SCARCE: u64 = 2 * 1024 * 1024 * 1024;

/// Bytes that are free for us where the home lies.
pub fn free_bytes(home: &Home) -> std::io::Result<u64> {
    let stat = rustix::fs::statvfs(home.root())?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Refuses to start on a disk that is nearly full.
pub fn check_disk(home: &Home) -> Result<(), ErrorBody> {
    // A system that does not tell is no reason to stay down.
    let Ok(free) = free_bytes(home) else { return Ok(()) };
    if free >= LEAST_FREE {
        return Ok(());
    }
    let text = format!(
        "only {} MiB are free where `{}` lies, {} MiB are needed",
        free >> 20,
        home.root().display(),
        LEAST_FREE >> 20
    );
    Err(ErrorBody::new(ErrorCode::StartFailed, text)
        .with("freeBytes", free)
        .suggest("free some space, or name a home on another disk with --home"))
}

/// Says whose flag moves a port that is taken.
pub fn check_port(port: u16, flag: &str, what: &str) -> Result<(), ErrorBody> {
    match TcpListener::bind(("127.0.0.1", port)) {
        Ok(_) => Ok(()),
        Err(error) => {
            let taken = error.kind() == ErrorKind::AddrInUse;
            let text = if taken {
                format!("another program has port {port}, which {what} needs")
            } else {
                format!("port {port}, which {what} needs, cannot be used: {error}")
            };
            let other = port.checked_add(100).unwrap_or(port - 100);
            Err(ErrorBody::new(ErrorCode::PortTaken, text)
                .with("port", port)
                .with("flag", flag)
                .commands([format!("maestro up {flag} {other}"), "maestro up --ephemeral-ports".to_owned()]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_names_its_flag() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let error = check_port(port, "--port", "the broker").unwrap_err();
        assert_eq!(error.code, ErrorCode::PortTaken);
        assert!(error.suggestion.unwrap().starts_with("maestro up --port "));
        drop(listener);
        assert!(check_port(port, "--port", "the broker").is_ok());
    }
}
