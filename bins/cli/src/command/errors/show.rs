//! `errors show`

use clap::Args;
use maestro_wire::{ErrorBody, ErrorCode};

use crate::output::{ACCENT, BOLD, DIM, Output, paint};
use crate::repair::nearest;
use crate::view;

/// Explain one error code
#[derive(Args, Debug)]
pub struct ShowArgs {
    /// A code, as in task_not_found
    pub code: String,
}

pub fn run(args: ShowArgs) -> Result<Output, ErrorBody> {
    let Some(code) = ErrorCode::parse(&args.code) else {
        let near = nearest(&args.code, ErrorCode::ALL.iter().map(|code| code.as_str()));
        let commands = near.map(|near| format!("maestro errors show {near}")).into_iter();
        return Err(ErrorBody::new(ErrorCode::Usage, format!("'{}' is no error code", args.code.escape_debug()))
            .commands(commands.chain(["maestro errors list".to_owned()])));
    };
    let again = if code.retryable() { "the same command may succeed later" } else { "repeating it changes nothing" };
    let facts = paint(DIM, format!("exit code {}; {again}", code.exit_code()));
    let page = super::page(code);
    let mut data = super::described(&code);
    data["page"] = page.as_str().into();
    let body: Vec<String> = view::wrapped(&page).lines().map(coloured).collect();
    let text = format!("{}\n{}\n{facts}\n\n{}", paint(BOLD, code), code.about(), body.join("\n"));
    Ok(Output::new(&data, move || text))
}

/// Lines to type stand out.
fn coloured(line: &str) -> String {
    match line.strip_prefix("    ") {
        Some(command) => format!("    {}", paint(ACCENT, command)),
        None => line.to_owned(),
    }
}
