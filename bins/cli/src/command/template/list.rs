//! `template list`

use clap::Args;
use maestro_wire::Page;
use serde_json::json;

use crate::context::Context;
use crate::output::{BOLD, DIM, Output, WARN, paint};
use crate::plan::template;
use crate::view;

/// List templates: built in, of this home, of this directory
#[derive(Args, Debug)]
pub struct ListArgs {}

pub fn run(_: &ListArgs, ctx: &Context) -> Output {
    let (found, broken) = template::all(ctx);
    let items: Vec<_> = found
        .values()
        .map(|one| {
            json!({
                "name": one.name, "about": one.file.about, "origin": one.origin, "tasks": one.file.tasks.len(),
                "parameters": one.file.parameters.keys().collect::<Vec<_>>(),
            })
        })
        .collect();
    let human = move || {
        let mut table = view::table(&["name", "tasks", "parameters", "about", "from"]);
        for one in found.values() {
            let parameters: Vec<&str> = one.file.parameters.keys().map(String::as_str).collect();
            table.add_row([
                view::cell(&one.name, BOLD),
                view::cell(one.file.tasks.len(), anstyle::Style::new()),
                view::cell(parameters.join(", "), anstyle::Style::new()),
                view::cell(&one.file.about, anstyle::Style::new()),
                view::cell(&one.origin, DIM),
            ]);
        }
        let mut text = view::rendered(&mut table);
        for error in &broken {
            text.push_str(&format!("\n{} {}", paint(WARN, "not read:"), error.message));
        }
        text
    };
    Output::new(&Page { items, next_cursor: None }, human)
}
