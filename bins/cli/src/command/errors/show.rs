//! `errors show`

use clap::Args;
use maestro_wire::{ErrorBody, ErrorCode};

use crate::output::{BOLD, DIM, Output, paint};

/// Explain one error code
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// A code, as in task_not_found
    pub code: String,
}

pub fn run(args: ShowArgs) -> Result<Output, ErrorBody> {
    let Some(code) = ErrorCode::parse(&args.code) else {
        let near = ErrorCode::ALL
            .iter()
            .map(|code| code.as_str())
            .max_by(|a, b| strsim::jaro_winkler(a, &args.code).total_cmp(&strsim::jaro_winkler(b, &args.code)));
        let near = near.filter(|near| strsim::jaro_winkler(near, &args.code) > 0.8);
        let commands = near.map(|near| format!("maestro errors show {near}")).into_iter();
        return Err(ErrorBody::new(ErrorCode::Usage, format!("'{}' is no error code", args.code.escape_debug()))
            .commands(commands.chain(["maestro errors list".to_owned()])));
    };
    let again = if code.retryable() { "the same command may succeed later" } else { "repeating it changes nothing" };
    let facts = paint(DIM, format!("exit code {}; {again}", code.exit_code()));
    let text = format!("{}\n{}\n{facts}", paint(BOLD, code), code.about());
    Ok(Output::new(&super::described(&code), move || text))
}
