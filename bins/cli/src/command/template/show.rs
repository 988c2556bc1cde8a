//! `template show`

use clap::Args;
use maestro_wire::ErrorBody;
use serde_json::json;

use crate::context::Context;
use crate::output::{BOLD, DIM, Output, paint};
use crate::plan::template;

/// Show a template's parameters and tasks
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// The template
    pub name: String,
    /// The file as it is
    #[arg(long)]
    pub source: bool,
}

pub fn run(args: &ShowArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let one = template::named(ctx, &args.name)?;
    let data = json!({
        "name": one.name, "about": one.file.about, "origin": one.origin, "parameters": one.file.parameters,
        "tasks": one.file.tasks, "source": one.source,
    });
    let source = args.source;
    Ok(Output::new(&data, move || if source { one.source } else { card(&one) }))
}

fn card(one: &template::Template) -> String {
    let mut text = format!("{}  {}\n{}", paint(BOLD, &one.name), one.file.about, paint(DIM, &one.origin));
    text.push_str(&format!("\n\n{}", paint(BOLD, "Parameters")));
    for (name, parameter) in &one.file.parameters {
        let default = match &parameter.default {
            Some(default) => paint(DIM, format!(" [default: {default}]")),
            None => String::new(),
        };
        text.push_str(&format!("\n  {}  {}{default}", paint(BOLD, name), parameter.about));
    }
    text.push_str(&format!("\n\n{}", paint(BOLD, "Tasks")));
    let field = |task: &toml::Value, name: &str| task.get(name).and_then(toml::Value::as_str).unwrap_or("?").to_owned();
    for task in &one.file.tasks {
        let on = task.get("dependsOn").and_then(toml::Value::as_array);
        let on: Vec<&str> = on.into_iter().flatten().filter_map(toml::Value::as_str).collect();
        let after = if on.is_empty() { String::new() } else { paint(DIM, format!("  after {}", on.join(", "))) };
        text.push_str(&format!("\n  {}  {}{after}", paint(BOLD, field(task, "key")), field(task, "title")));
    }
    text
}
