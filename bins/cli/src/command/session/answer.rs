//! `session answer`: what a session that needs input waits for.

use clap::Args;
use maestro_domain::{SessionId, SessionStatus};
use maestro_wire::{ErrorBody, ErrorCode};

use super::send::told;
use crate::context::Context;
use crate::output::Output;
use crate::terminal::seat::Seat;
use crate::text;
use crate::usage::quoted;

/// Answer a session that needs input
#[derive(Args, Debug)]
pub struct AnswerArgs {
    /// Its id
    pub session: SessionId,
    /// The answer, typed and submitted; `-`: from stdin
    #[arg(value_name = "TEXT", allow_hyphen_values = true, required_unless_present_any = ["allow", "deny"])]
    pub text: Option<String>,
    /// Press Enter: take what is proposed
    #[arg(long, alias = "accept", conflicts_with_all = ["text", "deny"])]
    pub allow: bool,
    /// Press Escape: refuse what is proposed
    #[arg(long, alias = "reject", conflicts_with = "text")]
    pub deny: bool,
}

pub async fn run(args: AnswerArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let answer = args.text.as_deref().map(text::typed).transpose()?;
    let seat = Seat::of(ctx, args.session, None).await?;
    let id = args.session;
    if !matches!(seat.session.status, SessionStatus::NeedsInput { .. }) {
        let status = seat.session.status.kind().as_str();
        return Err(ErrorBody::new(ErrorCode::SessionState, format!("{id} is {status}; it asks nothing")).commands(
            match &answer {
                Some(text) => {
                    [format!("maestro session send {id} {}", quoted(text)), format!("maestro session info {id}")]
                }
                None => [format!("maestro session info {id}"), format!("maestro session attach {id}")],
            },
        ));
    }
    let answer = match answer {
        Some(text) => seat.paste(&text).await,
        None => seat.keys(if args.allow { b"\r".to_vec() } else { b"\x1b".to_vec() }, None).await,
    };
    Ok(told(id, answer?))
}
