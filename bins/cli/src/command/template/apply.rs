//! `template apply`

use std::collections::BTreeMap;

use clap::Args;
use maestro_domain::{InvalidValue, PlanKey};
use maestro_wire::ErrorBody;

use crate::command::task;
use crate::context::Context;
use crate::output::Output;
use crate::plan::{self, template};

/// Create a template's tasks, all in one step
#[derive(Args, Debug)]
pub struct ApplyArgs {
    /// The template
    pub name: String,
    /// A parameter's value; may be repeated
    #[arg(long = "set", short = 's', value_name = "NAME=VALUE", value_parser = pair)]
    pub set: Vec<(String, String)>,
    /// What the plan is called: applied again under the same name, nothing is created [default: made from the values]
    #[arg(long, value_name = "NAME")]
    pub source: Option<PlanKey>,
    /// Show what would be created, and create nothing
    #[arg(long)]
    pub dry_run: bool,
}

fn pair(text: &str) -> Result<(String, String), InvalidValue> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.trim().to_owned(), value.to_owned())),
        Some(_) | None => {
            Err(InvalidValue { code: "invalid_value", message: format!("'{}' is no NAME=VALUE", text.escape_debug()) })
        }
    }
}

pub async fn run(args: ApplyArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let template = template::named(ctx, &args.name)?;
    let given: BTreeMap<String, String> = args.set.into_iter().collect();
    let plans = template.filled(&given)?;
    let source = format!("{}-{}", args.name, plan::digest(&format!("{given:?}")));
    task::import::send(plan::import(&plans, args.source, &source)?, args.dry_run, ctx).await
}
