//! `project get`

use clap::Args;
use maestro_domain::ProjectId;
use maestro_wire::{ErrorBody, ProjectGet, Query};

use crate::context::Context;
use crate::fields::{self, FieldsArgs};
use crate::output::Output;
use crate::view;

/// Show one project
#[derive(Args, Debug)]
pub struct GetArgs {
    /// The project [default: the one of this place]
    pub id: Option<ProjectId>,
    #[command(flatten)]
    pub only: FieldsArgs,
}

pub async fn run(args: GetArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let reply = ctx.ask(&ctx.project_or(args.id)?, Query::ProjectGet(ProjectGet {})).await?;
    fields::shown(reply, args.only, |data| view::of(data, |project| view::project::card(&project)))
}
