//! `config set`

use clap::Args;
use maestro_client::{Mode, Options};
use maestro_domain::ProjectId;
use maestro_runtime::{ConfigFile, Key};
use maestro_wire::{ErrorBody, ErrorCode};
use serde_json::json;

use crate::context::Context;
use crate::output::Output;
use crate::settings;

/// Set a value in config.toml
#[derive(Args, Debug)]
pub struct SetArgs {
    /// Key and value, as in `retries 5` or `retries=5`
    #[arg(num_args = 1..=2, required = true, value_names = ["KEY", "VALUE"])]
    pub words: Vec<String>,
    /// Take the key out
    #[arg(long)]
    pub unset: bool,
}

pub fn run(args: SetArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (key, value) = match args.words.as_slice() {
        [key] if args.unset => (super::key(key)?, None),
        [pair] => match pair.split_once('=') {
            Some((key, value)) => (super::key(key.trim())?, Some(value.trim().to_owned())),
            None => {
                let key = super::key(pair)?;
                return Err(ErrorBody::new(ErrorCode::MissingRequiredField, format!("{} needs a value", key.as_str()))
                    .with("field", "value")
                    .suggest(format!("{} is {}", key.as_str(), key.expects()))
                    .commands([
                        format!("maestro config get {}", key.as_str()),
                        "maestro config set --help".to_owned(),
                    ]));
            }
        },
        [key, value, ..] => (super::key(key)?, Some(value.clone())),
        [] => return Err(ErrorBody::new(ErrorCode::MissingRequiredField, "the key is missing")),
    };
    if let Some(value) = &value {
        check(key, value)?;
    }
    let home = ctx.home()?;
    if let Err(error) = std::fs::create_dir_all(home.root()) {
        let text = format!("`{}`: {error}", home.root().display());
        return Err(ErrorBody::new(ErrorCode::InvalidConfig, text));
    }
    let path = home.config();
    ConfigFile::set(&path, key, value.as_deref()).map_err(|error| settings::file_error(&error))?;
    let shown = match key {
        Key::Server => value.as_deref().map(|url| url.rsplit_once('@').map_or(url, |(_, host)| host).to_owned()),
        Key::DefaultProject | Key::Retries | Key::RetryDelay | Key::OutputMode | Key::NotifyCommand => value,
    };
    let text = format!("{} = {}  ({})", key.as_str(), shown.as_deref().unwrap_or("not set"), path.display());
    Ok(Output::new(&json!({"key": key.as_str(), "value": shown, "file": path}), move || text))
}

fn check(key: Key, value: &str) -> Result<(), ErrorBody> {
    let problem = match key {
        Key::Server => Options::new(value, Mode::OneShot).err().map(|error| error.to_string()),
        Key::DefaultProject => value.parse::<ProjectId>().err().map(|invalid| invalid.message),
        Key::Retries => value.parse::<u32>().err().map(|error| error.to_string()),
        Key::RetryDelay => value.parse::<u64>().err().map(|error| error.to_string()),
        Key::NotifyCommand => value.trim().is_empty().then(|| "it is blank; --unset takes it out".to_owned()),
        Key::OutputMode => (!matches!(value, "text" | "json" | "table" | "human")).then(|| "not known".to_owned()),
    };
    match problem {
        None => Ok(()),
        Some(problem) => {
            let text = format!("`{}` for {}: {problem}", value.escape_debug(), key.as_str());
            Err(ErrorBody::new(ErrorCode::InvalidConfig, text).suggest(format!(
                "{} is {}",
                key.as_str(),
                key.expects()
            )))
        }
    }
}
