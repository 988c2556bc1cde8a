//! `task create`

use clap::Args;
use maestro_domain::{CreateTask, Label, NewSubtask, Priority, Request, TaskId};
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;
use crate::{parse, text, view};

/// Create a task
#[derive(Args, Debug)]
pub struct CreateArgs {
    /// What is to be done, in one line; `-`: from stdin, as with every text
    #[arg(allow_hyphen_values = true)]
    pub title: String,
    /// What it is about, in markdown
    #[arg(long, short = 'd', alias = "description", value_name = "TEXT", allow_hyphen_values = true)]
    pub desc: Option<String>,
    /// critical, high, medium or low
    #[arg(long, value_parser = parse::priority)]
    pub priority: Option<Priority>,
    /// A label; may be repeated
    #[arg(long = "label", alias = "labels", value_delimiter = ',')]
    pub labels: Vec<Label>,
    /// Tasks that must be completed first
    #[arg(long, value_delimiter = ',', value_name = "TASK")]
    pub depends_on: Vec<TaskId>,
    /// An acceptance criterion; may be repeated
    #[arg(long = "accept", alias = "acceptance", value_name = "TEXT", allow_hyphen_values = true)]
    pub accept: Vec<String>,
    /// Technical notes, in markdown
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub notes: Option<String>,
    /// A subtask's title; may be repeated
    #[arg(long = "subtask", value_name = "TITLE", allow_hyphen_values = true)]
    pub subtasks: Vec<String>,
}

pub async fn run(args: CreateArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let subtasks = text::each(&args.subtasks, text::title)?;
    let request = Request::CreateTask(CreateTask {
        title: text::title(&args.title)?,
        description: text::maybe(args.desc.as_ref(), text::markdown)?,
        acceptance: text::each(&args.accept, text::line)?,
        technical_notes: text::maybe(args.notes.as_ref(), text::markdown)?,
        priority: args.priority.unwrap_or_default(),
        labels: args.labels,
        depends_on: args.depends_on,
        subtasks: subtasks.into_iter().map(|title| NewSubtask { title, description: None }).collect(),
    });
    let reply = ctx.command(&ctx.project()?, &request).await?;
    Ok(Output::reply(reply, view::task::outcome))
}
