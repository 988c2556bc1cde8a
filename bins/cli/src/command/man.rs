//! `man`

use clap::Args;
use maestro_wire::ErrorBody;
use serde_json::json;

use crate::output::{Output, internal};
use crate::{command, help};

/// Print a page for the system's manual
#[derive(Args, Debug)]
pub struct ManArgs {
    /// The words of a command [default: the whole]
    #[arg(value_name = "COMMAND")]
    pub words: Vec<String>,
}

pub fn run(args: &ManArgs) -> Result<Output, ErrorBody> {
    let mut tree = help::tree();
    tree.build();
    let (found, path) = help::find(&tree, &args.words);
    if path.len() < args.words.len() {
        // The same mistake as with help, and the same answer.
        return command::help::run(&command::help::HelpArgs { words: args.words.clone() });
    }
    let name = std::iter::once("maestro").chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join("-");
    let mut page = Vec::new();
    let made = clap_mangen::Man::new(found.name(name.clone()).bin_name(name.replace('-', " "))).render(&mut page);
    made.map_err(|error| internal(format!("the page cannot be made: {error}")))?;
    let page = String::from_utf8_lossy(&page).into_owned();
    Ok(Output::new(&json!({"name": name, "page": page}), move || page))
}
