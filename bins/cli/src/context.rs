//! What a command works with: flags, environment, configuration, and a connection when it is needed.

use std::time::{Duration, Instant};

use maestro_runtime::{Environment, Home, HomeError};
use maestro_wire::{ErrorBody, ErrorCode};

use crate::cli::Globals;
use crate::output::Printer;

/// The bound of a command that was given none.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// One call of the command line.
pub struct Context {
    pub globals: Globals,
    pub environment: Environment,
    pub printer: Printer,
    started: Instant,
}

impl Context {
    pub fn new(globals: Globals, environment: Environment) -> Result<Self, ErrorBody> {
        let printer = Printer {
            json: globals.json || environment.output() == Some("json"),
            quiet: globals.quiet,
            no_color: globals.no_color || environment.no_color(),
        };
        Ok(Self { globals, environment, printer, started: Instant::now() })
    }

    /// One JSON document is wanted.
    pub fn json(&self) -> bool {
        self.printer.json
    }

    /// The directory of the stack: `--home`, `MAESTRO_HOME`, `~/.maestro`.
    pub fn home(&self) -> Result<Home, ErrorBody> {
        Home::resolve(self.globals.home.as_deref(), &self.environment).map_err(|error| {
            let text = error.to_string();
            match error {
                HomeError::Unknown | HomeError::Io { .. } => ErrorBody::new(ErrorCode::InvalidConfig, text)
                    .suggest("name a directory with --home or MAESTRO_HOME"),
            }
        })
    }

    /// What is left of the command's time.
    pub fn left(&self) -> Duration {
        self.globals.timeout.unwrap_or(DEFAULT_TIMEOUT).saturating_sub(self.started.elapsed())
    }
}
