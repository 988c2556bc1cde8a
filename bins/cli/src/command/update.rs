//! `update`

use clap::Args;
use maestro_domain::{Request, SessionUpdate};
use maestro_wire::{ErrorBody, ErrorCode};

use crate::context::Context;
use crate::output::Output;
use crate::{report, text, view};

/// Say what this session is doing
#[derive(Args, Debug)]
pub struct UpdateArgs {
    /// What it is; `-`: from stdin
    #[arg(allow_hyphen_values = true)]
    pub message: String,
}

pub async fn run(args: UpdateArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let message = text::message(&args.message)?;
    if ctx.actor()?.0.session().is_none() {
        return Err(ErrorBody::new(ErrorCode::MissingSession, "update is for sessions, and the caller is none")
            .suggest("people report on a task: `maestro task log t3 \"half way\"`")
            .commands(["maestro whoami", "maestro task list --mine"]));
    }
    let request = Request::SessionUpdate(SessionUpdate { message });
    report::send(ctx, ctx.project()?, request, view::session::outcome).await
}
