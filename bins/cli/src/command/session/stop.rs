//! `session stop`

use clap::Args;
use maestro_domain::{Request, SessionId, StopSession};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::view;

/// Ask a session to end
#[derive(Args, Debug)]
pub struct StopArgs {
    /// The session
    pub session: SessionId,
}

pub async fn run(args: StopArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let request = Request::StopSession(StopSession { session: args.session });
    let reply = ctx.command(&ctx.project()?, &request).await?;
    Ok(Output::reply(reply, view::session::outcome))
}
