//! `completions`

use clap::Args;
use clap_complete::Shell;
use maestro_wire::ErrorBody;
use serde_json::json;

use crate::help;
use crate::output::Output;

/// Print what a shell needs to complete commands and options
#[derive(Args, Debug)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: Shell,
}

pub fn run(args: &CompletionsArgs) -> Result<Output, ErrorBody> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut help::tree(), "maestro", &mut script);
    let script = String::from_utf8_lossy(&script).into_owned();
    let data = json!({"shell": args.shell.to_string(), "script": script});
    Ok(Output::new(&data, move || script))
}
