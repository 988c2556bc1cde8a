//! `errors list`

use clap::Args;
use maestro_wire::{ErrorBody, ErrorCode, Page};
use serde_json::json;

use crate::output::{BOLD, DIM, Output};
use crate::page::{self, PageArgs};
use crate::view;

/// List every error code
#[derive(Args, Debug)]
pub struct ListArgs {
    #[command(flatten)]
    pub page: PageArgs,
}

/// All of them.
const USUAL: u32 = 200;

pub fn run(args: &ListArgs) -> Result<Output, ErrorBody> {
    let page = page::of(ErrorCode::ALL.to_vec(), &args.page, USUAL, ToString::to_string)?;
    let items: Vec<_> = page.items.iter().map(super::described).collect();
    let limit = args.page.limit.into_iter().flat_map(|limit| ["--limit".to_owned(), limit.to_string()]);
    let words: Vec<String> = ["errors", "list"].map(ToOwned::to_owned).into_iter().chain(limit).collect();
    let (more, next_cursor) = (view::more(&words, page.next_cursor.as_ref()), page.next_cursor.clone());
    let human = move || {
        let mut table = view::table(&["code", "exit", "retry", "meaning"]);
        for code in &page.items {
            table.add_row([
                view::cell(code.as_str(), BOLD),
                view::cell(code.exit_code(), anstyle::Style::new()),
                view::cell(if code.retryable() { "yes" } else { "" }, DIM),
                view::cell(code.about(), anstyle::Style::new()),
            ]);
        }
        view::rendered(&mut table) + &more
    };
    Ok(Output::new(&Page { items: json!(items).as_array().cloned().unwrap_or_default(), next_cursor }, human))
}
