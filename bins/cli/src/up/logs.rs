//! `maestro logs`: what the programs of the stack wrote.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use maestro_runtime::Home;
use maestro_wire::{ErrorBody, ErrorCode};
use serde::Serialize;

use super::args::LogsArgs;
use super::log_tail::{since, tail};
use crate::address;
use crate::context::Context;
use crate::output::{DIM, Output, internal, paint};

/// What makes logs.
const UP: &str = "maestro up";
const LOOK_EVERY: Duration = Duration::from_millis(200);

#[derive(Clone, Serialize)]
struct Line {
    program: String,
    line: String,
}

#[derive(Serialize)]
struct Lines {
    items: Vec<Line>,
}

/// One log, and how far it was read.
struct Log {
    path: PathBuf,
    read: u64,
    /// The beginning of a line whose end is not written yet.
    rest: Vec<u8>,
}

pub async fn logs(arguments: LogsArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let home = ctx.home()?;
    let mut logs = find(&home, arguments.program.as_deref()).map_err(|error| of_another(error, ctx))?;
    let mut items = Vec::new();
    for (program, log) in &mut logs {
        let (lines, end) = tail(&log.path, arguments.lines).map_err(|error| unreadable(log, &error))?;
        log.read = end;
        items.extend(lines.into_iter().map(|line| Line { program: program.clone(), line }));
    }
    let many = logs.len() > 1;
    if !arguments.follow {
        let text = items.iter().map(|line| describe(line, many)).collect::<Vec<_>>().join("\n");
        return Ok(Output::new(&Lines { items }, move || text));
    }
    let print = |line: &Line| ctx.printer.line(line, || describe(line, many));
    if items.iter().any(|line| print(line).is_err()) {
        return Ok(Output::printed());
    }
    loop {
        for (program, log) in &mut logs {
            for line in log.new_lines().map_err(|error| unreadable(log, &error))? {
                // Nobody reads any more: that is how following ends.
                if print(&Line { program: program.clone(), line }).is_err() {
                    return Ok(Output::printed());
                }
            }
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

impl Log {
    fn new_lines(&mut self) -> std::io::Result<Vec<String>> {
        let (bytes, read) = since(&self.path, self.read)?;
        self.read = read;
        self.rest.extend(bytes);
        let Some(end) = self.rest.iter().rposition(|byte| *byte == b'\n') else { return Ok(Vec::new()) };
        let whole: Vec<u8> = self.rest.drain(..=end).collect();
        Ok(String::from_utf8_lossy(&whole).lines().map(ToOwned::to_owned).collect())
    }
}

/// Without logs here, those of a stack that was named lie where it runs; `maestro up` would start a second one.
fn of_another(error: ErrorBody, ctx: &Context) -> ErrorBody {
    let is_empty = error.suggestion.as_deref() == Some(UP);
    if !is_empty || !address::is_elsewhere(ctx) {
        return error;
    }
    let hint = "the stack is elsewhere: docker compose logs --tail 200 server; journalctl -u maestro-server";
    error.suggest(hint).commands(["maestro doctor"])
}

fn find(home: &Home, program: Option<&str>) -> Result<BTreeMap<String, Log>, ErrorBody> {
    let entries = std::fs::read_dir(home.logs()).into_iter().flatten().flatten().map(|entry| entry.path());
    let all: BTreeMap<String, Log> = entries
        .filter(|path| path.extension().is_some_and(|e| e == "log"))
        .filter_map(|path| {
            let name = path.file_stem()?.to_str()?.to_owned();
            Some((name, Log { path, read: 0, rest: Vec::new() }))
        })
        .collect();
    if all.is_empty() {
        return Err(ErrorBody::new(ErrorCode::FileNotFound, format!("there are no logs in {}", home.logs().display()))
            .commands([UP]));
    }
    let Some(wanted) = program else { return Ok(all) };
    let names: Vec<String> = all.keys().cloned().collect();
    // `server` means `maestro-server` and every numbered one.
    let meant = |name: &str| {
        [wanted.to_owned(), format!("maestro-{wanted}"), format!("{wanted}-server")].iter().any(|full| {
            name == full || name.strip_prefix(full.as_str()).is_some_and(|rest| rest[1..].parse::<u8>().is_ok())
        })
    };
    let found: BTreeMap<_, _> = all.into_iter().filter(|(name, _)| meant(name)).collect();
    if found.is_empty() {
        let commands = names.iter().map(|name| format!("maestro logs {name}"));
        return Err(
            ErrorBody::new(ErrorCode::FileNotFound, format!("there is no log of `{wanted}`")).commands(commands)
        );
    }
    Ok(found)
}

fn describe(line: &Line, many: bool) -> String {
    if many { format!("{} {}", paint(DIM, format!("{:<17}", line.program)), line.line) } else { line.line.clone() }
}

fn unreadable(log: &Log, error: &std::io::Error) -> ErrorBody {
    internal(format!("`{}`: {error}", log.path.display()))
}
