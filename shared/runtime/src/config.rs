//! Settings: each source gives a part, parts are laid over each other, the result knows where each value
//! came from.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use thiserror::Error;

use crate::config_file::ConfigFile;
use crate::environment::{Environment, EnvironmentError};

const DEFAULT_RETRIES: u32 = 3;
const DEFAULT_RETRY_DELAY_MS: u64 = 200;

/// The keys of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// The broker's address.
    Server,
    /// The project when nothing else names one.
    DefaultProject,
    /// How often a request is repeated.
    Retries,
    /// The first wait between two attempts, in milliseconds.
    RetryDelay,
    /// Text or JSON.
    OutputMode,
    /// What is run for what needs a person.
    NotifyCommand,
}

impl Key {
    /// All of them, in the order of listing.
    pub const ALL: [Self; 6] =
        [Self::Server, Self::DefaultProject, Self::Retries, Self::RetryDelay, Self::OutputMode, Self::NotifyCommand];

    /// The name in the file and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::DefaultProject => "defaultProject",
            Self::Retries => "retries",
            Self::RetryDelay => "retryDelay",
            Self::OutputMode => "outputMode",
            Self::NotifyCommand => "notify.command",
        }
    }

    /// What a value is.
    pub fn expects(self) -> &'static str {
        match self {
            Self::Server => "an address as in \"nats://127.0.0.1:4222\"",
            Self::DefaultProject => "a project's name in quotes",
            Self::Retries => "a whole number",
            Self::RetryDelay => "a whole number of milliseconds",
            Self::OutputMode => "\"text\" or \"json\"",
            Self::NotifyCommand => "a command line for sh, in quotes",
        }
    }

    /// A value as it stands in the file.
    pub(crate) fn to_toml(self, value: &str) -> String {
        match self {
            Self::Retries | Self::RetryDelay => value.trim().to_owned(),
            Self::Server | Self::DefaultProject | Self::OutputMode | Self::NotifyCommand => {
                toml::Value::from(value).to_string()
            }
        }
    }
}

impl FromStr for Key {
    type Err = ConfigError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|key| key.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| ConfigError::UnknownKey(text.to_owned()))
    }
}

/// How the command line answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OutputMode {
    /// For people.
    Text,
    /// One JSON document.
    Json,
}

impl OutputMode {
    /// The name in the file.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    fn parse(value: &str, origin: &Origin) -> Result<Self, ConfigError> {
        match value {
            "text" | "table" | "human" => Ok(Self::Text),
            "json" => Ok(Self::Json),
            _ => Err(ConfigError::OutputMode { value: value.to_owned(), origin: origin.clone() }),
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A flag of this call.
    Flag,
    /// An environment variable.
    Environment(&'static str),
    /// The configuration file.
    File(PathBuf),
    /// The running stack's file.
    Stack(PathBuf),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment(variable) => write!(f, "environment {variable}"),
            Self::File(path) => write!(f, "file {}", path.display()),
            Self::Stack(path) => write!(f, "stack {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// Why there is no configuration.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum ConfigError {
    /// No such key.
    #[error("`{0}` is not a key of the configuration")]
    UnknownKey(String),
    /// The output mode is neither text nor json.
    #[error("output mode `{value}` ({origin}) is not known: `text` or `json` is expected")]
    OutputMode {
        /// What it is.
        value: String,
        /// Who says so.
        origin: Origin,
    },
    /// A variable has a value that it cannot have.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

/// A value and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    pub origin: Origin,
}

impl<T> Setting<T> {
    fn new(value: T, origin: Origin) -> Self {
        Self { value, origin }
    }
}

/// What one source says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partial {
    /// The broker's address.
    pub server: Option<Setting<String>>,
    /// The project when nothing else names one.
    pub default_project: Option<Setting<String>>,
    /// How often a request is repeated.
    pub retries: Option<Setting<u32>>,
    /// The first wait between two attempts.
    pub retry_delay: Option<Setting<Duration>>,
    /// Text or JSON.
    pub output_mode: Option<Setting<OutputMode>>,
    /// What is run for what needs a person.
    pub notify_command: Option<Setting<String>>,
}

impl Partial {
    /// What the flags of this call say.
    pub fn from_flags(server: Option<String>, project: Option<String>, output_mode: Option<OutputMode>) -> Self {
        Self {
            server: server.map(|value| Setting::new(value, Origin::Flag)),
            default_project: project.map(|value| Setting::new(value, Origin::Flag)),
            output_mode: output_mode.map(|value| Setting::new(value, Origin::Flag)),
            ..Self::default()
        }
    }

    /// What the environment says.
    pub fn from_environment(environment: &Environment) -> Result<Self, ConfigError> {
        let text = |value: Option<&str>, variable| {
            value.map(|value| Setting::new(value.to_owned(), Origin::Environment(variable)))
        };
        let output = Origin::Environment("MAESTRO_OUTPUT");
        Ok(Self {
            server: text(environment.nats_url(), "MAESTRO_NATS_URL"),
            default_project: text(environment.project(), "MAESTRO_PROJECT_ID"),
            retries: environment.retries()?.map(|value| Setting::new(value, Origin::Environment("MAESTRO_RETRIES"))),
            retry_delay: environment
                .retry_delay_ms()?
                .map(|ms| Setting::new(Duration::from_millis(ms), Origin::Environment("MAESTRO_RETRY_DELAY"))),
            output_mode: environment
                .output()
                .map(|value| OutputMode::parse(value, &output).map(|value| Setting::new(value, output.clone())))
                .transpose()?,
            notify_command: None,
        })
    }

    /// What the configuration file says.
    pub fn from_file(file: &ConfigFile, path: &Path) -> Result<Self, ConfigError> {
        let origin = || Origin::File(path.to_path_buf());
        Ok(Self {
            server: file.server.clone().map(|value| Setting::new(value, origin())),
            default_project: file.default_project.clone().map(|value| Setting::new(value, origin())),
            retries: file.retries.map(|value| Setting::new(value, origin())),
            retry_delay: file.retry_delay.map(|ms| Setting::new(Duration::from_millis(ms), origin())),
            output_mode: file
                .output_mode
                .as_deref()
                .map(|value| OutputMode::parse(value, &origin()).map(|value| Setting::new(value, origin())))
                .transpose()?,
            notify_command: file.notify.command.clone().map(|value| Setting::new(value, origin())),
        })
    }

    /// What the running stack says: its address.
    pub fn from_stack(nats_url: String, path: &Path) -> Self {
        let server = Some(Setting::new(nats_url, Origin::Stack(path.to_path_buf())));
        Self { server, ..Self::default() }
    }

    /// This, and where it says nothing the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            server: self.server.or(other.server),
            default_project: self.default_project.or(other.default_project),
            retries: self.retries.or(other.retries),
            retry_delay: self.retry_delay.or(other.retry_delay),
            output_mode: self.output_mode.or(other.output_mode),
            notify_command: self.notify_command.or(other.notify_command),
        }
    }

    /// Fills what nobody said with the defaults.
    pub fn resolve(self) -> Config {
        let delay = Duration::from_millis(DEFAULT_RETRY_DELAY_MS);
        Config {
            server: self.server,
            default_project: self.default_project,
            retries: self.retries.unwrap_or(Setting::new(DEFAULT_RETRIES, Origin::Default)),
            retry_delay: self.retry_delay.unwrap_or(Setting::new(delay, Origin::Default)),
            output_mode: self.output_mode.unwrap_or(Setting::new(OutputMode::Text, Origin::Default)),
            notify_command: self.notify_command,
        }
    }
}

/// The configuration in force. An address and a project have no default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The broker's address, credentials possibly in it.
    pub server: Option<Setting<String>>,
    /// The project when nothing else names one.
    pub default_project: Option<Setting<String>>,
    /// How often a request is repeated.
    pub retries: Setting<u32>,
    /// The first wait between two attempts.
    pub retry_delay: Setting<Duration>,
    /// Text or JSON.
    pub output_mode: Setting<OutputMode>,
    /// What is run for what needs a person.
    pub notify_command: Option<Setting<String>>,
}

/// One line of `config list`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// The key.
    pub key: Key,
    /// The value, secrets starred out; `None`: not set.
    pub value: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
}

impl Config {
    /// Every key with value and origin.
    pub fn list(&self) -> Vec<Listed> {
        Key::ALL.into_iter().map(|key| self.get(key)).collect()
    }

    /// One key with value and origin.
    pub fn get(&self, key: Key) -> Listed {
        fn listed<T>(key: Key, setting: Option<&Setting<T>>, show: impl Fn(&T) -> String) -> Listed {
            Listed {
                key,
                value: setting.map(|setting| show(&setting.value)),
                origin: setting.map_or(Origin::Default, |setting| setting.origin.clone()),
            }
        }
        match key {
            Key::Server => listed(key, self.server.as_ref(), |address| without_password(address)),
            Key::DefaultProject => listed(key, self.default_project.as_ref(), Clone::clone),
            Key::Retries => listed(key, Some(&self.retries), ToString::to_string),
            Key::RetryDelay => listed(key, Some(&self.retry_delay), |delay| delay.as_millis().to_string()),
            Key::OutputMode => listed(key, Some(&self.output_mode), |mode| mode.as_str().to_owned()),
            Key::NotifyCommand => listed(key, self.notify_command.as_ref(), Clone::clone),
        }
    }
}

fn without_password(address: &str) -> String {
    let (scheme, rest) = address.split_once("://").unwrap_or(("nats", address));
    match rest.rsplit_once('@') {
        Some((user_info, host)) => {
            let user = user_info.split(':').next().unwrap_or_default();
            format!("{scheme}://{user}:***@{host}")
        }
        None => address.to_owned(),
    }
}
