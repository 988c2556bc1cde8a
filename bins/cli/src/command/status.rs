//! `status`

use clap::Args;
use maestro_wire::{ErrorBody, Query, StatusGet};

use crate::context::Context;
use crate::output::Output;
use crate::view;

/// Show how the project stands, first what needs you
#[derive(Args, Debug)]
pub struct StatusArgs {}

pub async fn run(ctx: &Context) -> Result<Output, ErrorBody> {
    let reply = ctx.ask(&ctx.project()?, Query::StatusGet(StatusGet {})).await?;
    Ok(Output::reply(reply, |data| view::of(data, |overview| view::overview::card(&overview))))
}
