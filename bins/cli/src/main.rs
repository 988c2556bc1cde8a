//! The maestro command line.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(maestro_cli::run(std::env::args_os().collect()))
}
