//! `session spawn`

use clap::{Args, ValueEnum};
use maestro_domain::{
    AgentName, Label, NodeName, PoolName, Request, RestartPolicy, Role, SessionId, SkillName, SpawnSession, TaskRef,
};
use maestro_wire::{ErrorBody, Manifest, ManifestGet, Query, SessionView};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::context::Context;
use crate::output::Output;
use crate::{parse, target, text, view};

/// What a session is for.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub enum RoleName {
    #[default]
    Worker,
    Orchestrator,
    Custom,
}

impl RoleName {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Worker => "worker",
            Self::Orchestrator => "orchestrator",
            Self::Custom => "custom",
        }
    }
}

/// Start a session: an agent of its own, for some tasks
#[derive(Args, Debug)]
pub struct SpawnArgs {
    /// A task for it; may be repeated
    #[arg(long = "task", alias = "taskId", alias = "task-id", alias = "tasks", value_delimiter = ',')]
    pub tasks: Vec<TaskRef>,
    /// What it is for
    #[arg(long, value_enum, default_value_t)]
    pub role: RoleName,
    /// What it knows how to do [default: maestro-worker, maestro-orchestrator, maestro-cli by role]
    #[arg(long)]
    pub skill: Option<SkillName>,
    /// Its name [default: 'Worker: ' and the beginning of the task's title]
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub name: Option<String>,
    /// Why it is started
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub reason: Option<String>,
    /// Tell it about tasks that share a label or a dependency
    #[arg(long)]
    pub include_related: bool,
    /// The agent: claude, codex, gemini, opencode, shell, … [default: the project's, else claude]
    #[arg(long)]
    pub agent: Option<AgentName>,
    /// The model, as the agent calls it
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub model: Option<String>,
    /// The pool of spawners [default: default]
    #[arg(long)]
    pub pool: Option<PoolName>,
    /// Only on this host, as in `maestro node list`
    #[arg(long)]
    pub node: Option<NodeName>,
    /// Only on hosts with this label; may be repeated
    #[arg(long = "label", value_name = "LABEL")]
    pub labels: Vec<Label>,
    /// What it is told beside its tasks; with --agent shell what is run; `-`: from stdin
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    pub prompt: Option<String>,
    /// What is run before it starts (with --agent shell), or what it is told to run first; may be repeated
    #[arg(long = "initial-command", alias = "initialCommand", value_name = "COMMAND", allow_hyphen_values = true)]
    pub initial_commands: Vec<String>,
    /// Start it again after a failure, at most this many times
    #[arg(long, value_name = "N")]
    pub restart: Option<u32>,
    /// Do not stop it when its tasks are done
    #[arg(long)]
    pub keep: bool,
    /// Although another session has these tasks
    #[arg(long)]
    pub force: bool,
    /// With --agent shell: what to run, program first
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

pub async fn run(args: SpawnArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, tasks) = parse::tasks_of_one_project(ctx, &args.tasks, target::named)?;
    let request = Request::SpawnSession(SpawnSession {
        role: match args.role {
            RoleName::Worker => Role::Worker,
            RoleName::Orchestrator => Role::Orchestrator,
            RoleName::Custom => Role::Custom,
        },
        tasks,
        name: text::maybe(args.name.as_ref(), text::line)?,
        agent: args.agent,
        skill: args.skill,
        model: text::maybe(args.model.as_ref(), text::line)?,
        pool: args.pool,
        node: args.node,
        labels: args.labels,
        prompt: text::maybe(args.prompt.as_ref(), text::prompt)?,
        command: args.command.iter().map(|word| maestro_domain::Report::parse(word)).collect::<Result<_, _>>()?,
        initial_commands: text::each(&args.initial_commands, text::line)?,
        reason: text::maybe(args.reason.as_ref(), text::report)?,
        include_related: args.include_related,
        restart: args.restart.map_or(RestartPolicy::Never, |max| RestartPolicy::OnFailure { max }),
        keep: args.keep,
        force: args.force,
    });
    let reply = ctx.command(&project, &request).await?;
    let (seq, unchanged) = (reply.seq, reply.unchanged);
    let session = reply.into_result()?;
    let view: Option<SessionView> = serde_json::from_str(session.get()).ok();
    let id = view.as_ref().map(|view| view.session.id);
    // The session is there; without its manifest the answer is poorer, not wrong.
    let manifest = match id {
        Some(id) => ctx.ask(&project, Query::ManifestGet(ManifestGet { session: Some(id) })).await.ok(),
        None => None,
    };
    let initial_prompt =
        manifest.and_then(|reply| reply.parse::<Manifest>().ok()).map(|manifest| manifest.initial_prompt);
    let data = with(&session, &Told { session_id: id, initial_prompt });
    let text = session.get().to_owned();
    Ok(Output::new(&data, move || view::session::outcome(&text)).at(seq).unchanged(unchanged))
}

/// What the answer holds beside the session.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    session_id: Option<SessionId>,
    initial_prompt: Option<String>,
}

/// Two objects as one, the first as it came.
fn with(entity: &RawValue, more: &impl Serialize) -> Box<RawValue> {
    let more = serde_json::to_string(more).unwrap_or_default();
    let joined = match (entity.get().strip_suffix('}'), more.strip_prefix('{')) {
        (Some(entity), Some(more)) => format!("{entity},{more}"),
        (_, _) => entity.get().to_owned(),
    };
    RawValue::from_string(joined).unwrap_or_else(|_| entity.to_owned())
}
