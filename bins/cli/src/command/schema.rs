//! `schema`: the shapes of what crosses the broker and of what is printed, looked up offline.

use clap::Args;
use maestro_wire::{ErrorBody, ErrorCode, Page};
use rust_embed::RustEmbed;
use serde_json::{Value, json};

use crate::output::{DIM, Output, internal, paint};
use crate::repair::nearest;

/// `schemas/` as it was when this program was built.
#[derive(RustEmbed)]
#[folder = "../../schemas/"]
struct Files;

const END: &str = ".schema.json";

/// Print the JSON Schema of an answer, a command or an event
#[derive(Args, Debug)]
pub struct SchemaArgs {
    /// Its name, as in view.task or command.task.import [default: the list of names]
    pub name: Option<String>,
}

pub fn run(args: &SchemaArgs) -> Result<Output, ErrorBody> {
    let mut names: Vec<String> =
        Files::iter().filter_map(|file| file.strip_suffix(END).map(ToOwned::to_owned)).collect();
    names.sort();
    let Some(name) = &args.name else { return Ok(list(names)) };
    let name = name.strip_suffix(END).unwrap_or(name);
    let Some(file) = Files::get(&format!("{name}{END}")) else {
        let text = format!("there is no schema '{}'", name.escape_debug());
        let near = nearest(name, names.iter().map(String::as_str)).map(|near| format!("maestro schema {near}"));
        return Err(ErrorBody::new(ErrorCode::FileNotFound, text)
            .with("schema", name)
            .commands(near.into_iter().chain(["maestro schema".to_owned()])));
    };
    let schema: Value = serde_json::from_slice(&file.data).map_err(internal)?;
    let text = String::from_utf8_lossy(&file.data).into_owned();
    Ok(Output::new(&schema, move || text))
}

fn list(names: Vec<String>) -> Output {
    let items = names.iter().map(|name| json!({"name": name})).collect::<Vec<_>>();
    Output::new(&Page { items, next_cursor: None }, move || {
        format!("{}\n{}", names.join("\n"), paint(DIM, "one of them: maestro schema view.task"))
    })
}
