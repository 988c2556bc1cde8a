//! `run`: a task, a session for it, and its terminal, in one step.

use std::time::Duration;

use clap::Args;
use maestro_domain::{AgentName, CreateTask, Priority, ProjectId, Request, SessionId, SpawnSession, TaskId, Title};
use maestro_wire::{ErrorBody, ErrorCode, ProjectGet, ProjectView, Query, SessionGet, SessionView};
use serde::Serialize;
use serde_json::{json, value::RawValue};

use crate::command::session::attach::{self, AttachArgs};
use crate::context::Context;
use crate::output::{Output, internal};
use crate::terminal::tty;
use crate::{text, view};

/// How often it is looked whether the session has its terminal, and for how long.
const LOOK: Duration = Duration::from_millis(200);
const TERMINAL_WITHIN: Duration = Duration::from_secs(90);

/// Create a task and let an agent do it
#[derive(Args, Debug)]
pub struct RunArgs {
    /// What is to be done, in one line; `-`: from stdin
    #[arg(value_name = "WHAT", allow_hyphen_values = true)]
    pub title: String,
    /// What it is about, in markdown
    #[arg(long, short = 'd', alias = "description", value_name = "TEXT", allow_hyphen_values = true)]
    pub desc: Option<String>,
    /// The agent: claude, codex, gemini, opencode, shell, … [default: the project's, else claude]
    #[arg(long)]
    pub agent: Option<AgentName>,
    /// The model, as the agent calls it
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub model: Option<String>,
    /// With --agent shell: what is run
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub prompt: Option<String>,
    /// Work in its terminal as soon as it has one
    #[arg(long)]
    pub attach: bool,
}

/// What began.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Begun {
    task_id: TaskId,
    session_id: SessionId,
    task: Box<RawValue>,
    session: Box<RawValue>,
}

pub async fn run(args: RunArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let title = text::title(&args.title)?;
    if args.attach && (ctx.json() || !tty::is_there()) {
        // Before anything is there that would have to be taken back.
        return Err(ErrorBody::new(ErrorCode::Usage, "attaching takes a terminal, and there is none")
            .suggest("leave --attach out, and look at its output with `maestro session logs`")
            .commands(["maestro run --help", "maestro session logs --help"]));
    }
    let project = ctx.project()?;
    runnable(&args, &project, ctx).await?;
    let created = ctx.command(&project, &Request::CreateTask(task(title, &args)?)).await?;
    let task = created.into_result()?;
    let task_id = id::<TaskId>(&task)?;
    let spawn = Request::SpawnSession(session(task_id, &args)?);
    let spawned = ctx.command(&project, &spawn).await.and_then(|reply| Ok((reply.seq, reply.into_result()?)));
    let (seq, session) = spawned.map_err(|error| {
        // The task stays: it may be given to another one.
        error
            .with("task", task_id.to_string())
            .commands([format!("maestro session spawn --task {task_id}"), format!("maestro task cancel {task_id}")])
    })?;
    let session_id = id::<SessionId>(&session)?;
    if args.attach {
        ctx.printer.note(&format!("{task_id} is given to {session_id}; waiting for its terminal"));
        until_there(ctx, session_id).await?;
        let detach_keys = "ctrl-]".parse().map_err(internal)?;
        return attach::run(AttachArgs { session: session_id, read_only: false, detach_keys }, ctx).await;
    }
    let begun = Begun { task_id, session_id, task, session };
    let (first, second) = (begun.task.get().to_owned(), begun.session.get().to_owned());
    let text = move || {
        format!(
            "{}\n{}\n  maestro session attach {session_id}\n  maestro wait {task_id}",
            view::task::outcome(&first),
            view::session::outcome(&second)
        )
    };
    Ok(Output::new(&begun, text).at(seq))
}

/// A shell without anything to run is refused before there is a task.
async fn runnable(args: &RunArgs, project: &ProjectId, ctx: &Context) -> Result<(), ErrorBody> {
    if args.prompt.as_ref().is_some_and(|prompt| prompt == "-" || !prompt.trim().is_empty()) {
        return Ok(());
    }
    let agent = match &args.agent {
        Some(agent) => Some(agent.clone()),
        None => {
            let view: ProjectView = ctx.ask(project, Query::ProjectGet(ProjectGet {})).await?.parse()?;
            view.project.default_agent
        }
    };
    if agent.is_none_or(|agent| agent.as_str() != "shell") {
        return Ok(());
    }
    let text = "a shell session needs something to run: a prompt";
    Err(ErrorBody::new(ErrorCode::MissingRequiredField, text)
        .with("field", "prompt")
        .suggest("say what it runs with --prompt, or name another agent with --agent")
        .commands(["maestro run --help", "maestro agent list"]))
}

fn task(title: Title, args: &RunArgs) -> Result<CreateTask, ErrorBody> {
    Ok(CreateTask {
        title,
        description: text::maybe(args.desc.as_ref(), text::markdown)?,
        acceptance: Vec::new(),
        technical_notes: None,
        priority: Priority::default(),
        labels: Vec::new(),
        depends_on: Vec::new(),
        subtasks: Vec::new(),
    })
}

fn session(task: TaskId, args: &RunArgs) -> Result<SpawnSession, ErrorBody> {
    // What is absent has the defaults of the wire, the same as everybody's.
    let plain = json!({ "tasks": [task] });
    let plain: SpawnSession = serde_json::from_value(plain).map_err(|error| internal(error.to_string()))?;
    Ok(SpawnSession {
        agent: args.agent.clone(),
        model: text::maybe(args.model.as_ref(), text::line)?,
        prompt: text::maybe(args.prompt.as_ref(), text::prompt)?,
        ..plain
    })
}

/// The `id` of an entity.
fn id<T: serde::de::DeserializeOwned>(entity: &RawValue) -> Result<T, ErrorBody> {
    #[derive(serde::Deserialize)]
    struct Named<T> {
        id: T,
    }
    let named: Named<T> = serde_json::from_str(entity.get()).map_err(|error| internal(error.to_string()))?;
    Ok(named.id)
}

/// Waits until the session runs; one that ends before that, or for which there is no place, is an error that says why.
async fn until_there(ctx: &Context, session: SessionId) -> Result<(), ErrorBody> {
    let project = ctx.project()?;
    let caller = ctx.caller(ctx.timeout()).await?;
    let place = maestro_wire::Place::Project(project.clone());
    let begun = tokio::time::Instant::now();
    loop {
        let query = Query::SessionGet(SessionGet { session: Some(session) });
        let view: SessionView = caller.query(&place, &query, &ctx.seen(&project), ctx.timeout()).await?.parse()?;
        let status = view.session.status.kind();
        if matches!(status, maestro_domain::SessionStatusKind::Active | maestro_domain::SessionStatusKind::NeedsInput) {
            return Ok(());
        }
        let commands = [format!("maestro session info {session}"), format!("maestro session attach {session}")];
        if !status.is_living() {
            let text = format!("{session} is {status} before it had a terminal");
            return Err(ErrorBody::new(ErrorCode::SessionState, text).commands(commands));
        }
        if begun.elapsed() > TERMINAL_WITHIN {
            let why = view.pending.unwrap_or_else(|| format!("it is {status}"));
            return Err(
                ErrorBody::new(ErrorCode::TimedOut, format!("{session} has no terminal yet: {why}")).commands(commands)
            );
        }
        tokio::time::sleep(LOOK).await;
    }
}
