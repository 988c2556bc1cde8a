//! The tree of commands.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use maestro_domain::{InvalidValue, ProjectId};

use crate::command::agent::AgentCommand;
use crate::command::completions::CompletionsArgs;
use crate::command::config::ConfigArgs;
use crate::command::errors::ErrorsCommand;
use crate::command::events::EventsArgs;
use crate::command::help::HelpArgs;
use crate::command::hook::HookArgs;
use crate::command::init::InitArgs;
use crate::command::man::ManArgs;
use crate::command::mcp::McpArgs;
use crate::command::message::MessageCommand;
use crate::command::node::NodeCommand;
use crate::command::project::ProjectCommand;
use crate::command::run::RunArgs;
use crate::command::schema::SchemaArgs;
use crate::command::session::SessionCommand;
use crate::command::skill::SkillCommand;
use crate::command::stats::StatsArgs;
use crate::command::status::StatusArgs;
use crate::command::subtask::SubtaskCommand;
use crate::command::task::TaskCommand;
use crate::command::task::next::NextArgs;
use crate::command::template::TemplateCommand;
use crate::command::update::UpdateArgs;
use crate::command::wait::WaitArgs;
use crate::command::whoami::WhoamiArgs;
use crate::up::{BackupArgs, DoctorArgs, DownArgs, LogsArgs, RestoreArgs, UpArgs};

/// Teams of coding agents: tasks, sessions and messages, over NATS
#[derive(Parser, Debug)]
#[command(name = "maestro", version, subcommand_required = true, disable_help_subcommand = true)]
#[command(arg_required_else_help = true, infer_subcommands = false, max_term_width = 110)]
pub struct Cli {
    #[command(flatten)]
    pub globals: Globals,
    #[command(subcommand)]
    pub command: Top,
}

/// Flags that every command takes
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Global options")]
pub struct Globals {
    /// Print exactly one JSON document (streams: one a line)
    #[arg(long, global = true, overrides_with = "json")]
    pub json: bool,
    /// The project [default: MAESTRO_PROJECT_ID, .maestro.toml upwards from here, defaultProject of the config]
    #[arg(long, short = 'p', global = true, value_name = "ID", overrides_with = "project")]
    pub project: Option<ProjectId>,
    /// The broker's address [default: MAESTRO_NATS_URL, the config, the running stack]
    #[arg(long, global = true, value_name = "URL", overrides_with = "server")]
    pub server: Option<String>,
    /// Bound of the whole command, as in 500ms, 5s, 2m [default: 5s; waits: 90s in a session, else 10m]
    #[arg(long, global = true, value_name = "TIME", value_parser = duration, overrides_with = "timeout")]
    pub timeout: Option<Duration>,
    /// The directory of the stack [default: MAESTRO_HOME, ~/.maestro]
    #[arg(long, global = true, value_name = "DIR", overrides_with = "home")]
    pub home: Option<PathBuf>,
    /// No notes on stderr
    #[arg(long, short = 'q', global = true, overrides_with = "quiet")]
    pub quiet: bool,
    /// No colours
    #[arg(long, global = true, overrides_with = "no_color")]
    pub no_color: bool,
}

#[derive(Subcommand, Debug)]
pub enum Top {
    Init(InitArgs),
    Run(RunArgs),
    Status(StatusArgs),
    #[command(subcommand)]
    Project(ProjectCommand),
    #[command(subcommand)]
    Task(TaskCommand),
    #[command(subcommand)]
    Subtask(SubtaskCommand),
    #[command(subcommand)]
    Session(SessionCommand),
    #[command(subcommand)]
    Message(MessageCommand),
    #[command(subcommand)]
    Template(TemplateCommand),
    #[command(subcommand)]
    Agent(AgentCommand),
    #[command(subcommand)]
    Node(NodeCommand),
    Next(NextArgs),
    Update(UpdateArgs),
    Wait(WaitArgs),
    Events(EventsArgs),
    Stats(StatsArgs),
    Whoami(WhoamiArgs),
    Config(ConfigArgs),
    #[command(subcommand)]
    Errors(ErrorsCommand),
    Schema(SchemaArgs),
    Hook(HookArgs),
    Mcp(McpArgs),
    #[command(subcommand)]
    Skill(SkillCommand),
    Up(UpArgs),
    Down(DownArgs),
    Logs(LogsArgs),
    Doctor(DoctorArgs),
    Backup(BackupArgs),
    Restore(RestoreArgs),
    Help(HelpArgs),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// `500ms`, `5s`, `2m`, `1h`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, InvalidValue> {
    let text = text.trim();
    let split = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let unit = match unit {
        "ms" => Some(0.001),
        "" | "s" => Some(1.0),
        "m" | "min" => Some(60.0),
        "h" => Some(3600.0),
        _ => None,
    };
    let seconds = number.trim().parse::<f64>().ok().zip(unit).map(|(number, unit)| number * unit);
    seconds.filter(|s| s.is_finite() && *s > 0.0 && *s <= 604_800.0).map(Duration::from_secs_f64).ok_or_else(|| {
        InvalidValue {
            code: "invalid_value",
            message: format!("'{}' is not a length of time, as in 500ms, 5s, 2m", text.escape_debug()),
        }
    })
}
