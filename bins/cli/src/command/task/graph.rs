//! `task graph`

use clap::{Args, ValueEnum};
use maestro_domain::{TaskId, TaskRef};
use maestro_wire::{ErrorBody, ErrorCode};

use crate::context::Context;
use crate::output::Output;
use crate::view::graph::{self, Graph};
use crate::{gather, target};

/// How a graph is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// A tree for people
    #[default]
    Text,
    /// For Graphviz
    Dot,
    /// For Markdown
    Mermaid,
    /// Nodes and edges
    Json,
}

/// Show what depends on what
#[derive(Args, Debug)]
pub struct GraphArgs {
    /// Only this task and what it waits for [default: all open tasks]
    pub task: Option<TaskRef>,
    /// How it is written
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// Completed and cancelled tasks too
    #[arg(long, short = 'a')]
    pub all: bool,
    /// At most this many tasks
    #[arg(long, short = 'n', value_name = "N", default_value_t = 500, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub limit: u32,
}

/// Tasks that are looked at to find those that are shown.
const MOST: usize = 100_000;

pub async fn run(args: GraphArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, root) = match &args.task {
        Some(task) => {
            let (project, task) = target::named(ctx, task)?;
            (project, Some(task))
        }
        None => (ctx.project()?, None),
    };
    let found = gather::tasks(ctx, &project, Vec::new(), MOST).await?;
    let graph = match root {
        Some(root) => Graph::below(found.items, root).ok_or_else(|| unknown(root))?,
        None => Graph::of(found.items, args.all),
    };
    let graph = graph.cut(args.limit as usize, found.more);
    // `--format json` is the document; the rest is a text in it.
    let data = match args.format {
        Format::Json | Format::Text => graph.document(None),
        Format::Dot => graph.document(Some(graph.dot())),
        Format::Mermaid => graph.document(Some(graph.mermaid())),
    };
    let human = move || match args.format {
        Format::Text => graph::tree(&graph),
        Format::Dot => graph.dot(),
        Format::Mermaid => graph.mermaid(),
        Format::Json => graph.document(None).to_string(),
    };
    Ok(Output::new(&data, human).at(found.seq))
}

fn unknown(task: TaskId) -> ErrorBody {
    ErrorBody::new(ErrorCode::TaskNotFound, format!("there is no task {task}"))
        .with("task", task.to_string())
        .commands(["maestro task list", "maestro task graph"])
}
