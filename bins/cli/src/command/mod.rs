//! One file a command: `command/<noun>/<verb>.rs`.

pub mod agent;
pub mod config;
pub mod errors;
pub mod events;
pub mod init;
pub mod message;
pub mod node;
pub mod project;
pub mod session;
pub mod status;
pub mod subtask;
pub mod task;
pub mod update;
pub mod wait;
pub mod whoami;

use maestro_wire::ErrorBody;

use crate::cli::Top;
use crate::context::Context;
use crate::output::Output;
use crate::up;

pub async fn run(command: Top, ctx: &Context) -> Result<Output, ErrorBody> {
    match command {
        Top::Init(args) => init::run(args, ctx).await,
        Top::Project(command) => project::run(command, ctx).await,
        Top::Task(command) => task::run(command, ctx).await,
        Top::Subtask(command) => subtask::run(command, ctx).await,
        Top::Session(command) => session::run(command, ctx).await,
        Top::Message(command) => message::run(command, ctx).await,
        Top::Agent(command) => agent::run(command, ctx).await,
        Top::Node(command) => node::run(command, ctx).await,
        Top::Status(_) => status::run(ctx).await,
        Top::Whoami(_) => whoami::run(ctx),
        Top::Update(args) => update::run(args, ctx).await,
        Top::Next(args) => task::next::run(args, ctx).await,
        Top::Wait(args) => wait::run(args, ctx).await,
        Top::Events(args) => events::run(args, ctx).await,
        Top::Config(args) => config::run(args, ctx).await,
        Top::Errors(command) => errors::run(command),
        Top::Up(args) => up::up(args, ctx).await,
        Top::Down(args) => up::down(args, ctx).await,
        Top::Logs(args) => up::logs(args, ctx).await,
        Top::Doctor(args) => up::doctor(args, ctx).await,
    }
}
