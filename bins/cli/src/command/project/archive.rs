//! `project archive`

use clap::Args;
use maestro_domain::{ArchiveProject, ProjectId, Request};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::view;

/// Put a project away: it can be read, and nothing in it changes
#[derive(Args, Debug)]
pub struct ArchiveArgs {
    /// The project [default: the one of this place]
    pub id: Option<ProjectId>,
    /// Bring it back
    #[arg(long)]
    pub restore: bool,
}

pub async fn run(args: ArchiveArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let request = Request::ArchiveProject(ArchiveProject { archived: !args.restore });
    let reply = ctx.command(&ctx.project_or(args.id)?, &request).await?;
    Ok(Output::reply(reply, view::project::outcome))
}
