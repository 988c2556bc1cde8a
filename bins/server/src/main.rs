//! The server's process: settings, logs, signals, exit code.

use std::process::ExitCode;

use clap::Parser;
use maestro_runtime::{Environment, LogOptions, Shutdown, init_logging};
use maestro_server::Config;

/// Every event is a few dozen small allocations that one thread makes and another frees: the system's allocator took a
/// fifth of a rebuild.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let config = Config::parse();
    match start(config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(cause = format!("{error:#}"), "maestro-server ends");
            ExitCode::FAILURE
        }
    }
}

fn start(config: Config) -> anyhow::Result<()> {
    init_logging(&LogOptions::from_environment(&Environment::read(), "info")?)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let shutdown = Shutdown::listen()?;
        maestro_server::run(config, shutdown.drain()).await
    })
}
