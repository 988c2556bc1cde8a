//! `project update`

use clap::Args;
use maestro_domain::{AgentName, ProjectId, Request, UpdateProject};
use maestro_wire::{ErrorBody, ErrorCode};

use crate::context::Context;
use crate::output::Output;
use crate::{text, view};

/// Change a project; what is not given stays
#[derive(Args, Debug)]
pub struct UpdateArgs {
    /// The project [default: the one of this place]
    pub id: Option<ProjectId>,
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

pub async fn run(args: UpdateArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let project = ctx.project_or(args.id)?;
    let changes = UpdateProject {
        title: text::maybe(args.title.as_ref(), text::title)?,
        overview: text::maybe(args.overview.as_ref(), text::markdown)?,
        goals: text::maybe(args.goals.as_ref(), text::markdown)?,
        repository: text::maybe(args.repository.as_ref(), text::line)?,
        base_branch: text::maybe(args.base_branch.as_ref(), text::line)?,
        default_agent: args.default_agent,
    };
    let unchanged = changes.title.is_none()
        && changes.overview.is_none()
        && changes.goals.is_none()
        && changes.repository.is_none()
        && changes.base_branch.is_none()
        && changes.default_agent.is_none();
    if unchanged {
        return Err(ErrorBody::new(ErrorCode::NoUpdates, "nothing to change was given")
            .suggest("give at least one of --title, --overview, --goals, --repository, --base-branch, --default-agent")
            .commands(["maestro project update --help"]));
    }
    let reply = ctx.command(&project, &Request::UpdateProject(changes)).await?;
    Ok(Output::reply(reply, view::project::outcome))
}
