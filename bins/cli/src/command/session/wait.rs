//! `session wait`

use clap::Args;
use maestro_domain::SessionId;
use maestro_wire::ErrorBody;

use crate::command::wait::{self, WaitArgs};
use crate::context::Context;
use crate::output::Output;

/// Wait until a session ends or needs input
#[derive(Args, Debug)]
pub struct WaitSessionArgs {
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
    wait::run(WaitArgs { things, any: false, all: args.all, since: args.since, peek: false }, ctx).await
}
