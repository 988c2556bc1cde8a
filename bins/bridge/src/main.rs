//! `maestro-bridge`: see the library.

use std::process::ExitCode;

use maestro_bridge::{Config, Part, address_with_code, health};
use maestro_runtime::{Environment, LogOptions, Shutdown, init_logging};

#[tokio::main]
async fn main() -> ExitCode {
    match start().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&error),
    }
}

async fn start() -> anyhow::Result<()> {
    let config = Config::from_command_line()?;
    let environment = Environment::read();
    let options = LogOptions::from_environment(&environment, "info")?.with_traces(&environment, "maestro-bridge");
    let _logging = init_logging(&options)?;
    match &config.part {
        Some(Part::Health) => return health(&config).await,
        Some(Part::Code { url }) => return tell(&address_with_code(&config, url.as_deref()).await?),
        None => {}
    }
    let shutdown = Shutdown::listen()?;
    maestro_bridge::run(config, shutdown.drain()).await
}

#[expect(clippy::print_stdout, reason = "the address that was asked for")]
#[expect(clippy::unnecessary_wraps, reason = "what the program ends with")]
fn tell(address: &str) -> anyhow::Result<()> {
    println!("{address}");
    Ok(())
}

#[expect(clippy::print_stderr, reason = "the one line that says why the program ended")]
fn complain(error: &anyhow::Error) -> ExitCode {
    eprintln!("maestro-bridge: {error:#}");
    ExitCode::FAILURE
}
