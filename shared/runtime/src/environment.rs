//! The environment, read once. No other code asks for a variable.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::trace::{self, TraceOptions};

/// The standard's bound of one batch of spans.
const TIMEOUT: Duration = Duration::from_secs(10);

/// A variable has a value that it cannot have.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("{variable} is `{value}`: {expected}")]
pub struct EnvironmentError {
    /// The variable.
    pub variable: &'static str,
    /// What it is.
    pub value: String,
    /// What it could be.
    pub expected: &'static str,
}

/// What a session's process finds about itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentEnvironment {
    /// `MAESTRO_SESSION_ID`.
    pub session: String,
    /// `MAESTRO_SESSION_EPOCH`.
    pub epoch: u64,
    /// `MAESTRO_TASK_IDS`, split at commas and spaces.
    pub tasks: Vec<String>,
    /// `MAESTRO_ROLE`.
    pub role: Option<String>,
    /// `MAESTRO_SKILL`.
    pub skill: Option<String>,
    /// `MAESTRO_MANIFEST`: the manifest's file.
    pub manifest: Option<PathBuf>,
}

/// Everything the programs take from the environment. An empty variable counts as not set.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Environment {
    values: BTreeMap<&'static str, String>,
}

/// Every variable that any program of ours reads.
const VARIABLES: [&str; 33] = [
    "MAESTRO_NATS_URL",
    "MAESTRO_NATS_SERVER",
    "MAESTRO_HOME",
    "MAESTRO_BIN",
    "MAESTRO_PROJECT_ID",
    "MAESTRO_SESSION_ID",
    "MAESTRO_SESSION_EPOCH",
    "MAESTRO_TASK_IDS",
    "MAESTRO_ROLE",
    "MAESTRO_SKILL",
    "MAESTRO_MANIFEST",
    "MAESTRO_USER",
    "MAESTRO_RETRIES",
    "MAESTRO_RETRY_DELAY",
    "MAESTRO_DEBUG",
    "MAESTRO_OUTPUT",
    "MAESTRO_LOG",
    "MAESTRO_LOG_FORMAT",
    "MAESTRO_API_URL",
    "HOME",
    "USER",
    "LOGNAME",
    "PATH",
    "SHELL",
    "TERM",
    "NO_COLOR",
    "TRACEPARENT",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TIMEOUT",
    "OTEL_SDK_DISABLED",
    "OTEL_SERVICE_NAME",
    "OTEL_TRACES_EXPORTER",
];

impl Environment {
    /// Reads the process's environment. Values that are no Unicode count as not set.
    pub fn read() -> Self {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// An environment from anywhere else, for tests.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let known = |name: &&'static str| Some((*name, lookup(name).filter(|value| !value.trim().is_empty())?));
        Self { values: VARIABLES.iter().filter_map(known).collect() }
    }

    /// `MAESTRO_NATS_URL`: the broker's address, credentials possibly in it.
    pub fn nats_url(&self) -> Option<&str> {
        self.get("MAESTRO_NATS_URL")
    }

    /// `MAESTRO_NATS_SERVER`: the nats-server that `maestro up` starts.
    pub fn nats_server(&self) -> Option<PathBuf> {
        self.get("MAESTRO_NATS_SERVER").map(PathBuf::from)
    }

    /// `MAESTRO_API_URL`: of another product; only to give a hint.
    pub fn former_api_url(&self) -> Option<&str> {
        self.get("MAESTRO_API_URL")
    }

    /// `MAESTRO_HOME`.
    pub fn maestro_home(&self) -> Option<PathBuf> {
        self.get("MAESTRO_HOME").map(PathBuf::from)
    }

    /// `HOME`.
    pub fn user_home(&self) -> Option<PathBuf> {
        self.get("HOME").map(PathBuf::from)
    }

    /// `MAESTRO_BIN`: where the `maestro` of this stack lies.
    pub fn bin(&self) -> Option<PathBuf> {
        self.get("MAESTRO_BIN").map(PathBuf::from)
    }

    /// `MAESTRO_MANIFEST`: in a session, the file with what it was told.
    pub fn manifest(&self) -> Option<PathBuf> {
        self.get("MAESTRO_MANIFEST").map(PathBuf::from)
    }

    /// `MAESTRO_PROJECT_ID`.
    pub fn project(&self) -> Option<&str> {
        self.get("MAESTRO_PROJECT_ID")
    }

    /// `MAESTRO_TASK_IDS`, split at commas and spaces.
    pub fn tasks(&self) -> Vec<String> {
        let text = self.get("MAESTRO_TASK_IDS").unwrap_or_default();
        text.split([',', ' ']).filter(|task| !task.is_empty()).map(ToOwned::to_owned).collect()
    }

    /// `MAESTRO_RETRIES`.
    pub fn retries(&self) -> Result<Option<u32>, EnvironmentError> {
        self.number("MAESTRO_RETRIES", "a whole number is expected")
    }

    /// `MAESTRO_RETRY_DELAY`, in milliseconds.
    pub fn retry_delay_ms(&self) -> Result<Option<u64>, EnvironmentError> {
        self.number("MAESTRO_RETRY_DELAY", "a whole number of milliseconds is expected")
    }

    /// `MAESTRO_DEBUG`: set, and neither `0` nor `false`.
    pub fn debug(&self) -> bool {
        self.get("MAESTRO_DEBUG").is_some_and(|value| !matches!(value, "0" | "false"))
    }

    /// `MAESTRO_OUTPUT`, as it stands.
    pub fn output(&self) -> Option<&str> {
        self.get("MAESTRO_OUTPUT")
    }

    /// `MAESTRO_LOG`: filter directives.
    pub fn log_filter(&self) -> Option<&str> {
        self.get("MAESTRO_LOG")
    }

    /// `MAESTRO_LOG_FORMAT`, as it stands.
    pub fn log_format(&self) -> Option<&str> {
        self.get("MAESTRO_LOG_FORMAT")
    }

    /// `NO_COLOR` is set (no-color.org).
    pub fn no_color(&self) -> bool {
        self.get("NO_COLOR").is_some()
    }

    /// `PATH`.
    pub fn path(&self) -> Option<&str> {
        self.get("PATH")
    }

    /// `SHELL`.
    pub fn shell(&self) -> Option<&str> {
        self.get("SHELL")
    }

    /// `TERM`.
    pub fn term(&self) -> Option<&str> {
        self.get("TERM")
    }

    /// `TRACEPARENT`: the trace that this process belongs to (W3C Trace Context); one that is malformed counts as not set.
    pub fn traceparent(&self) -> Option<&str> {
        self.get("TRACEPARENT").and_then(trace::parse)
    }

    /// Where the spans of `program` go; `None`: nowhere, as always without the feature `otel`. The exporter reads more of
    /// OpenTelemetry's variables itself.
    pub fn traces(&self, program: &str) -> Option<TraceOptions> {
        let endpoints = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];
        let wanted = cfg!(feature = "otel") && endpoints.iter().any(|name| self.get(name).is_some());
        let disabled = self.get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
            || self.get("OTEL_TRACES_EXPORTER") == Some("none");
        (wanted && !disabled).then(|| TraceOptions {
            service: self.get("OTEL_SERVICE_NAME").unwrap_or(program).to_owned(),
            timeout: self
                .number("OTEL_EXPORTER_OTLP_TIMEOUT", "")
                .ok()
                .flatten()
                .map_or(TIMEOUT, Duration::from_millis),
        })
    }

    /// The name under which a person acts here: `MAESTRO_USER`, else the login name, made a user name.
    pub fn user(&self) -> String {
        let login = ["MAESTRO_USER", "USER", "LOGNAME"].iter().find_map(|name| self.get(name));
        crate::user_name(login.unwrap_or_default())
    }

    /// Whether `MAESTRO_SESSION_ID` is set: this process belongs to a session.
    pub fn is_session(&self) -> bool {
        self.get("MAESTRO_SESSION_ID").is_some()
    }

    /// The session this process runs in; `None` outside of one. A session without an epoch is refused:
    /// its commands could not be told from those of a superseded start.
    pub fn agent(&self) -> Result<Option<AgentEnvironment>, EnvironmentError> {
        let Some(session) = self.get("MAESTRO_SESSION_ID") else { return Ok(None) };
        let epoch = self.number("MAESTRO_SESSION_EPOCH", "a whole number is expected")?;
        let epoch = epoch.ok_or(EnvironmentError {
            variable: "MAESTRO_SESSION_EPOCH",
            value: String::new(),
            expected: "a whole number is expected where MAESTRO_SESSION_ID is set",
        })?;
        Ok(Some(AgentEnvironment {
            session: session.to_owned(),
            epoch,
            tasks: self.tasks(),
            role: self.get("MAESTRO_ROLE").map(ToOwned::to_owned),
            skill: self.get("MAESTRO_SKILL").map(ToOwned::to_owned),
            manifest: self.get("MAESTRO_MANIFEST").map(PathBuf::from),
        }))
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    fn number<T: std::str::FromStr>(
        &self,
        variable: &'static str,
        expected: &'static str,
    ) -> Result<Option<T>, EnvironmentError> {
        let Some(text) = self.get(variable) else { return Ok(None) };
        text.trim().parse().map(Some).map_err(|_| EnvironmentError { variable, value: text.to_owned(), expected })
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Values may hold credentials.
        f.debug_set().entries(self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::from_lookup(|name| {
            pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_session_needs_its_epoch() {
        let agent = environment(&[("MAESTRO_SESSION_ID", "s3"), ("MAESTRO_SESSION_EPOCH", "2")]).agent();
        assert_eq!(agent.unwrap().unwrap().epoch, 2);
        assert_eq!(environment(&[("MAESTRO_SESSION_ID", "s3")]).agent().unwrap_err().variable, "MAESTRO_SESSION_EPOCH");
        assert_eq!(environment(&[]).agent(), Ok(None));
    }

    #[test]
    fn lists_numbers_and_flags_are_read() {
        let environment = environment(&[
            ("MAESTRO_TASK_IDS", "t1, t2 t3"),
            ("MAESTRO_RETRIES", "x"),
            ("MAESTRO_DEBUG", "0"),
            ("MAESTRO_NATS_URL", "  "),
            ("LOGNAME", "S7"),
        ]);
        assert_eq!(environment.tasks(), ["t1", "t2", "t3"]);
        assert!(environment.retries().unwrap_err().to_string().starts_with("MAESTRO_RETRIES is `x`"));
        assert!(!environment.debug());
        assert_eq!(environment.nats_url(), None);
        assert_eq!(environment.user(), "u-s7");
    }

    #[test]
    fn spans_go_where_the_standard_says() {
        let endpoint = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318");
        assert_eq!(environment(&[]).traces("maestro"), None);
        assert_eq!(environment(&[endpoint, ("OTEL_SDK_DISABLED", "TRUE")]).traces("maestro"), None);
        assert_eq!(environment(&[endpoint, ("OTEL_TRACES_EXPORTER", "none")]).traces("maestro"), None);
        let set = environment(&[endpoint, ("OTEL_EXPORTER_OTLP_TIMEOUT", "x")]).traces("maestro");
        let expected = TraceOptions { service: "maestro".to_owned(), timeout: TIMEOUT };
        assert_eq!(set, cfg!(feature = "otel").then_some(expected));
    }

    #[test]
    fn debug_shows_names_only() {
        let environment = environment(&[("MAESTRO_NATS_URL", "nats://a:hidden@h")]);
        assert!(!format!("{environment:?}").contains("hidden"));
    }
}
