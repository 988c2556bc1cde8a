//! One file a command: `command/<noun>/<verb>.rs`.

pub mod agent;
pub mod completions;
pub mod config;
pub mod errors;
pub mod events;
pub mod help;
pub mod hook;
pub mod init;
pub mod man;
pub mod mcp;
pub mod message;
pub mod node;
pub mod project;
pub mod run;
pub mod schema;
pub mod session;
pub mod skill;
pub mod stats;
pub mod status;
pub mod subtask;
pub mod task;
pub mod template;
pub mod update;
pub mod wait;
pub mod whoami;

use maestro_wire::ErrorBody;

use crate::cli::Top;
use crate::context::Context;
use crate::output::Output;
use crate::{permission, up};

pub async fn run(command: Top, ctx: &Context) -> Result<Output, ErrorBody> {
    permission::check(&command, &ctx.environment)?;
    match command {
        Top::Init(args) => init::run(args, ctx).await,
        Top::Project(command) => project::run(command, ctx).await,
        Top::Task(command) => task::run(command, ctx).await,
        Top::Subtask(command) => subtask::run(command, ctx).await,
        Top::Session(command) => session::run(command, ctx).await,
        Top::Message(command) => message::run(command, ctx).await,
        Top::Template(command) => template::run(command, ctx).await,
        Top::Agent(command) => agent::run(command, ctx).await,
        Top::Node(command) => node::run(command, ctx).await,
        Top::Run(args) => run::run(args, ctx).await,
        Top::Status(args) => status::run(&args, ctx).await,
        Top::Stats(args) => stats::run(&args, ctx).await,
        Top::Whoami(_) => whoami::run(ctx),
        Top::Update(args) => update::run(args, ctx).await,
        Top::Next(args) => task::next::run(args, ctx).await,
        Top::Wait(args) => wait::run(args, ctx).await,
        Top::Events(args) => events::run(args, ctx).await,
        Top::Config(args) => config::run(args, ctx).await,
        Top::Errors(command) => errors::run(command),
        Top::Schema(args) => schema::run(&args),
        Top::Hook(args) => hook::run(args, ctx).await,
        Top::Mcp(_) => mcp::run(ctx).await,
        Top::Skill(command) => skill::run(command, ctx),
        Top::Up(args) => up::up(args, ctx).await,
        Top::Down(args) => up::down(args, ctx).await,
        Top::Logs(args) => up::logs(args, ctx).await,
        Top::Doctor(args) => up::doctor(args, ctx).await,
        Top::Backup(args) => up::backup(args, ctx).await,
        Top::Restore(args) => up::restore(args, ctx).await,
        Top::Help(args) => help::run(&args),
        Top::Completions(args) => completions::run(&args),
        Top::Man(args) => man::run(&args),
    }
}
