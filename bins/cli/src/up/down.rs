//! `maestro down`: asks the running `maestro up` of this home to end, and waits until it has.

use std::time::Duration;

use maestro_runtime::StackFile;
use maestro_wire::{ErrorBody, ErrorCode};
use rustix::process::Signal;
use serde::Serialize;

use super::args::DownArgs;
use super::process::{GRACE, Identity, SPAWNER_GRACE};
use super::running::{self, Sessions};
use super::show::patiently;
use crate::context::Context;
use crate::output::{Output, internal};

/// A stage for the spawner and three others, with their grace each, and a little more.
const GONE_WITHIN: Duration = Duration::from_secs(SPAWNER_GRACE.as_secs() + 3 * GRACE.as_secs() + 10);

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ended {
    /// There was something to end.
    was_running: bool,
    /// What a killed `maestro up` had left behind.
    leftovers: Vec<String>,
}

pub async fn down(arguments: DownArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let home = ctx.home()?;
    let mut was_running = false;
    if let Some(supervisor) = running::supervisor(&home) {
        was_running = true;
        // The same signal that it passes on to its spawner.
        let signal = if arguments.keep_sessions { Signal::USR1 } else { Signal::TERM };
        end_supervisor(&supervisor, signal, ctx).await?;
    }
    // Under the lock, so that nothing of a stack that starts right now is taken for a leftover.
    let mut leftovers = Vec::new();
    if home.root().is_dir()
        && let Some(_lock) = running::lock(&home)?
    {
        let sessions = if arguments.keep_sessions { Sessions::GoOn } else { Sessions::End };
        leftovers = patiently(ctx, running::end_leftovers(&home, sessions)).await;
        StackFile::remove(&home.stack()).map_err(|error| internal(error.to_string()))?;
    }
    let text = match (was_running, leftovers.as_slice()) {
        (true, []) => "stopped".to_owned(),
        (false, []) => format!("no stack runs in {}", home.root().display()),
        (_, leftovers) => format!("stopped what was left behind: {}", leftovers.join(", ")),
    };
    let ended = Ended { was_running: was_running || !leftovers.is_empty(), leftovers };
    Ok(Output::new(&ended, move || text))
}

async fn end_supervisor(supervisor: &Identity, signal: Signal, ctx: &Context) -> Result<(), ErrorBody> {
    ctx.printer.note(&format!("stopping the stack (pid {})", supervisor.pid));
    supervisor.signal(signal);
    supervisor.signal(Signal::CONT);
    if patiently(ctx, supervisor.gone_within(GONE_WITHIN)).await {
        return Ok(());
    }
    let text = format!("`maestro up` (pid {}) is there after {} s", supervisor.pid, GONE_WITHIN.as_secs());
    Err(ErrorBody::new(ErrorCode::TimedOut, text).commands(["maestro logs maestro-up", "maestro down"]))
}
