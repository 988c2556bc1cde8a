//! `errors <verb>`: the codes, looked up offline.

mod list;
mod show;

use clap::Subcommand;
use maestro_wire::{ErrorBody, ErrorCode};
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
        ErrorsCommand::List(_) => list::run(),
        ErrorsCommand::Show(args) => show::run(args),
    }
}

fn described(code: &ErrorCode) -> Value {
    json!({"code": code, "exitCode": code.exit_code(), "retryable": code.retryable(), "about": code.about()})
}
