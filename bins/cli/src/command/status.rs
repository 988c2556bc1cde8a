//! `status`

use clap::Args;
use maestro_wire::{ErrorBody, Query, StatusGet, SystemGet};

use crate::context::Context;
use crate::output::Output;
use crate::view;

/// Show how the project stands, first what needs you
#[derive(Args, Debug)]
pub struct StatusArgs {
    /// Instead, the whole system: replicas and their lag, pools, sessions, streams and their limits, versions, what failed
    #[arg(long)]
    pub system: bool,
}

pub async fn run(args: &StatusArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    if args.system {
        let reply = ctx.ask_of_none(Query::SystemGet(SystemGet {})).await?;
        return Ok(Output::reply(reply, |data| view::of(data, |system| view::system::card(&system))));
    }
    let reply = ctx.ask(&ctx.project()?, Query::StatusGet(StatusGet {})).await?;
    Ok(Output::reply(reply, |data| view::of(data, |overview| view::overview::card(&overview))))
}
