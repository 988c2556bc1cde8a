//! `maestro-spawner`.

use std::process::ExitCode;

use clap::Parser;
use maestro_runtime::{Environment, LogOptions, Shutdown, init_logging};
use maestro_spawner::{Args, Config, Part, health, hold, run};

fn main() -> ExitCode {
    match start(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the one line that says why the program did not run")]
            {
                eprintln!("maestro-spawner: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn start(args: Args) -> anyhow::Result<()> {
    let environment = Environment::read();
    let options = LogOptions::from_environment(&environment, "info")?;
    let part = args.part;
    if part == Some(Part::Hold) {
        let _logging = init_logging(&options)?;
        return hold();
    }
    let _logging = init_logging(&options.with_traces(&environment, "maestro-spawner"))?;
    let config = Config::resolve(args, std::env::vars().collect())?;
    if part == Some(Part::Health) {
        return tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(health(&config));
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let shutdown = Shutdown::listen()?;
        run(config, shutdown.drain(), shutdown.leave()).await
    })
}
