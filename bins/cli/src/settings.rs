//! The configuration of one call, and who acts in it.

use maestro_domain::Actor;
use maestro_runtime::{
    Config, ConfigError, ConfigFile, Environment, EnvironmentError, FileError, Home, Key, Origin, Partial,
};
use maestro_wire::{ErrorBody, ErrorCode};

use crate::cli::Globals;

/// Flags over environment over file over defaults.
pub fn read(globals: &Globals, environment: &Environment, home: Option<&Home>) -> Result<Config, ErrorBody> {
    let flags = Partial::from_flags(
        globals.server.clone(),
        globals.project.as_ref().map(ToString::to_string),
        globals.json.then_some(maestro_runtime::OutputMode::Json),
    );
    let file = match home.map(Home::config) {
        Some(path) => {
            let file = ConfigFile::read(&path).map_err(|error| file_error(&error))?;
            Partial::from_file(&file, &path).map_err(|error| config_error(&error))?
        }
        None => Partial::default(),
    };
    let environment = Partial::from_environment(environment).map_err(|error| config_error(&error))?;
    Ok(flags.or(environment).or(file).resolve())
}

/// A session with its epoch, or a person.
pub fn actor(environment: &Environment) -> Result<(Actor, Option<u32>), ErrorBody> {
    match environment.agent().map_err(|error| environment_error(&error))? {
        Some(agent) => {
            let session = agent.session.parse().map_err(ErrorBody::from)?;
            let epoch = u32::try_from(agent.epoch).ok().filter(|epoch| *epoch > 0).ok_or_else(|| {
                ErrorBody::new(ErrorCode::InvalidConfig, format!("MAESTRO_SESSION_EPOCH is `{}`", agent.epoch))
                    .suggest("epochs count from 1")
            })?;
            Ok((Actor::Session(session), Some(epoch)))
        }
        None => Ok((Actor::User(environment.user().parse()?), None)),
    }
}

pub fn file_error(error: &FileError) -> ErrorBody {
    ErrorBody::new(ErrorCode::InvalidConfig, error.to_string()).suggest(error.hint())
}

pub fn config_error(error: &ConfigError) -> ErrorBody {
    let body = ErrorBody::new(ErrorCode::InvalidConfig, error.to_string());
    match error {
        ConfigError::UnknownKey(key) => {
            let known: Vec<&str> = Key::ALL.iter().map(|key| key.as_str()).collect();
            let near =
                known.iter().max_by(|a, b| strsim::jaro_winkler(a, key).total_cmp(&strsim::jaro_winkler(b, key)));
            let body = ErrorBody::new(ErrorCode::InvalidConfig, error.to_string()).with("known", known.clone());
            match near.filter(|near| strsim::jaro_winkler(near, key) > 0.8) {
                Some(near) => body.commands([format!("maestro config get {near}"), "maestro config list".to_owned()]),
                None => body.commands(["maestro config list"]),
            }
        }
        ConfigError::OutputMode { origin: Origin::File(_), .. } => {
            body.commands(["maestro config set outputMode json"])
        }
        ConfigError::OutputMode { .. } => body.suggest("unset the variable or give it a value that fits"),
        ConfigError::Environment(_) => body.suggest("unset the variable or give it a value that fits"),
    }
}

pub fn environment_error(error: &EnvironmentError) -> ErrorBody {
    let body = ErrorBody::new(ErrorCode::InvalidConfig, error.to_string()).with("variable", error.variable);
    body.suggest(format!("unset {} or give it a value that fits", error.variable))
}
