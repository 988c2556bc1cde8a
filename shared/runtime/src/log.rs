//! Tracing: lines to stderr, spans to a collector.

use std::io::IsTerminal;

use thiserror::Error;
use tracing_subscriber::EnvFilter;

use crate::environment::Environment;
use crate::trace::TraceOptions;

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
    /// Where spans go, if anywhere.
    pub traces: Option<TraceOptions>,
}

/// Logging is set up. Dropped, at the end of the program, it sends the spans that are left, for a second at most.
#[must_use = "dropped, it sends no more spans"]
#[derive(Default)]
pub struct Logging {
    #[cfg(feature = "otel")]
    _exporter: Option<crate::trace::Exporter>,
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
            traces: None,
        })
    }

    /// Sends spans, too, where the environment says; `program` is who they are of.
    #[must_use]
    pub fn with_traces(mut self, environment: &Environment, program: &str) -> Self {
        self.traces = environment.traces(program);
        self
    }
}

/// Sends tracing to stderr. The broker library's lines about every event are kept to warnings unless
/// the filter names it.
pub fn init_logging(options: &LogOptions) -> Result<Logging, LogError> {
    let filter = if options.filter.contains("async_nats") {
        options.filter.clone()
    } else {
        format!("{},async_nats=warn", options.filter)
    };
    #[cfg(feature = "otel")]
    let filter = format!("{filter},{}=off,ureq=warn,ureq_proto=warn", crate::trace::TARGET);
    let filter: EnvFilter = filter.parse().map_err(|_| LogError::Filter(options.filter.clone()))?;
    #[cfg(feature = "otel")]
    if let Some(traces) = &options.traces {
        return with_spans(options, filter, traces);
    }
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let outcome = match options.format {
        LogFormat::Human => builder.with_ansi(options.color).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    outcome.map(|()| Logging::default()).map_err(|_| LogError::Twice)
}

/// Each of the two has a filter of its own: what is logged does not decide what is traced.
#[cfg(feature = "otel")]
fn with_spans(options: &LogOptions, filter: EnvFilter, traces: &TraceOptions) -> Result<Logging, LogError> {
    use tracing_subscriber::layer::SubscriberExt as _;
    use tracing_subscriber::util::SubscriberInitExt as _;
    use tracing_subscriber::{Layer as _, fmt, registry};

    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match options.format {
        LogFormat::Human => lines.with_ansi(options.color).boxed(),
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
    };
    let (spans, exporter, problem) = match crate::trace::start(traces) {
        Ok((layer, exporter)) => (Some(layer), Some(exporter), None),
        Err(error) => (None, None, Some(error)),
    };
    registry().with(spans).with(lines.with_filter(filter)).try_init().map_err(|_| LogError::Twice)?;
    if let Some(error) = problem {
        tracing::warn!(cause = %error, "spans cannot be exported");
    }
    Ok(Logging { _exporter: exporter })
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
