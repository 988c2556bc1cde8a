//! `session <verb>`, one file each.

mod answer;
pub mod attach;
mod diff;
mod discard;
mod info;
mod list;
mod logs;
mod manifest;
mod merge;
mod prompt;
mod prune;
mod replay;
mod restart;
mod resume;
mod send;
mod several;
mod spawn;
mod stop;
mod wait;

pub use prune::Pruned;
pub use spawn::RoleName;

use clap::Subcommand;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;

/// Agents at work
#[derive(Subcommand, Debug)]
pub enum SessionCommand {
    Spawn(spawn::SpawnArgs),
    #[command(alias = "ls")]
    List(list::ListArgs),
    #[command(alias = "show", alias = "get")]
    Info(info::InfoArgs),
    Stop(stop::StopArgs),
    Resume(resume::ResumeArgs),
    Restart(restart::RestartArgs),
    Wait(wait::WaitSessionArgs),
    Attach(attach::AttachArgs),
    Logs(logs::LogsArgs),
    Send(send::SendArgs),
    Answer(answer::AnswerArgs),
    Replay(replay::ReplayArgs),
    Diff(diff::DiffArgs),
    Merge(merge::MergeArgs),
    Discard(discard::DiscardArgs),
    Prune(prune::PruneArgs),
    Manifest(manifest::ManifestArgs),
    Prompt(prompt::PromptArgs),
}

pub async fn run(command: SessionCommand, ctx: &Context) -> Result<Output, ErrorBody> {
    match command {
        SessionCommand::Spawn(args) => spawn::run(args, ctx).await,
        SessionCommand::List(args) => list::run(args, ctx).await,
        SessionCommand::Info(args) => info::run(args, ctx).await,
        SessionCommand::Stop(args) => stop::run(args, ctx).await,
        SessionCommand::Resume(args) => resume::run(args, ctx).await,
        SessionCommand::Restart(args) => restart::run(args, ctx).await,
        SessionCommand::Wait(args) => wait::run(args, ctx).await,
        SessionCommand::Attach(args) => attach::run(args, ctx).await,
        SessionCommand::Logs(args) => logs::run(args, ctx).await,
        SessionCommand::Send(args) => send::run(args, ctx).await,
        SessionCommand::Answer(args) => answer::run(args, ctx).await,
        SessionCommand::Replay(args) => replay::run(args, ctx).await,
        SessionCommand::Diff(args) => diff::run(args, ctx).await,
        SessionCommand::Merge(args) => merge::run(args, ctx).await,
        SessionCommand::Discard(args) => discard::run(args, ctx).await,
        SessionCommand::Prune(args) => prune::run(args, ctx).await,
        SessionCommand::Manifest(args) => manifest::run(args, ctx).await,
        SessionCommand::Prompt(args) => prompt::run(args, ctx).await,
    }
}
