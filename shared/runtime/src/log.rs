//! Tracing to stderr.

use std::io::IsTerminal;

use thiserror::Error;
use tracing_subscriber::EnvFilter;

use crate::environment::Environment;

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Human,
    /// One JSON object a line.
    Json,
}

/// What is logged and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOptions {
    /// `MAESTRO_LOG_FORMAT`: `human` or `json`.
    pub format: LogFormat,
    /// Filter directives: `MAESTRO_LOG`, else `debug` with `MAESTRO_DEBUG`, else the program's default.
    pub filter: String,
    /// Colours: on a terminal, unless NO_COLOR is set.
    pub color: bool,
}

/// Why logging was not set up.
#[derive(Debug, Error)]
pub enum LogError {
    /// The format is neither `human` nor `json`.
    #[error("MAESTRO_LOG_FORMAT is `{0}`: `human` or `json` is expected")]
    Format(String),
    /// The directives are not understood.
    #[error("MAESTRO_LOG is not a filter: {0}")]
    Filter(String),
    /// It was set up before.
    #[error("logging is set up already")]
    Twice,
}

impl LogOptions {
    /// From the environment; `default` is the program's own filter, as in `info` or `off`.
    pub fn from_environment(environment: &Environment, default: &str) -> Result<Self, LogError> {
        let format = match environment.log_format() {
            None | Some("human") => LogFormat::Human,
            Some("json") => LogFormat::Json,
            Some(other) => return Err(LogError::Format(other.to_owned())),
        };
        let default = if environment.debug() { "debug" } else { default };
        Ok(Self {
            format,
            filter: environment.log_filter().unwrap_or(default).to_owned(),
            color: !environment.no_color() && std::io::stderr().is_terminal(),
        })
    }
}

/// Sends tracing to stderr. The broker library's lines about every event are kept to warnings unless
/// the filter names it.
pub fn init_logging(options: &LogOptions) -> Result<(), LogError> {
    let filter = if options.filter.contains("async_nats") {
        options.filter.clone()
    } else {
        format!("{},async_nats=warn", options.filter)
    };
    let filter: EnvFilter = filter.parse().map_err(|_| LogError::Filter(options.filter.clone()))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let outcome = match options.format {
        LogFormat::Human => builder.with_ansi(options.color).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    outcome.map_err(|_| LogError::Twice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_decides() {
        let environment = Environment::from_lookup(|name| match name {
            "MAESTRO_LOG_FORMAT" => Some("json".to_owned()),
            "MAESTRO_DEBUG" => Some("1".to_owned()),
            _ => None,
        });
        let options = LogOptions::from_environment(&environment, "info").unwrap();
        assert_eq!((options.format, options.filter.as_str()), (LogFormat::Json, "debug"));
        let odd = Environment::from_lookup(|name| (name == "MAESTRO_LOG_FORMAT").then(|| "xml".to_owned()));
        assert!(matches!(LogOptions::from_environment(&odd, "info"), Err(LogError::Format(_))));
    }
}
