//! What coding agents call at points of their lives: their JSON in, their JSON out.
//!
//! A hook never fails its agent: whatever happens the exit code is 0, the time is bounded, stderr stays empty, and stdout
//! holds the agent's own answer or nothing. What went wrong is a line in `logs/hook.log` of the home.

mod act;
mod agent;
mod claude;
mod conversation;
mod event;
mod gemini;
mod input;
mod log;
mod mark;
mod opencode;
mod tell;
mod turn;
mod until;

pub use agent::Agent;
pub use log::note;
pub use opencode::PLUGIN;
pub use tell::open;

use std::io::IsTerminal;
use std::time::Duration;

use maestro_runtime::Home;
use maestro_wire::{ErrorBody, ErrorCode};

use crate::context::Context;
use crate::outbox;
use crate::output::internal;

/// The bound of one hook whose broker answers.
pub const BOUND: Duration = Duration::from_millis(1_500);
/// For this long a broker is looked for.
const PATIENCE: Duration = Duration::from_millis(100);

/// Runs one hook. Outside of a session it does nothing.
pub async fn run(agent: &str, event: &str, ctx: &Context) {
    if std::io::stdin().is_terminal() {
        return ctx.printer.note("agents call this, with JSON on stdin; see maestro hook --help");
    }
    if !ctx.environment.is_session() {
        return;
    }
    let outcome = tokio::time::timeout(BOUND, handle(agent, event, ctx)).await;
    match outcome {
        Ok(Ok(())) => {}
        Ok(Err(error)) => note(ctx.home().ok().as_ref(), agent, event, &format!("{}: {}", error.code, error.message)),
        Err(_) => note(ctx.home().ok().as_ref(), agent, event, "the time was over"),
    }
}

async fn handle(name: &str, event: &str, ctx: &Context) -> Result<(), ErrorBody> {
    let odd = |text: String| ErrorBody::new(ErrorCode::InvalidValue, text);
    let agent: Agent = name.parse().map_err(odd)?;
    let input = input::read().map_err(odd)?;
    conversation::note(&input, ctx);
    let Some(happened) = agent.read(event, &input).map_err(odd)? else { return Ok(()) };
    // Noted whatever becomes of the rest: the holder types only when it may.
    turn::begins(&happened, ctx);
    let deed = act::act(&happened, ctx).await;
    let held = deed.as_ref().is_ok_and(|deed| deed.answer.hold.is_some());
    let outcome = match deed {
        Ok(deed) => answered(agent, event, deed, ctx).await,
        Err(error) => Err(error),
    };
    turn::ends(&happened, held, ctx);
    outcome
}

async fn answered(agent: Agent, event: &str, deed: act::Deed, ctx: &Context) -> Result<(), ErrorBody> {
    if let Some(answer) = agent.answer(event, &deed.answer)
        && let Err(error) = ctx.printer.raw(&format!("{answer}\n"))
    {
        return Err(internal(format!("the agent does not read what it is told: {error}")));
    }
    // Told first: killed in between, it is told once more.
    deed.settle(ctx).await
}

/// Runs what a hook does; a defect of ours is a line in the log, not the agent's trouble.
pub fn guarded(home: Option<&Home>, run: impl FnOnce()) {
    std::panic::set_hook(Box::new(|_| {}));
    if std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)).is_err() {
        note(home, "?", "?", "internal: a defect of Maestro");
    }
}

/// Nobody answers now: what the session reports is kept.
const fn is_kept(code: ErrorCode) -> bool {
    outbox::is_unanswered(code) || matches!(code, ErrorCode::StackNotRunning)
}
