//! `session send`: types into a session's terminal.

use clap::Args;
use maestro_domain::SessionId;
use maestro_wire::{ErrorBody, ErrorCode, TerminalAnswer, header};

use crate::context::Context;
use crate::output::Output;
use crate::terminal::seat::Seat;
use crate::text;

/// Type a text into a session's terminal and submit it
#[derive(Args, Debug)]
pub struct SendArgs {
    /// Its id
    pub session: SessionId,
    /// The text; `-`: from stdin
    #[arg(value_name = "TEXT", allow_hyphen_values = true)]
    pub text: String,
    /// Do not press Enter
    #[arg(long)]
    pub no_enter: bool,
}

pub async fn run(args: SendArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let typed = text::typed(&args.text)?;
    if typed.len() > header::MAX_INPUT {
        let text = format!("{} bytes are more than the {} that one input takes", typed.len(), header::MAX_INPUT);
        return Err(ErrorBody::new(ErrorCode::TooLarge, text).suggest("put long text into a file and name it"));
    }
    let seat = Seat::of(ctx, args.session, None).await?;
    let answer = if args.no_enter { seat.keys(typed.into_bytes(), None).await } else { seat.paste(&typed).await };
    Ok(told(args.session, answer?))
}

/// It was typed.
pub fn told(session: SessionId, answer: TerminalAnswer) -> Output {
    Output::new(&answer, move || format!("typed into {session}"))
}
