//! From the words of the command line to the exit code.

use std::ffi::OsString;
use std::io::IsTerminal;

use clap::error::ErrorKind;
use maestro_runtime::{Environment, Home, LogOptions, init_logging};
use maestro_wire::{ErrorBody, ErrorCode};

use crate::cli::{Cli, Top};
use crate::context::Context;
use crate::output::{Printer, internal};
use crate::{command, hook, narrow, parse, usage};

/// Runs one command; `arguments` begins with the program's name. Answers the exit code.
pub fn run(arguments: Vec<OsString>) -> u8 {
    let environment = Environment::read();
    let arguments = parse::split_hyphenated(arguments);
    let early = early_printer(&arguments, &environment);
    let cli = match narrow::parse(&arguments) {
        Ok(cli) => cli,
        Err(error) => return not_parsed(&error, &arguments, early),
    };
    if environment.debug() || environment.log_filter().is_some() {
        let logging = LogOptions::from_environment(&environment, "warn").and_then(|options| init_logging(&options));
        if let Err(error) = logging {
            early.warn(&error.to_string());
        }
    }
    let Cli { mut globals, command } = cli;
    if let Top::Hook(_) = command {
        globals.timeout = Some(hook::BOUND);
    }
    let ctx = Context::new(globals, environment);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ctx.printer.failure(&internal(format!("the runtime did not start: {error}"))),
    };
    if let Top::Hook(_) = command {
        hook::guarded(ctx.home().ok().as_ref(), || drop(runtime.block_on(command::run(command, &ctx))));
        runtime.shutdown_background();
        return 0;
    }
    let outcome = runtime.block_on(command::run(command, &ctx));
    let code = match outcome {
        Ok(output) => ctx.printer.answer(output),
        Err(error) => ctx.printer.failure(&error),
    };
    drop(ctx);
    runtime.shutdown_background();
    code
}

/// How to print as long as the command line is not understood.
fn early_printer(arguments: &[OsString], environment: &Environment) -> Printer {
    let own = || arguments.iter().take_while(|argument| *argument != "--");
    let has = |flag: &str| own().any(|argument| argument == flag);
    let json = has("--json") || environment.output() == Some("json");
    Printer { json, quiet: has("--quiet"), no_color: has("--no-color") || environment.no_color() }
}

fn not_parsed(error: &clap::Error, arguments: &[OsString], printer: Printer) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            printer.out(&error.render().ansi().to_string());
            0
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand if !printer.json => {
            printer.note(&error.render().ansi().to_string());
            ErrorCode::Usage.exit_code()
        }
        // An agent calls, and exit code 2 would stop it.
        _ if is_called_by_an_agent(arguments) => {
            let home = Home::resolve(None, &Environment::read()).ok();
            hook::note(home.as_ref(), "?", "?", &error.to_string());
            0
        }
        _ => {
            let words: Vec<String> = arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect();
            let body: ErrorBody = usage::explain(error, &words);
            printer.failure(&body)
        }
    }
}

fn is_called_by_an_agent(arguments: &[OsString]) -> bool {
    parse::first_word(arguments).is_some_and(|(_, word)| word == "hook") && !std::io::stdin().is_terminal()
}
