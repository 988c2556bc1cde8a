//! `message send`

use clap::Args;
use maestro_domain::{Actor, MessageKind, Request, SendMessage, TaskId};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::{ACCENT, BOLD, Output, paint};
use crate::{text, view};

/// Write to a session or a user
#[derive(Args, Debug)]
pub struct SendArgs {
    /// A session, as in s7, or a user
    pub to: Actor,
    /// What to say; `-`: from stdin
    #[arg(allow_hyphen_values = true)]
    pub body: String,
    /// The task that it is about
    #[arg(long)]
    pub task: Option<TaskId>,
    /// It answers what the session asked
    #[arg(long)]
    pub answer: bool,
    /// Only for this incarnation of the session
    #[arg(long)]
    pub epoch: Option<u32>,
}

pub async fn run(args: SendArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let request = Request::SendMessage(SendMessage {
        to: args.to,
        body: text::message(&args.body)?,
        kind: if args.answer { MessageKind::Answer } else { MessageKind::Mail },
        epoch: args.epoch,
        task: args.task,
    });
    let reply = ctx.command(&ctx.project()?, &request).await?;
    Ok(Output::reply(reply, |data| {
        view::of(data, |message: maestro_domain::Message| {
            format!("{} to {}", paint(BOLD, message.id), paint(ACCENT, message.to))
        })
    }))
}
