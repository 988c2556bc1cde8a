//! The tools: eight, and no more, since each of them costs every agent its description.

use std::time::Duration;

use maestro_domain::{
    BlockTask, CompleteTask, Line, LogTask, MessageKind, NextTask, OneSubtask, ProjectId, Report, Request, SendMessage,
    StartTask, StatusKind, TaskId, TaskRef,
};
use maestro_wire::{ErrorBody, Page, Query, TaskGet, TaskList, TaskRow, WaitRequest, WaitTasks, Waited};
use rmcp::handler::server::wrapper::Parameters;
use rmcp::model::CallToolResult;
use rmcp::{tool, tool_router};

use super::{Server, argument, told};
use crate::command::{message::read, task::inputs, wait};
use crate::context::Context;
use crate::output::Output;
use crate::{hook, report, target};

/// Agents' tools stop at two minutes.
const LONGEST: Duration = Duration::from_secs(90);

#[tool_router(router = tools, vis = "pub(super)")]
impl Server {
    #[tool(
        description = "A task with everything a worker needs: description, acceptance criteria, steps, summaries of what it \
                          builds on, last reports"
    )]
    async fn task_get(&self, Parameters(given): Parameters<argument::OneTask>) -> CallToolResult {
        told(get(&self.context(), given).await)
    }

    #[tool(
        description = "Take up a task and begin: the one named, else the one given to this session, else the best that is \
                          ready. null: nothing is ready"
    )]
    async fn task_next(&self, Parameters(given): Parameters<argument::NextTask>) -> CallToolResult {
        told(next(&self.context(), given).await)
    }

    #[tool(description = "Report progress on a task")]
    async fn task_log(&self, Parameters(given): Parameters<argument::LogTask>) -> CallToolResult {
        told(log(&self.context(), given).await)
    }

    #[tool(description = "Complete a task; its steps must be completed first")]
    async fn task_complete(&self, Parameters(given): Parameters<argument::CompleteTask>) -> CallToolResult {
        told(complete(&self.context(), given).await)
    }

    #[tool(description = "Say that a task cannot go on without an answer; the answer comes as a message")]
    async fn task_block(&self, Parameters(given): Parameters<argument::BlockTask>) -> CallToolResult {
        told(block(&self.context(), given).await)
    }

    #[tool(description = "Tick a step of a task off")]
    async fn subtask_complete(&self, Parameters(given): Parameters<argument::CompleteSubtask>) -> CallToolResult {
        told(subtask(&self.context(), given).await)
    }

    #[tool(description = "Write to another session or a person")]
    async fn message_send(&self, Parameters(given): Parameters<argument::SendMessage>) -> CallToolResult {
        told(send(&self.context(), given).await)
    }

    #[tool(description = "Unread messages, answers among them; reading marks them as seen")]
    async fn messages_read(&self, Parameters(given): Parameters<argument::ReadMessages>) -> CallToolResult {
        told(messages(&self.context(), given).await)
    }
}

/// The task that is named, or follows from the session.
async fn meant(ctx: &Context, task: Option<&String>) -> Result<(ProjectId, TaskId), ErrorBody> {
    let task = task.map(|task| task.parse::<TaskRef>()).transpose()?;
    target::resolve(ctx, task.as_ref()).await
}

/// People's text is not wanted here.
fn silent(_: &str) -> String {
    String::new()
}

async fn get(ctx: &Context, given: argument::OneTask) -> Result<Output, ErrorBody> {
    let (project, task) = meant(ctx, given.task.as_ref()).await?;
    let query = Query::TaskGet(TaskGet { task: Some(task), timeline: None });
    Ok(Output::reply(ctx.ask(&project, query).await?, silent))
}

async fn next(ctx: &Context, given: argument::NextTask) -> Result<Output, ErrorBody> {
    let own = match &given.task {
        Some(task) => Some(target::named(ctx, &task.parse()?)?),
        None => own(ctx).await?,
    };
    let (project, request) = match own {
        Some((project, task)) => (project, Request::StartTask(StartTask { task, force: false })),
        None => (ctx.project()?, Request::NextTask(NextTask { claim: true, labels: Vec::new() })),
    };
    let reply = ctx.command(&project, &request).await?;
    let inputs = inputs::missing(ctx, &project, &reply).await;
    Ok(Output::reply(inputs::with(reply, &inputs), silent))
}

/// What the session has in hand, else what it was given and can begin.
async fn own(ctx: &Context) -> Result<Option<(ProjectId, TaskId)>, ErrorBody> {
    let (actor, _) = ctx.actor()?;
    let Some(session) = actor.session() else { return Ok(None) };
    let status = vec![StatusKind::InProgress, StatusKind::Pending];
    let query = Query::TaskList(TaskList { assignee: Some(actor), status, ..TaskList::default() });
    let project = ctx.project()?;
    let page: Page<TaskRow> = ctx.ask(&project, query).await?.parse()?;
    let open = hook::open(&page.items, session);
    let held = open.iter().find(|row| row.status() == StatusKind::InProgress);
    Ok(held.or(open.first()).map(|row| (project, row.task.id)))
}

async fn log(ctx: &Context, given: argument::LogTask) -> Result<Output, ErrorBody> {
    let message = Report::parse(&given.message)?;
    let (project, task) = meant(ctx, given.task.as_ref()).await?;
    report::send(ctx, project, Request::LogTask(LogTask { task, message }), silent).await
}

async fn complete(ctx: &Context, given: argument::CompleteTask) -> Result<Output, ErrorBody> {
    let summary = Some(Report::parse(&given.summary)?);
    let (project, task) = meant(ctx, given.task.as_ref()).await?;
    let request = Request::CompleteTask(CompleteTask { task, summary, force: given.force });
    report::send(ctx, project, request, silent).await
}

async fn block(ctx: &Context, given: argument::BlockTask) -> Result<Output, ErrorBody> {
    let reason = Line::parse(&given.reason)?;
    let (project, task) = meant(ctx, given.task.as_ref()).await?;
    report::send(ctx, project, Request::BlockTask(BlockTask { task, reason }), silent).await
}

async fn subtask(ctx: &Context, given: argument::CompleteSubtask) -> Result<Output, ErrorBody> {
    let subtask = given.subtask.parse()?;
    let (project, task) = meant(ctx, given.task.as_ref()).await?;
    report::send(ctx, project, Request::CompleteSubtask(OneSubtask { task, subtask }), silent).await
}

async fn send(ctx: &Context, given: argument::SendMessage) -> Result<Output, ErrorBody> {
    let request = Request::SendMessage(SendMessage {
        to: given.to.parse()?,
        body: Report::parse(&given.body)?,
        kind: MessageKind::Mail,
        epoch: None,
        task: given.task.map(|task| task.parse()).transpose()?,
    });
    Ok(Output::reply(ctx.command(&ctx.project()?, &request).await?, silent))
}

async fn messages(ctx: &Context, given: argument::ReadMessages) -> Result<Output, ErrorBody> {
    let project = ctx.project()?;
    let bound = LONGEST.min(Duration::from_secs(u64::from(given.wait_seconds)));
    let until = std::time::Instant::now() + bound;
    loop {
        let left = until.saturating_duration_since(std::time::Instant::now());
        let request = WaitRequest::Tasks(WaitTasks::default());
        let waited: Waited = wait::poll(ctx, &project, &request, left).await?.parse()?;
        if !waited.messages.is_empty() || left.is_zero() {
            // What could not be marked is told again.
            let _ = read::seen(ctx, &project, &waited.messages).await;
            return Ok(Output::new(&serde_json::json!({ "items": waited.messages }), String::new));
        }
    }
}
