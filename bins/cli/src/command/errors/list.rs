//! `errors list`

use clap::Args;
use maestro_wire::{ErrorBody, ErrorCode, Page};
use serde_json::json;

use crate::output::{BOLD, DIM, Output};
use crate::view;

/// List every error code
#[derive(Args, Debug)]
pub struct ListArgs {}

pub fn run() -> Result<Output, ErrorBody> {
    let items: Vec<_> = ErrorCode::ALL.iter().map(super::described).collect();
    let human = || {
        let mut table = view::table(&["code", "exit", "retry", "meaning"]);
        for code in ErrorCode::ALL {
            table.add_row([
                view::cell(code.as_str(), BOLD),
                view::cell(code.exit_code(), anstyle::Style::new()),
                view::cell(if code.retryable() { "yes" } else { "" }, DIM),
                view::cell(code.about(), anstyle::Style::new()),
            ]);
        }
        view::rendered(&mut table)
    };
    Ok(Output::new(&Page { items: json!(items).as_array().cloned().unwrap_or_default(), next_cursor: None }, human))
}
