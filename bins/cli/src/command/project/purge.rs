//! `project purge`

use clap::Args;
use maestro_domain::{ProjectId, PurgeProject, Request};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;

/// Delete a project with its whole history; there is no way back
#[derive(Args, Debug)]
pub struct PurgeArgs {
    /// The project
    pub id: ProjectId,
    /// The project's id once more
    #[arg(long, value_name = "ID")]
    pub confirm: Option<String>,
}

pub async fn run(args: PurgeArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let id = args.id;
    if args.confirm.as_deref() != Some(id.as_str()) {
        return Err(maestro_domain::Refusal::ConfirmationMissing(id).into());
    }
    let request = Request::PurgeProject(PurgeProject { confirm: id.to_string() });
    let reply = ctx.command(&id, &request).await?;
    Ok(Output::reply(reply, move |_| format!("purged {id}")))
}
