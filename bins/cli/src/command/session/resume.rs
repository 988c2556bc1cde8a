//! `session resume`

use clap::Args;
use maestro_domain::{AgainSession, Request, SessionId, SessionStatusKind, StopCause};
use maestro_wire::ErrorBody;

use super::several;
use crate::context::Context;
use crate::output::Output;
use crate::view;

/// Go on with a session that has ended
///
/// A new epoch of the same session. Its agent goes on with its own conversation where it can and that is still there, else
/// it begins with its prompt. Tasks that nobody else has by now are the session's again.
#[derive(Args, Debug)]
pub struct ResumeArgs {
    /// The session
    #[arg(required_unless_present = "all")]
    pub session: Option<SessionId>,
    /// Every session of the project that was stopped because the stack, or its host, went down
    #[arg(long, conflicts_with = "session")]
    pub all: bool,
}

pub async fn run(args: ResumeArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let project = ctx.project()?;
    let resume = |session| Request::ResumeSession(AgainSession { session });
    if let Some(session) = args.session {
        let reply = ctx.command(&project, &resume(session)).await?;
        return Ok(Output::reply(reply, view::session::outcome));
    }
    let sessions = several::which(ctx, &project, vec![SessionStatusKind::Stopped], |view| {
        view.session.stop.as_ref().is_some_and(|stop| stop.cause == StopCause::Shutdown)
    })
    .await?;
    several::each(ctx, &project, sessions, resume, "no session was stopped by a stack that went down").await
}
