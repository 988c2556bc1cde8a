//! `config list`

use clap::Args;
use maestro_runtime::Key;
use maestro_wire::{ErrorBody, Page};

use crate::context::Context;
use crate::output::{BOLD, DIM, Output};
use crate::view;

use super::Shown;

/// Show every value and who says so
#[derive(Args, Debug)]
pub struct ListArgs {}

pub fn run(ctx: &Context) -> Result<Output, ErrorBody> {
    let config = ctx.config()?;
    let items: Vec<Shown> = Key::ALL.into_iter().map(|key| super::shown(ctx, config, key)).collect::<Result<_, _>>()?;
    let mut table = view::table(&["key", "value", "from"]);
    for Shown { key, value, origin } in &items {
        let value = value.as_deref().unwrap_or("-");
        table.add_row([view::cell(key, BOLD), view::cell(value, anstyle::Style::new()), view::cell(origin, DIM)]);
    }
    Ok(Output::new(&Page { items, next_cursor: None }, move || {
        view::whole_words(&mut table);
        view::rendered(&mut table)
    }))
}
