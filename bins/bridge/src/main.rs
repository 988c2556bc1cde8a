//! `maestro-bridge`: see the library.

use std::process::ExitCode;

use maestro_runtime::{Environment, LogOptions, Shutdown, init_logging};

#[tokio::main]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}

async fn start() -> anyhow::Result<()> {
    let config = maestro_bridge::Config::from_command_line()?;
    init_logging(&LogOptions::from_environment(&Environment::read(), "info")?)?;
    let shutdown = Shutdown::listen()?;
    maestro_bridge::run(config, shutdown.drain()).await
}

#[expect(clippy::print_stderr, reason = "the one line that says why the program ended")]
fn complain(error: &anyhow::Error) -> ExitCode {
    eprintln!("maestro-bridge: {error:#}");
    ExitCode::FAILURE
}
