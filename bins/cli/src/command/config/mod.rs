//! `config <verb>`, and the same as flags.

mod get;
mod list;
mod set;

use clap::{Args, Subcommand};
use maestro_runtime::{Config, Key, Listed, Origin};
use maestro_wire::{ErrorBody, ErrorCode};
use serde::Serialize;

use crate::context::Context;
use crate::output::Output;

/// Settings: what holds here, and who says so
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct ConfigArgs {
    #[command(subcommand)]
    pub command: Option<ConfigCommand>,
    /// Set a value, as in --set retries=5
    #[arg(long, value_name = "KEY=VALUE", conflicts_with_all = ["get", "list"])]
    pub set: Option<String>,
    /// Show one value
    #[arg(long, value_name = "KEY", conflicts_with = "list")]
    pub get: Option<String>,
    /// Show all values
    #[arg(long)]
    pub list: bool,
}

#[derive(Subcommand, Debug)]
pub enum ConfigCommand {
    Get(get::GetArgs),
    Set(set::SetArgs),
    #[command(alias = "ls")]
    List(list::ListArgs),
}

pub async fn run(args: ConfigArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    match args {
        ConfigArgs { command: Some(ConfigCommand::Get(args)), .. } => get::run(args, ctx),
        ConfigArgs { command: Some(ConfigCommand::Set(args)), .. } => set::run(args, ctx),
        ConfigArgs { set: Some(pair), .. } => set::run(set::SetArgs { words: vec![pair], unset: false }, ctx),
        ConfigArgs { get: Some(key), .. } => get::run(get::GetArgs { key }, ctx),
        ConfigArgs { command: Some(ConfigCommand::List(_)), .. } | ConfigArgs { list: true, .. } => list::run(ctx),
        ConfigArgs { command: None, set: None, get: None, list: false } => {
            Err(ErrorBody::new(ErrorCode::Usage, "config needs a verb: get, set or list")
                .commands(["maestro config list", "maestro config --help"]))
        }
    }
}

/// A value and who says so.
#[derive(Serialize)]
pub struct Shown {
    pub key: &'static str,
    pub value: Option<String>,
    pub origin: String,
}

/// How a key stands in the end, the running stack and the place included.
pub fn shown(ctx: &Context, config: &Config, key: Key) -> Result<Shown, ErrorBody> {
    let Listed { value, origin, .. } = config.get(key);
    let (value, origin) = match key {
        Key::Server if value.is_none() => match crate::address::find(ctx)? {
            Some(address) => (Some(address.url), address.origin),
            None => (None, "not set".to_owned()),
        },
        Key::DefaultProject => match ctx.placed()? {
            Some(placed) => (Some(placed.project.to_string()), placed.origin.clone()),
            None => (None, "not set".to_owned()),
        },
        Key::Retries if origin == Origin::Default => (None, "default: as often as the timeout allows".to_owned()),
        Key::NotifyCommand if value.is_none() => (None, "not set".to_owned()),
        Key::Server | Key::Retries | Key::RetryDelay | Key::OutputMode | Key::NotifyCommand => {
            (value, origin.to_string())
        }
    };
    Ok(Shown { key: key.as_str(), value, origin })
}

pub fn key(text: &str) -> Result<Key, ErrorBody> {
    text.parse().map_err(|error| crate::settings::config_error(&error))
}
