//! `session wait`

use clap::Args;
use maestro_domain::{MessageId, ProjectId, SessionId, SessionStatus, SessionStatusKind};
use maestro_wire::{ErrorBody, ErrorCode, Query, SessionGet, SessionView, WaitReason, Waited};

use crate::command::wait::{self, WaitArgs};
use crate::context::Context;
use crate::output::Output;

/// Messages up to the highest number are old news: only sessions are waited for.
const NO_MESSAGE: MessageId = MessageId::new(999_999_999);

/// Wait until a session ends or needs input
#[derive(Args, Debug)]
pub struct WaitSessionArgs {
    /// The sessions
    #[arg(required = true)]
    pub sessions: Vec<SessionId>,
    /// Until all of them did
    #[arg(long)]
    pub all: bool,
    /// What happened up to this sequence is old news
    #[arg(long, value_name = "SEQ")]
    pub since: Option<u64>,
    /// Exit with 7 (session_failed) when one ended otherwise than with exit code 0
    #[arg(long)]
    pub exit_status: bool,
}

pub async fn run(args: WaitSessionArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let things = args.sessions.iter().map(ToString::to_string).collect();
    let exit_status = args.exit_status;
    let args = WaitArgs { things, any: false, all: args.all, since: args.since, peek: true };
    let reached = wait::reach(args, Some(NO_MESSAGE), ctx).await?;
    if exit_status {
        judge(ctx, &reached.project, &reached.waited).await?;
    }
    Ok(reached.output())
}

/// An error for the first that ended otherwise than well.
async fn judge(ctx: &Context, project: &ProjectId, waited: &Waited) -> Result<(), ErrorBody> {
    for reason in &waited.reasons {
        let WaitReason::Session { session, status } = reason else { continue };
        if status.is_living() {
            continue;
        }
        let (text, code) = match status {
            SessionStatusKind::Exited => match exit_code(ctx, project, *session).await? {
                // None: it goes on already, in another epoch.
                Some(0) | None => continue,
                Some(code) => (format!("{session} exited with code {code}"), Some(code)),
            },
            other => (format!("{session} ended as {}", other.as_str()), None),
        };
        let error = ErrorBody::new(ErrorCode::SessionFailed, text)
            .with("session", session.to_string())
            .with("status", status.as_str())
            .with("cursor", waited.cursor);
        return Err(match code {
            Some(code) => error.with("exitCode", code),
            None => error,
        });
    }
    Ok(())
}

/// What it exited with, when that is still how it stands.
async fn exit_code(ctx: &Context, project: &ProjectId, session: SessionId) -> Result<Option<i32>, ErrorBody> {
    let reply = ctx.ask(project, Query::SessionGet(SessionGet { session: Some(session) })).await?;
    let view: SessionView = reply.parse()?;
    Ok(match view.session.status {
        SessionStatus::Exited { code, .. } => Some(code),
        _ => None,
    })
}
