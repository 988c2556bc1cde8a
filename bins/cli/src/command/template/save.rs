//! `template save`

use std::collections::BTreeMap;

use clap::Args;
use maestro_domain::{SkillName, TaskRef};
use maestro_runtime::write_atomically;
use maestro_wire::{ErrorBody, ErrorCode};
use serde_json::json;

use crate::context::Context;
use crate::output::{BOLD, DIM, Output, internal, paint};
use crate::plan::{Plan, Step, template};
use crate::{gather, parse, target};

/// Save tasks as a template of this home
#[derive(Args, Debug)]
pub struct SaveArgs {
    /// What it is called
    pub name: SkillName,
    /// The tasks
    #[arg(required = true)]
    pub tasks: Vec<TaskRef>,
    /// What it is for
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub about: Option<String>,
    /// Replace one of the same name
    #[arg(long)]
    pub force: bool,
}

pub async fn run(args: SaveArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, ids) = parse::tasks_of_one_project(ctx, &args.tasks, target::named)?;
    let directory = template::directory(ctx)?;
    let path = directory.join(format!("{}.toml", args.name));
    if path.exists() && !args.force {
        return Err(ErrorBody::new(ErrorCode::InvalidValue, format!("the template {} is there already", args.name))
            .suggest("choose another name, or add --force to replace it")
            .commands([format!("maestro template show {}", args.name)]));
    }
    let mut tasks = Vec::new();
    for detail in gather::details(ctx, &project, ids.iter().copied()).await? {
        let mut plan = Plan::of(&detail, &project);
        // A template begins anew: nothing is done, and what is not part of it is not waited for.
        (plan.source, plan.status, plan.summary) = (None, None, None);
        plan.depends_on.retain(|on| ids.iter().any(|id| id.to_string() == *on));
        for step in &mut plan.subtasks {
            if let Step::Whole(whole) = step {
                whole.completed = false;
            }
        }
        tasks.push(toml::Value::try_from(&plan).map_err(internal)?);
    }
    let file = template::File { about: args.about.unwrap_or_default(), parameters: BTreeMap::new(), tasks };
    let text = toml::to_string_pretty(&file).map_err(internal)?;
    let failed =
        |error: std::io::Error| ErrorBody::new(ErrorCode::InvalidConfig, format!("`{}`: {error}", path.display()));
    std::fs::create_dir_all(&directory).map_err(failed)?;
    write_atomically(&path, text.as_bytes(), 0o644).map_err(failed)?;
    let count = file.tasks.len();
    let data = json!({"name": args.name.as_str(), "file": path, "tasks": count});
    let shown = path.display().to_string();
    let hint = "a {{word}} in it becomes a parameter once [parameters.word] names it";
    Ok(Output::new(&data, move || {
        format!("{}  {count} tasks\n  {}\n  {}", paint(BOLD, &args.name), paint(DIM, shown), paint(DIM, hint))
    }))
}
