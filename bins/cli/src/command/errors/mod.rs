//! `errors <verb>`: the codes, looked up offline.

mod list;
mod show;

use clap::Subcommand;
use maestro_wire::{ErrorBody, ErrorCode};
use rust_embed::RustEmbed;
use serde_json::{Value, json};

use crate::output::Output;

/// What error codes mean
#[derive(Subcommand, Debug)]
pub enum ErrorsCommand {
    #[command(alias = "ls")]
    List(list::ListArgs),
    #[command(alias = "get")]
    Show(show::ShowArgs),
}

pub fn run(command: ErrorsCommand) -> Result<Output, ErrorBody> {
    match command {
        ErrorsCommand::List(args) => list::run(&args),
        ErrorsCommand::Show(args) => show::run(args),
    }
}

/// `docs/errors/` as it was when this program was built.
#[derive(RustEmbed)]
#[folder = "../../docs/errors/"]
struct Pages;

fn described(code: &ErrorCode) -> Value {
    json!({"code": code, "exitCode": code.exit_code(), "retryable": code.retryable(), "about": code.about()})
}

/// What the documentation says beyond the code's own facts: why it happens, and what to type.
fn page(code: ErrorCode) -> String {
    let page = Pages::get(&format!("{code}.md")).map(|file| String::from_utf8_lossy(&file.data).into_owned());
    // Its title and the facts below it stand above already.
    page.as_deref().and_then(|page| page.splitn(3, "\n\n").nth(2)).unwrap_or_default().trim_end().to_owned()
}
