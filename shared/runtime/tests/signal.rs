//! A first signal drains, a second goes at once. In a process of its own, since signals reach all of it.

use std::process::Command;
use std::time::Duration;

use maestro_runtime::Shutdown;

#[tokio::test]
async fn the_second_signal_is_immediate() {
    let shutdown = Shutdown::listen().unwrap();
    let signal = || Command::new("kill").args(["-TERM", &std::process::id().to_string()]).status().unwrap();
    let wait = Duration::from_secs(5);

    assert!(signal().success());
    tokio::time::timeout(wait, shutdown.drain().cancelled()).await.unwrap();
    assert!(!shutdown.now().is_cancelled());

    assert!(signal().success());
    tokio::time::timeout(wait, shutdown.now().cancelled()).await.unwrap();
}
