//! `template list`

use clap::Args;
use maestro_wire::{ErrorBody, Page};
use serde_json::json;

use crate::context::Context;
use crate::output::{BOLD, DIM, Output, WARN, paint};
use crate::page::{self, PageArgs};
use crate::plan::template::{self, Template};
use crate::view;

/// List templates: built in, of this home, of this directory
#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    pub page: PageArgs,
}

const USUAL: u32 = 50;

pub fn run(args: &ListArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (found, broken) = template::all(ctx);
    let page = page::of(found.into_values().collect(), &args.page, USUAL, |one: &Template| one.name.clone())?;
    let more = view::more(&ctx.words, page.next_cursor.as_ref());
    let items: Vec<_> = page
        .items
        .iter()
        .map(|one| {
            json!({
                "name": one.name, "about": one.file.about, "origin": one.origin, "tasks": one.file.tasks.len(),
                "parameters": one.file.parameters.keys().collect::<Vec<_>>(),
            })
        })
        .collect();
    let next_cursor = page.next_cursor.clone();
    let human = move || {
        let mut table = view::table(&["name", "tasks", "parameters", "about", "from"]);
        for one in &page.items {
            let parameters: Vec<&str> = one.file.parameters.keys().map(String::as_str).collect();
            table.add_row([
                view::cell(&one.name, BOLD),
                view::cell(one.file.tasks.len(), anstyle::Style::new()),
                view::cell(parameters.join(", "), anstyle::Style::new()),
                view::cell(&one.file.about, anstyle::Style::new()),
                view::cell(&one.origin, DIM),
            ]);
        }
        let mut text = view::rendered(&mut table) + &more;
        for error in &broken {
            text.push_str(&format!("\n{} {}", paint(WARN, "not read:"), error.message));
        }
        text
    };
    Ok(Output::new(&Page { items, next_cursor }, human))
}
