//! `task <verb>`, one file each.

mod approve;
mod block;
mod cancel;
mod comment;
mod complete;
mod create;
mod delete;
mod depend;
mod export;
mod get;
mod graph;
pub mod import;
pub mod inputs;
mod list;
mod log;
pub mod next;
mod release;
mod reopen;
mod start;
mod submit;
mod unblock;
mod update;
mod watch;

use clap::Subcommand;
use maestro_wire::ErrorBody;

use crate::context::Context;
use crate::output::Output;

/// Units of work
#[derive(Subcommand, Debug)]
pub enum TaskCommand {
    #[command(alias = "new")]
    Create(create::CreateArgs),
    #[command(alias = "ls")]
    List(list::ListArgs),
    #[command(alias = "show")]
    Get(get::GetArgs),
    Update(update::UpdateArgs),
    Start(start::StartArgs),
    Log(log::LogArgs),
    Comment(comment::CommentArgs),
    #[command(alias = "done")]
    Complete(complete::CompleteArgs),
    Block(block::BlockArgs),
    Unblock(unblock::UnblockArgs),
    Release(release::ReleaseArgs),
    Submit(submit::SubmitArgs),
    Approve(approve::ApproveArgs),
    Reopen(reopen::ReopenArgs),
    Cancel(cancel::CancelArgs),
    #[command(alias = "rm")]
    Delete(delete::DeleteArgs),
    Next(next::NextArgs),
    Depend(depend::DependArgs),
    Watch(watch::WatchArgs),
    Graph(graph::GraphArgs),
    Export(export::ExportArgs),
    Import(import::ImportArgs),
}

pub async fn run(command: TaskCommand, ctx: &Context) -> Result<Output, ErrorBody> {
    match command {
        TaskCommand::Create(args) => create::run(args, ctx).await,
        TaskCommand::List(args) => list::run(args, ctx).await,
        TaskCommand::Get(args) => get::run(args, ctx).await,
        TaskCommand::Update(args) => update::run(args, ctx).await,
        TaskCommand::Start(args) => start::run(args, ctx).await,
        TaskCommand::Log(args) => log::run(args, ctx).await,
        TaskCommand::Comment(args) => comment::run(args, ctx).await,
        TaskCommand::Complete(args) => complete::run(args, ctx).await,
        TaskCommand::Block(args) => block::run(args, ctx).await,
        TaskCommand::Unblock(args) => unblock::run(args, ctx).await,
        TaskCommand::Release(args) => release::run(args, ctx).await,
        TaskCommand::Submit(args) => submit::run(args, ctx).await,
        TaskCommand::Approve(args) => approve::run(args, ctx).await,
        TaskCommand::Reopen(args) => reopen::run(args, ctx).await,
        TaskCommand::Cancel(args) => cancel::run(args, ctx).await,
        TaskCommand::Delete(args) => delete::run(args, ctx).await,
        TaskCommand::Next(args) => next::run(args, ctx).await,
        TaskCommand::Depend(args) => depend::run(args, ctx).await,
        TaskCommand::Watch(args) => watch::run(args, ctx).await,
        TaskCommand::Graph(args) => graph::run(args, ctx).await,
        TaskCommand::Export(args) => export::run(args, ctx).await,
        TaskCommand::Import(args) => import::run(args, ctx).await,
    }
}
