//! From the words of the command line to the exit code.

use std::ffi::OsString;
use std::io::IsTerminal;

use clap::error::ErrorKind;
use maestro_runtime::trace::{Kind, Span};
use maestro_runtime::{Environment, Home, LogError, LogOptions, Logging, init_logging};
use maestro_wire::ErrorCode;
use serde_json::json;

use crate::cli::{Cli, Globals, Top};
use crate::context::Context;
use crate::output::{Output, Printer, internal};
use crate::{address, command, help, hook, narrow, parse, teach, usage};

/// Who the spans are of.
const PROGRAM: &str = "maestro";

/// Runs one command; `arguments` begins with the program's name. Answers the exit code.
pub fn run(arguments: Vec<OsString>) -> u8 {
    let environment = Environment::read();
    let arguments = parse::help_first(parse::split_hyphenated(arguments));
    let early = early_printer(&arguments, &environment);
    let cli = match narrow::parse(&arguments) {
        Ok(cli) => cli,
        Err(error) => return not_parsed(&error, &arguments, early),
    };
    let Cli { mut globals, command } = cli;
    let logging = logging(&environment, &command).unwrap_or_else(|error| {
        early.warn(&error.to_string());
        Logging::default()
    });
    if let Top::Hook(_) = command {
        globals.timeout = Some(hook::BOUND);
    }
    let words = spoken(&arguments);
    let span =
        Span::begin(Kind::Client, || format!("maestro {}", help::path(&words).join(" ")), environment.traceparent());
    let ctx = Context::new(globals, environment).typed(&words);
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return ctx.printer.failure(&internal(format!("the runtime did not start: {error}"))),
    };
    if let Top::Hook(_) = command {
        hook::guarded(ctx.home().ok().as_ref(), || drop(runtime.block_on(command::run(command, &ctx))));
        runtime.shutdown_background();
        return 0;
    }
    let outcome = runtime.block_on(span.around(async {
        match command::run(command, &ctx).await {
            Ok(output) => Ok(output),
            Err(error) => Err(teach::with_project(address::unanswered(error, &ctx), &ctx).await),
        }
    }));
    if let Err(error) = &outcome {
        span.failed(error.code.as_str());
    }
    let code = match outcome {
        Ok(output) => ctx.printer.answer(output),
        Err(error) => ctx.printer.failure(&teach::complete(error, &words, &ctx.globals)),
    };
    drop((ctx, span));
    runtime.shutdown_background();
    // The answer is printed; what waits for the collector is only the end.
    drop(logging);
    code
}

/// Nothing is logged unless it is asked for. A hook must not wait for a collector, and `up` has no end to speak of.
fn logging(environment: &Environment, command: &Top) -> Result<Logging, LogError> {
    let options = || LogOptions::from_environment(environment, "off");
    let traced = !matches!(command, Top::Hook(_) | Top::Up(_)) && environment.traces(PROGRAM).is_some();
    if traced {
        return init_logging(&options()?.with_traces(environment, PROGRAM));
    }
    if environment.debug() || environment.log_filter().is_some() {
        return init_logging(&options()?);
    }
    Ok(Logging::default())
}

/// How to print as long as the command line is not understood.
fn early_printer(arguments: &[OsString], environment: &Environment) -> Printer {
    let own = || arguments.iter().take_while(|argument| *argument != "--");
    let has = |flag: &str| own().any(|argument| argument == flag);
    let json = has("--json") || environment.output() == Some("json");
    Printer { json, quiet: has("--quiet"), no_color: has("--no-color") || environment.no_color() }
}

/// The words as they were typed, less the program's name.
pub fn spoken(arguments: &[OsString]) -> Vec<String> {
    arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect()
}

fn not_parsed(error: &clap::Error, arguments: &[OsString], printer: Printer) -> u8 {
    match error.kind() {
        ErrorKind::DisplayHelp => {
            let (document, text) = help::asked(arguments);
            printer.answer(Output::new(&document, move || text))
        }
        ErrorKind::DisplayVersion => {
            let text = error.render().to_string();
            let version = json!({"version": env!("CARGO_PKG_VERSION")});
            printer.answer(Output::new(&version, move || text))
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
            let words = spoken(arguments);
            let body = teach::complete(usage::explain(error, &words), &words, &Globals::default());
            printer.failure(&body)
        }
    }
}

fn is_called_by_an_agent(arguments: &[OsString]) -> bool {
    parse::first_word(arguments).is_some_and(|(_, word)| word == "hook") && !std::io::stdin().is_terminal()
}
