//! `task update`

use clap::Args;
use maestro_domain::{
    BlockTask, CancelTask, CompleteTask, Label, Priority, ReleaseTask, ReopenTask, Request, StartTask, StatusKind,
    SubmitTask, TaskId, TaskRef, UnblockTask, UpdateTask,
};
use maestro_wire::{ErrorBody, ErrorCode, Query, Reply, TaskDetail, TaskGet};

use crate::context::Context;
use crate::output::Output;
use crate::target::Target;
use crate::{parse, target, text, view};

/// Change a task; --status runs the verb that leads there, with its rules
#[derive(Args, Debug)]
pub struct UpdateArgs {
    /// The task [default: the session's only claim, else the last it took, else its first task]
    pub task: Option<TaskRef>,
    /// Its title, in one line
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub title: Option<String>,
    /// What it is about, in markdown; `-`: from stdin
    #[arg(long, short = 'd', alias = "description", value_name = "TEXT", allow_hyphen_values = true)]
    pub desc: Option<String>,
    /// critical, high, medium or low
    #[arg(long, value_parser = parse::priority)]
    pub priority: Option<Priority>,
    /// pending, in_progress, in_review, blocked, completed, cancelled
    #[arg(long)]
    pub status: Option<StatusKind>,
    /// Replaces all labels; may be repeated
    #[arg(long = "label", alias = "labels", value_delimiter = ',')]
    pub labels: Option<Vec<Label>>,
    /// Replaces all acceptance criteria; may be repeated
    #[arg(long = "accept", alias = "acceptance", value_name = "TEXT", allow_hyphen_values = true)]
    pub accept: Option<Vec<String>>,
    /// Technical notes, in markdown
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub notes: Option<String>,
    /// Why, with --status blocked, cancelled or pending
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub reason: Option<String>,
    /// What was done, with --status completed or in_review
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub summary: Option<String>,
    /// Past open subtasks and dependencies
    #[arg(long)]
    pub force: bool,
}

pub async fn run(args: UpdateArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let changes = UpdateTask {
        task: TaskId::new(1),
        title: text::maybe(args.title.as_ref(), text::title)?,
        description: text::maybe(args.desc.as_ref(), text::markdown)?,
        acceptance: args.accept.as_ref().map(|lines| text::each(lines, text::line)).transpose()?,
        technical_notes: text::maybe(args.notes.as_ref(), text::markdown)?,
        priority: args.priority,
        labels: args.labels.clone(),
    };
    let changed = changes.title.is_some()
        || changes.description.is_some()
        || changes.acceptance.is_some()
        || changes.technical_notes.is_some()
        || changes.priority.is_some()
        || changes.labels.is_some();
    if !changed && args.status.is_none() {
        return Err(ErrorBody::new(ErrorCode::NoUpdates, "nothing to change was given")
            .suggest("give at least one of --title, --desc, --priority, --label, --accept, --notes, --status")
            .commands(["maestro task update --help"]));
    }
    if args.status == Some(StatusKind::Blocked) && args.reason.is_none() {
        return Err(ErrorBody::new(ErrorCode::MissingRequiredField, "a blocked task needs a reason")
            .with("field", "reason")
            .suggest("add --reason \"<what stands in the way>\""));
    }
    let (project, task) = target::resolve(ctx, args.task.as_ref()).await?;
    let mut reply = None;
    if changed {
        reply = Some(ctx.command(&project, &Request::UpdateTask(UpdateTask { task, ..changes })).await?);
    }
    if let Some(status) = args.status {
        reply = Some(lead_to(ctx, (project, task), status, &args).await?);
    }
    let reply = reply.unwrap_or_else(|| Reply::ok(&()));
    Ok(Output::reply(reply, view::task::outcome))
}

async fn lead_to(
    ctx: &Context,
    (project, task): Target,
    status: StatusKind,
    args: &UpdateArgs,
) -> Result<Reply, ErrorBody> {
    let reason = || text::maybe(args.reason.as_ref(), text::line);
    let summary = || text::maybe(args.summary.as_ref(), text::report);
    let request = match status {
        StatusKind::Pending => {
            let query = Query::TaskGet(TaskGet { task: Some(task), timeline: Some(0) });
            let detail: TaskDetail = ctx.ask(&project, query).await?.parse()?;
            match detail.task.status.kind() {
                StatusKind::Completed | StatusKind::Cancelled => {
                    Request::ReopenTask(ReopenTask { task, reason: reason()? })
                }
                StatusKind::Blocked => Request::UnblockTask(UnblockTask { task, message: None }),
                StatusKind::Pending | StatusKind::InProgress | StatusKind::InReview => {
                    Request::ReleaseTask(ReleaseTask { task, reason: reason()? })
                }
            }
        }
        StatusKind::InProgress => Request::StartTask(StartTask { task, force: args.force }),
        StatusKind::InReview => Request::SubmitTask(SubmitTask { task, summary: summary()? }),
        StatusKind::Blocked => {
            let reason = text::line(args.reason.as_deref().unwrap_or_default())?;
            Request::BlockTask(BlockTask { task, reason })
        }
        StatusKind::Completed => Request::CompleteTask(CompleteTask { task, summary: summary()?, force: args.force }),
        StatusKind::Cancelled => Request::CancelTask(CancelTask { task, reason: reason()? }),
    };
    ctx.command(&project, &request).await
}
