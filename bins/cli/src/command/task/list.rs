//! `task list`

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use maestro_domain::{Actor, Label, Priority, StatusKind};
use maestro_wire::{ErrorBody, Page, ProjectGet, Query, TaskList, TaskRow, TaskSort};

use crate::context::Context;
use crate::fields::{self, FieldsArgs};
use crate::output::Output;
use crate::{parse, view};

/// How a list is sorted.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum Sort {
    #[default]
    Created,
    Updated,
    Priority,
}

/// List tasks; every filter that is given must hold
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Words that occur in title or description
    pub text: Option<String>,
    /// pending, in_progress, in_review, blocked, completed, cancelled
    #[arg(long, value_delimiter = ',')]
    pub status: Vec<StatusKind>,
    /// critical, high, medium, low
    #[arg(long, value_delimiter = ',', value_parser = parse::priority)]
    pub priority: Vec<Priority>,
    /// All of these labels
    #[arg(long = "label", alias = "labels", value_delimiter = ',')]
    pub labels: Vec<Label>,
    /// Only tasks that can be started
    #[arg(long)]
    pub ready: bool,
    /// Who holds it or was given it: s7, or a user
    #[arg(long, value_name = "ACTOR")]
    pub assignee: Option<Actor>,
    /// Those of the caller
    #[arg(long, conflicts_with = "assignee")]
    pub mine: bool,
    #[arg(long, value_enum, help = "What comes first [default: created; on a terminal grouped by status]")]
    pub sort: Option<Sort>,
    /// The other way round
    #[arg(long)]
    pub reverse: bool,
    /// At most this many [default: 50; at most 1000]
    #[arg(long, short = 'n')]
    pub limit: Option<u32>,
    /// Go on from where the last page ended
    #[arg(long)]
    pub cursor: Option<String>,
    #[command(flatten)]
    pub only: FieldsArgs,
}

pub async fn run(args: ListArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let project = ctx.project()?;
    let grouped = !ctx.json() && args.sort.is_none() && args.only.fields.is_empty() && std::io::stdout().is_terminal();
    let assignee = if args.mine { Some(ctx.actor()?.0) } else { args.assignee };
    let filtered = args.text.is_some()
        || args.ready
        || assignee.is_some()
        || args.cursor.is_some()
        || !(args.status.is_empty() && args.priority.is_empty() && args.labels.is_empty());
    let query = Query::TaskList(TaskList {
        status: args.status,
        priority: args.priority,
        labels: args.labels,
        ready: args.ready.then_some(true),
        assignee,
        text: args.text,
        sort: match args.sort.unwrap_or_default() {
            Sort::Created => TaskSort::Created,
            Sort::Updated => TaskSort::Updated,
            Sort::Priority => TaskSort::Priority,
        },
        reverse: args.reverse,
        limit: args.limit,
        cursor: args.cursor,
    });
    let reply = fields::pick(ctx.ask(&project, query).await?, &args.only.fields)?;
    let whole = if grouped && !filtered {
        ctx.ask(&project, Query::ProjectGet(ProjectGet {})).await.ok().and_then(|reply| reply.parse().ok())
    } else {
        None
    };
    Ok(Output::reply(reply, move |data| {
        if grouped {
            view::of(data, |page: Page<TaskRow>| view::task::grouped_page(&page, whole.as_ref(), filtered))
        } else if args.only.fields.is_empty() {
            view::of(data, |page| view::task::page(&page, filtered))
        } else {
            fields::lines(data, &args.only.fields)
        }
    }))
}
