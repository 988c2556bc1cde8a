//! `project get`

use clap::Args;
use maestro_domain::ProjectId;
use maestro_wire::{ErrorBody, ProjectGet, Query};

use crate::context::Context;
use crate::output::Output;
use crate::view;

/// Show one project
#[derive(Args, Debug)]
pub struct GetArgs {
    /// The project [default: the one of this place]
    pub id: Option<ProjectId>,
}

pub async fn run(args: GetArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let reply = ctx.ask(&ctx.project_or(args.id)?, Query::ProjectGet(ProjectGet {})).await?;
    Ok(Output::reply(reply, |data| view::of(data, |project| view::project::card(&project))))
}
