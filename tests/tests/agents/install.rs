//! The agents' command lines, in pinned versions, below the target directory.

use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The program, installed if it is not there yet; `None`: npm cannot, which is said.
#[expect(clippy::print_stderr, reason = "a test that proves nothing says so")]
pub fn install(package: &str, version: &str, program: &str) -> Option<PathBuf> {
    let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_path_buf();
    let directory = target.join("agents").join(format!("{program}-{version}"));
    let path = directory.join("node_modules/.bin").join(program);
    if !path.exists() {
        // Into a directory of its own first, so that half an installation is none.
        std::fs::create_dir_all(target.join("agents")).unwrap();
        let fresh = tempfile::Builder::new().prefix("installing-").tempdir_in(target.join("agents")).unwrap();
        let installed = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--loglevel", "error", "--prefix"])
            .arg(fresh.path())
            .arg(format!("{package}@{version}"))
            .stdin(Stdio::null())
            .output();
        let worked = installed.as_ref().is_ok_and(|output| output.status.success());
        if worked {
            // Another test may have been faster.
            let _ = std::fs::rename(fresh.keep(), &directory);
        }
        if !path.exists() {
            eprintln!("SKIPPED: npm cannot install {package}@{version}; this test proved nothing ({installed:?})");
            return None;
        }
    }
    Some(path)
}
