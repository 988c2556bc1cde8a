//! `maestro doctor`: one check a line, each with what to type next.

mod local;
mod remote;
mod system;

use maestro_wire::{ErrorBody, ErrorCode};
use serde::Serialize;

use super::args::DoctorArgs;
use super::running;
use super::stack::SPAWNER;
use crate::address;
use crate::context::Context;
use crate::output::{ACCENT, BAD, DIM, GOOD, Output, WARN, paint};

/// It does not send anybody to itself.
const OWN: &str = "maestro doctor";

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

/// One line of the answer.
#[derive(Clone, Debug, Serialize)]
struct Check {
    name: String,
    verdict: Verdict,
    message: String,
    /// What to do that is no command.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// What to type next.
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<String>,
}

impl Check {
    fn new(name: &str, verdict: Verdict, message: impl Into<String>) -> Self {
        Self { name: name.to_owned(), verdict, message: message.into(), hint: None, command: None }
    }

    fn ok(name: &str, message: impl Into<String>) -> Self {
        Self::new(name, Verdict::Ok, message)
    }

    fn warn(name: &str, message: impl Into<String>) -> Self {
        Self::new(name, Verdict::Warn, message)
    }

    fn fail(name: &str, message: impl Into<String>) -> Self {
        Self::new(name, Verdict::Fail, message)
    }

    /// An error as it was told, with the first of its commands that is not this one.
    fn error(name: &str, error: &ErrorBody) -> Self {
        let mut check = Self::fail(name, error.message.clone());
        let commands = error.details.get("commands").and_then(|all| all.as_array()).into_iter().flatten();
        let mut others = commands.filter_map(|command| command.as_str()).filter(|command| *command != OWN);
        check.command = others.next().map(ToOwned::to_owned);
        let hint = error.suggestion.clone().filter(|hint| hint != OWN);
        check.hint = hint.filter(|hint| Some(hint) != check.command.as_ref());
        check
    }

    /// Where a program's log is: `maestro logs` has those of this home's stack, others lie where they run.
    fn log_of(self, program: &str, elsewhere: bool) -> Self {
        if !elsewhere {
            return self.then(format!("maestro logs {program}"));
        }
        let service = program.trim_start_matches("maestro-");
        let unit = if program == SPAWNER { "'maestro-spawner@*'" } else { program };
        let text = format!("its log lies where it runs: docker compose logs {service}; journalctl -u {unit}");
        Self { hint: Some(text), ..self }
    }

    fn then(mut self, command: impl Into<String>) -> Self {
        self.command = Some(command.into());
        self
    }

    fn line(&self) -> String {
        let (sign, style) = match self.verdict {
            Verdict::Ok => ("ok  ", GOOD),
            Verdict::Warn => ("warn", WARN),
            Verdict::Fail => ("fail", BAD),
        };
        let hint = self.hint.as_ref().map(|hint| format!("\n       {} {hint}", paint(DIM, "hint:")));
        let command =
            self.command.as_ref().map(|command| format!("\n       {} {}", paint(DIM, "→"), paint(ACCENT, command)));
        let more = hint.into_iter().chain(command).collect::<String>();
        format!("{}  {:<16} {}{more}", paint(style, sign), self.name, self.message)
    }
}

#[derive(Serialize)]
struct Answer {
    items: Vec<Check>,
}

pub async fn doctor(_arguments: DoctorArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let home = ctx.home()?;
    let stack = running::healthy(&home);
    // What cannot be resolved is told by the check of the broker.
    let elsewhere = address::find(ctx).ok().flatten().is_some_and(|address| address.is_elsewhere(stack.as_ref()));
    let mut items = local::binaries(ctx, elsewhere);
    items.extend(local::home(&home, elsewhere));
    items.push(local::disk(&home));
    items.push(local::stack(&home, stack.as_ref(), elsewhere));
    if stack.is_none() && !home.stack().exists() && !elsewhere {
        items.extend(local::ports());
    }
    if let Some(stack) = &stack {
        items.push(local::dashboard(stack).await);
    }
    items.extend(remote::checks(ctx, &home, stack.as_ref(), elsewhere).await);

    let text = items.iter().map(Check::line).collect::<Vec<_>>().join("\n");
    let failed: Vec<&Check> = items.iter().filter(|check| check.verdict == Verdict::Fail).collect();
    if failed.is_empty() {
        return Ok(Output::new(&Answer { items }, move || text));
    }
    if !ctx.json() {
        ctx.printer.out(&text);
    }
    let names: Vec<&str> = failed.iter().map(|check| check.name.as_str()).collect();
    let mut commands: Vec<String> = Vec::new();
    for command in failed.iter().filter_map(|check| check.command.as_ref()) {
        if !commands.contains(command) {
            commands.push(command.clone());
        }
    }
    let mut error = ErrorBody::new(ErrorCode::Unavailable, format!("not well: {}", names.join(", ")));
    if ctx.json() {
        error = error.with("items", serde_json::to_value(&items).unwrap_or_default());
    }
    if commands.is_empty() {
        commands.push(format!("maestro errors show {}", error.code));
    }
    Err(error.commands(commands))
}
