//! `session stop`

use clap::Args;
use maestro_domain::{Request, SessionId, SessionStatusKind, StopSession};
use maestro_wire::ErrorBody;

use super::several;
use crate::context::Context;
use crate::output::Output;
use crate::view;

/// Ask a session to end
#[derive(Args, Debug)]
pub struct StopArgs {
    /// The session
    #[arg(required_unless_present = "all")]
    pub session: Option<SessionId>,
    /// Every living session of the project
    #[arg(long, conflicts_with = "session")]
    pub all: bool,
}

pub async fn run(args: StopArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let project = ctx.project()?;
    let stop = |session| Request::StopSession(StopSession { session });
    if let Some(session) = args.session {
        let reply = ctx.command(&project, &stop(session)).await?;
        return Ok(Output::reply(reply, view::session::outcome));
    }
    let living = {
        use SessionStatusKind::{Active, NeedsInput, Requested, Starting};
        vec![Requested, Starting, Active, NeedsInput]
    };
    // The one who asks goes on.
    let own = ctx.actor()?.0.session();
    let sessions = several::which(ctx, &project, living, |view| Some(view.session.id) != own).await?;
    several::each(ctx, &project, sessions, stop, "no living sessions").await
}
