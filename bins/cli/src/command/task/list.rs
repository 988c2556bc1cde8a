//! `task list`

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use maestro_domain::{Actor, Label, Priority, ProjectId, StatusKind};
use maestro_wire::{ErrorBody, Page, ProjectGet, ProjectView, Query, TaskList, TaskRow, TaskSort};

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
    let mut list = TaskList {
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
    };
    if grouped && !filtered {
        list.status = OPEN.to_vec();
        return board(ctx, &project, list).await;
    }
    let reply = ctx.ask(&project, Query::TaskList(list)).await?;
    let words = ctx.words.clone();
    if grouped {
        return Ok(Output::reply(reply, move |data| {
            view::of(data, |page: Page<TaskRow>| {
                let more = view::more(&words, page.next_cursor.as_ref());
                view::task::grouped(&page.items, None, true) + &more
            })
        }));
    }
    fields::shown(reply, args.only, move |data| view::of(data, |page| view::task::page(&page, filtered, &words)))
}

/// What a board shows first.
const OPEN: [StatusKind; 4] = [StatusKind::Pending, StatusKind::InProgress, StatusKind::InReview, StatusKind::Blocked];
/// And of those that ended, the last ones.
const ENDED: u32 = 5;

/// The open tasks, how far the whole is, and where there is room what was completed last.
async fn board(ctx: &Context, project: &ProjectId, list: TaskList) -> Result<Output, ErrorBody> {
    let reply = ctx.ask(project, Query::TaskList(list)).await?;
    let seq = reply.seq;
    let mut page: Page<TaskRow> = reply.parse()?;
    let whole: Option<ProjectView> =
        ctx.ask(project, Query::ProjectGet(ProjectGet {})).await.ok().and_then(|reply| reply.parse().ok());
    let open = ["--status".to_owned(), OPEN.map(StatusKind::as_str).join(",")];
    let words: Vec<String> = ctx.words.iter().cloned().chain(open).collect();
    let mut more = view::more(&words, page.next_cursor.as_ref());
    if page.next_cursor.is_none() {
        let ended = TaskList {
            status: vec![StatusKind::Completed, StatusKind::Cancelled],
            sort: TaskSort::Updated,
            limit: Some(ENDED),
            ..TaskList::default()
        };
        let ended: Page<TaskRow> = ctx.ask(project, Query::TaskList(ended)).await?.parse()?;
        page.items.extend(ended.items);
        if ended.next_cursor.is_some() {
            more = view::dim_line("more that ended: maestro task list --status completed,cancelled --sort updated");
        }
    }
    let items = page.items.clone();
    Ok(Output::new(&page, move || view::task::grouped(&items, whole.as_ref(), false) + &more).at(seq))
}
