//! `project create`

use clap::Args;
use maestro_domain::{AgentName, CreateProject, ProjectId, Request};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{text, view};

/// Create a project
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// Its id: a-z, 0-9 and '-'
    pub id: ProjectId,
    /// Its title, in one line
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub title: Option<String>,
    /// What it is about, in markdown; `-`: from stdin
    #[arg(long, alias = "desc", value_name = "TEXT", allow_hyphen_values = true)]
    pub overview: Option<String>,
    /// What it is to reach, in markdown
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub goals: Option<String>,
    /// Where its repository is
    #[arg(long, value_name = "URL")]
    pub repository: Option<String>,
    /// The branch that work starts from
    #[arg(long, value_name = "BRANCH")]
    pub base_branch: Option<String>,
    /// The agent that sessions run unless told otherwise
    #[arg(long, value_name = "AGENT")]
    pub default_agent: Option<AgentName>,
}

pub async fn run(args: CreateArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let request = Request::CreateProject(CreateProject {
        title: text::title(args.title.as_deref().unwrap_or(args.id.as_str()))?,
        overview: text::maybe(args.overview.as_ref(), text::markdown)?,
        goals: text::maybe(args.goals.as_ref(), text::markdown)?,
        repository: text::maybe(args.repository.as_ref(), text::line)?,
        base_branch: text::maybe(args.base_branch.as_ref(), text::line)?,
        default_agent: args.default_agent,
    });
    let reply = ctx.command(&args.id, &request).await?;
    Ok(Output::reply(reply, view::project::outcome))
}
