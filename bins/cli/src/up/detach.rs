//! `up --detach`: the same program again in a session of its own, which stays when this one ends.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use maestro_runtime::{Home, StackFile};
use maestro_wire::{ErrorBody, ErrorCode};

use super::args::UpArgs;
use super::log_tail::{since, tail};
use super::running;
use super::stack::SUPERVISOR;
use crate::context::Context;
use crate::usage::quoted;

const HEALTHY_WITHIN: Duration = Duration::from_secs(180);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Leaves the terminal's session, so that neither its end nor its Ctrl-C reaches us.
pub fn leave_session() {
    // It fails only for a leader of a process group, which has left already.
    let _ = rustix::process::setsid();
}

/// Starts the other process and waits until its stack is healthy.
pub async fn start(arguments: &UpArgs, home: &Home, ctx: &Context) -> Result<StackFile, ErrorBody> {
    let log = home.logs().join(format!("{SUPERVISOR}.log"));
    let failed =
        |what: String| ErrorBody::new(ErrorCode::StartFailed, what).commands([format!("maestro logs {SUPERVISOR}")]);
    let from = tail(&log, 0).map_or(0, |(_, end)| end);
    let mut child =
        spawn(arguments, home, &log).map_err(|error| failed(format!("it could not be started: {error}")))?;
    let healthy = async {
        loop {
            let status = child.try_wait().map_err(|error| failed(error.to_string()))?;
            if let Some(status) = status {
                return Err(told_error(&log, from)
                    .map(|error| as_typed(error, home, ctx))
                    .unwrap_or_else(|| failed(format!("`maestro up` ended: {status}"))));
            }
            if let Some(stack) = running::healthy(home).filter(|stack| stack.supervisor.pid == child.id()) {
                return Ok(stack);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    let outcome = tokio::time::timeout(HEALTHY_WITHIN, healthy).await;
    if matches!(outcome, Ok(Ok(_))) {
        ctx.printer.note(&format!("its log: {}", log.display()));
    }
    outcome.unwrap_or_else(|_| Err(failed(format!("not healthy after {} s", HEALTHY_WITHIN.as_secs()))))
}

fn spawn(arguments: &UpArgs, home: &Home, log: &std::path::Path) -> std::io::Result<Child> {
    let log = OpenOptions::new().create(true).append(true).mode(0o600).open(log)?;
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["up", "--detached", "--json", "--home"]).arg(home.root());
    command.args(["--replicas", &arguments.replicas.to_string()]);
    if arguments.ephemeral_ports {
        command.arg("--ephemeral-ports");
    } else {
        command.args(["--port", &arguments.port.to_string(), "--bridge-port", &arguments.bridge_port.to_string()]);
    }
    if let Some(slots) = arguments.slots {
        command.args(["--slots", &slots.to_string()]);
    }
    for host in &arguments.allow_host {
        command.args(["--allow-host", host]);
    }
    if arguments.keep_sessions {
        command.arg("--keep-sessions");
    }
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()
}

/// The error that the other process printed as its one document.
fn told_error(log: &std::path::Path, from: u64) -> Option<ErrorBody> {
    let (bytes, _) = since(log, from).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    text.lines().rev().find_map(|line| {
        let document: serde_json::Value = serde_json::from_str(line).ok()?;
        (document["success"] == false).then(|| serde_json::from_value(document).ok()).flatten()
    })
}

/// The other process was told its home; whoever did not name one need not name it in the next command either.
fn as_typed(mut error: ErrorBody, home: &Home, ctx: &Context) -> ErrorBody {
    if ctx.globals.home.is_some() {
        return error;
    }
    let place = format!(" --home {}", quoted(&home.root().display().to_string()));
    let short = |text: &str| text.replacen(&place, "", 1);
    error.suggestion = error.suggestion.as_deref().map(short);
    let commands = error.details.get_mut("commands").and_then(serde_json::Value::as_array_mut);
    for command in commands.into_iter().flatten() {
        if let Some(text) = command.as_str().map(short) {
            *command = text.into();
        }
    }
    error
}
