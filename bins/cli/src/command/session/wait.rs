//! `session wait`

use clap::Args;
use maestro_domain::{MessageId, SessionId};
use maestro_wire::ErrorBody;

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
}

pub async fn run(args: WaitSessionArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let things = args.sessions.iter().map(ToString::to_string).collect();
    let args = WaitArgs { things, any: false, all: args.all, since: args.since, peek: true };
    wait::until(args, Some(NO_MESSAGE), ctx).await
}
