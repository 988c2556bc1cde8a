//! `hook`

use clap::Args;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::hook;
use crate::output::Output;

/// Called by coding agents at points of their lives: JSON on stdin, the agent's own answer on stdout; always exit 0
#[derive(Args, Debug)]
pub struct HookArgs {
    /// claude, codex, gemini or opencode
    pub agent: String,
    /// The agent's own name of the event, as in SessionStart; `opencode plugin` prints the plugin that calls this
    pub event: String,
    /// Agents may add words of their own
    #[arg(hide = true, allow_hyphen_values = true)]
    pub rest: Vec<String>,
}

pub async fn run(args: HookArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    if (args.agent.as_str(), args.event.as_str()) == ("opencode", "plugin") {
        ctx.printer.out(hook::PLUGIN);
        return Ok(Output::printed());
    }
    hook::run(&args.agent, &args.event, ctx).await;
    Ok(Output::printed())
}
