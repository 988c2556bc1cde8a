//! Where the nats-server binary of the tests comes from.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

/// The binary named by `MAESTRO_NATS_SERVER`, else what `nats/get-nats-server.sh` finds or fetches (which
/// is `target/nats/nats-server` unless a new enough one is on PATH). Looked up once a process.
///
/// # Panics
/// When there is none; the script has then said on stderr what to do.
pub fn nats_server_binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(find)
}

fn find() -> PathBuf {
    if let Some(named) = std::env::var_os("MAESTRO_NATS_SERVER") {
        let named = PathBuf::from(named);
        assert!(named.is_file(), "MAESTRO_NATS_SERVER names {}, which is not there", named.display());
        return named;
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let ready = root.join("target/nats/nats-server");
    if ready.is_file() {
        return ready;
    }
    let script = root.join("nats/get-nats-server.sh");
    let output = Command::new(&script)
        .stderr(Stdio::inherit())
        .output()
        .expect("nats/get-nats-server.sh is there and executable");
    assert!(output.status.success(), "nats/get-nats-server.sh ended with {}", output.status);
    let path = String::from_utf8(output.stdout).expect("the script prints a path");
    PathBuf::from(path.trim())
}
