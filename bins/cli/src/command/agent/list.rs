//! `agent list`

use clap::Args;
use maestro_domain::NodeName;
use maestro_wire::{AgentView, ErrorBody};
use serde::Serialize;

use crate::context::Context;
use crate::output::Output;
use crate::page::{self, PageArgs};
use crate::{nodes, view};

/// List the agent profiles of every host
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Only of this host
    #[arg(long)]
    pub node: Option<NodeName>,
    #[command(flatten)]
    pub page: PageArgs,
}

const USUAL: u32 = 50;

/// A profile and the host that has it.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    pub node: NodeName,
    #[serde(flatten)]
    pub agent: AgentView,
}

pub async fn run(args: ListArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (rows, _) = rows(ctx, args.node.as_ref()).await?;
    let page = page::of(rows, &args.page, USUAL, |row| format!("{}/{}", row.node, row.agent.name))?;
    let more = view::more(&ctx.words, page.next_cursor.as_ref());
    let human = page.items.clone();
    Ok(Output::new(&page, move || view::agent::list(&human) + &more))
}

/// The profiles of every host, and the mistakes in others.
pub async fn rows(ctx: &Context, node: Option<&NodeName>) -> Result<(Vec<Row>, Vec<String>), ErrorBody> {
    let (mut rows, mut mistakes) = (Vec::new(), Vec::new());
    for record in nodes::named(ctx, node).await? {
        let told = nodes::agents(ctx, &record.node).await?;
        mistakes.extend(told.mistakes.into_iter().map(|mistake| format!("{}: {mistake}", told.node)));
        rows.extend(told.agents.into_iter().map(|agent| Row { node: told.node.clone(), agent }));
    }
    Ok((rows, mistakes))
}
