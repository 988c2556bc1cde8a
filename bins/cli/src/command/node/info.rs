//! `node info`

use std::collections::BTreeMap;

use clap::Args;
use maestro_domain::NodeName;
use maestro_wire::{ErrorBody, NodeRecord};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::output::Output;
use crate::{nodes, view};

/// Show one spawner and the sessions that it runs
#[derive(Args, Debug)]
pub struct InfoArgs {
    /// Its name, as in `maestro node list`
    pub node: NodeName,
}

/// As the spawner answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Info {
    pub node: NodeRecord,
    pub sessions: Vec<Running>,
    /// Projects that the host does not have, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub refused: BTreeMap<String, String>,
}

/// A session that runs there.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Running {
    pub project: String,
    pub session: String,
    pub epoch: u32,
}

pub async fn run(args: InfoArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    nodes::named(ctx, Some(&args.node)).await?;
    let info: Info = nodes::ask(ctx.caller(ctx.left()).await?, &args.node, "info").await?;
    let human = info.clone();
    Ok(Output::new(&info, move || view::node::card(&human)))
}
