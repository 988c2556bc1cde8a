//! The server's process: settings, logs, signals, exit code.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser;
use maestro_runtime::{Environment, LogOptions, Shutdown, init_logging};
use maestro_server::{Arguments, Part};

/// Every event is a few dozen small allocations that one thread makes and another frees: the system's allocator took a
/// fifth of a rebuild.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match start(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(cause = format!("{error:#}"), "maestro-server ends");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> anyhow::Result<()> {
    let environment = Environment::read();
    let options = LogOptions::from_environment(&environment, "info")?.with_traces(&environment, "maestro-server");
    let _logging = init_logging(&options)?;
    let (config, part) = arguments.resolve()?;
    if let Some(part @ (Part::Backup { .. } | Part::Restore { .. })) = &part {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let (document, done) = runtime.block_on(maestro_server::backup(&config, part));
        writeln!(std::io::stdout(), "{document}")?;
        return if done { Ok(()) } else { Err(anyhow::anyhow!("not done: {}", document["message"])) };
    }
    if part == Some(Part::Health) {
        return tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(maestro_server::health(&config));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let shutdown = Shutdown::listen()?;
        maestro_server::run(config, shutdown.drain()).await
    })
}
