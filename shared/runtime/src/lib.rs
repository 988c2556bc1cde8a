//! The only home of environment variables, signals, the set-up of tracing, and files under the home.
//!
//! Everything here is read once at start and handed on as values. Nothing here knows the domain, the
//! wire or the broker, and nothing prints.

mod config;
mod config_file;
mod environment;
mod file;
mod home;
mod log;
mod secret;
mod signal;
mod stack;
mod template;
pub mod trace;
mod turn;
mod user;

pub use config::{Config, ConfigError, Key, Listed, Origin, OutputMode, Partial, Setting};
pub use config_file::{ConfigFile, FileError, NotifySection, ProjectSection, WorkspaceKind};
pub use environment::{AgentEnvironment, Environment, EnvironmentError};
pub use file::{lock_file, read_optional, write_atomically, write_passing, write_secret};
pub use home::{Home, HomeError};
pub use log::{LogError, LogFormat, LogOptions, Logging, init_logging};
pub use secret::{SecretError, secret};
pub use signal::Shutdown;
pub use stack::{Credentials, Process, StackError, StackFile};
pub use template::{TemplateError, render};
pub use turn::Turn;
pub use user::user_name;
