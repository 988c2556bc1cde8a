//! `help`

use clap::Args;
use maestro_wire::{ErrorBody, ErrorCode};
use serde_json::json;

use crate::help;
use crate::output::Output;
use crate::repair::nearest;

/// Explain a command, or everything: getting-started, agents, reference
#[derive(Args, Debug)]
pub struct HelpArgs {
    /// The words of a command, or getting-started, agents, reference
    #[arg(value_name = "COMMAND|TOPIC")]
    pub words: Vec<String>,
}

const TOPICS: [&str; 3] = ["getting-started", "agents", "reference"];

pub fn run(args: &HelpArgs) -> Result<Output, ErrorBody> {
    let topic = match args.words.first().map(String::as_str) {
        Some("getting-started") => Some(help::started::text()),
        Some("agents") => Some(help::agents::text(&help::bare_tree())),
        Some("reference") => Some(help::reference::text(help::tree())),
        Some(_) | None => None,
    };
    if let Some(text) = topic {
        let plain = anstream::adapter::strip_str(&text).to_string();
        return Ok(Output::new(&json!({"topic": args.words[0], "text": plain}), move || text));
    }
    let mut tree = help::tree_for(&args.words);
    tree.build();
    let (mut command, path) = help::find(&tree, &args.words);
    if let Some(unknown) = args.words.get(path.len()) {
        return Err(no_such(&command, &path, unknown));
    }
    let text = if command.get_long_about().is_some() { command.render_long_help() } else { command.render_help() };
    let document = help::document(&path, &text.to_string());
    Ok(Output::new(&document, move || text.ansi().to_string()))
}

fn no_such(at: &clap::Command, path: &[String], unknown: &str) -> ErrorBody {
    let names = at.get_subcommands().map(clap::Command::get_name);
    let topics = TOPICS.into_iter().filter(|_| path.is_empty());
    let near = nearest(unknown, names.chain(topics));
    let of = std::iter::once("maestro help").chain(path.iter().map(String::as_str)).collect::<Vec<_>>().join(" ");
    let text = format!("there is no command or topic '{}' there", unknown.escape_debug());
    let commands = near.map(|near| format!("{of} {near}")).into_iter().chain([of.clone()]);
    ErrorBody::new(ErrorCode::Usage, text).with("argument", unknown).commands(commands)
}
