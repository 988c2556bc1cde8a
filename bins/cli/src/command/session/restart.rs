//! `session restart`

use clap::Args;
use maestro_domain::{AgainSession, Request, SessionId};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::view;

/// Stop a session and start it again from the beginning
///
/// A new epoch of the same session, with its prompt and its tasks. One that has ended is started at once.
#[derive(Args, Debug)]
pub struct RestartArgs {
    /// The session
    pub session: SessionId,
}

pub async fn run(args: RestartArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let request = Request::RestartSession(AgainSession { session: args.session });
    let reply = ctx.command(&ctx.project()?, &request).await?;
    Ok(Output::reply(reply, view::session::outcome))
}
