//! From an order to everything that is needed to start: manifest, the server's consent, directories.

use std::path::PathBuf;
use std::time::Duration;

use maestro_client::Seen;
use maestro_domain::{Line, Request, SessionStarting};
use maestro_wire::{
    CommandId, ErrorBody, ErrorCode, Manifest, ManifestGet, Place, Query, SessionView, SpawnOrder, TerminalSize,
};

use crate::agent::{self, PromptBy};
use crate::context::Context;
use crate::holder::{Launch, Mail, Uplink};
use crate::incarnation::Incarnation;
use crate::ledger::Entry;
use crate::outbox::Report;
use crate::workspace::Workspace;

/// Bound of one call; calls are repeated as long as the reason may pass.
const CALL: Duration = Duration::from_secs(5);
/// For how long an order is kept in hand while no server answers.
const PATIENCE: Duration = Duration::from_secs(300);

/// Why an order is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Another spawner has it, or it has ended, or a newer epoch is granted.
    NotOurs(&'static str),
    /// Trying again may help, here or elsewhere.
    Later(String),
    /// It cannot be started.
    Never(String),
    /// Its end is reported already.
    Ended,
}

/// Ready to be started.
pub(super) struct Prepared {
    pub entry: Entry,
    pub launch: Launch,
    pub workspace: Workspace,
}

/// Asks and prepares; starts nothing.
pub(super) async fn prepare(
    context: &Context,
    order: &SpawnOrder,
    incarnation: &Incarnation,
) -> Result<Prepared, Refusal> {
    let workspace = Workspace::of(&context.config.data, &context.config.project_paths, incarnation);
    // Whoever answers must have seen what the order follows from: an older replica would say that there is none.
    let seen = Seen { seq: order.seq, ledger: order.ledger.clone() };
    let manifest = manifest(context, incarnation, &seen).await?;
    if manifest.epoch != incarnation.epoch {
        return Err(Refusal::NotOurs("superseded"));
    }
    if manifest.agent != order.agent {
        return Err(Refusal::Never(format!("ordered as {}, but it is {}", order.agent, manifest.agent)));
    }
    let stop = starting(context, incarnation, &workspace, &seen).await? || manifest.stop_requested;
    if stop {
        super::report(context, incarnation, Report::Stopped);
        return Err(Refusal::Ended);
    }
    let entry = Entry::new(incarnation.clone());
    let launch = launch(context, manifest, &entry, &workspace).await.map_err(Refusal::Never)?;
    Ok(Prepared { entry, launch, workspace })
}

async fn manifest(context: &Context, incarnation: &Incarnation, seen: &Seen) -> Result<Manifest, Refusal> {
    let place = Place::Project(incarnation.project.clone());
    let query = Query::ManifestGet(ManifestGet { session: Some(incarnation.session) });
    let caller = context.caller(incarnation);
    let reply = patiently(context, || caller.query(&place, &query, seen, CALL)).await?;
    reply.parse().map_err(|error| Refusal::Later(format!("its manifest: {error}")))
}

/// Takes the incarnation for this node. Returns whether a stop is wished already.
async fn starting(
    context: &Context,
    incarnation: &Incarnation,
    workspace: &Workspace,
    seen: &Seen,
) -> Result<bool, Refusal> {
    let request = Request::SessionStarting(SessionStarting {
        node: context.config.node.clone(),
        workspace: Line::parse(&workspace.work.to_string_lossy()).ok(),
    });
    let caller = context.caller(incarnation);
    let id = CommandId(ulid::Ulid::generate());
    let reply = patiently(context, || caller.command(&incarnation.project, &request, id, seen, CALL)).await?;
    let view: SessionView = reply.parse().map_err(|error| Refusal::Later(format!("its start: {error}")))?;
    Ok(view.session.stop.is_some())
}

/// Calls until there is an answer that stays what it is.
async fn patiently<T, F>(context: &Context, mut call: impl FnMut() -> F) -> Result<T, Refusal>
where
    F: Future<Output = Result<T, ErrorBody>>,
{
    let begun = tokio::time::Instant::now();
    loop {
        let error = tokio::select! {
            // Nothing has been started: the order is there for another spawner.
            () = context.shutdown.cancelled() => return Err(Refusal::Later("this spawner shuts down".to_owned())),
            answer = call() => match answer {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            },
        };
        match classify(&error) {
            Verdict::Pass if begun.elapsed() < PATIENCE => tokio::time::sleep(Duration::from_millis(500)).await,
            Verdict::Pass | Verdict::Odd => return Err(Refusal::Later(error.to_string())),
            Verdict::NotOurs(why) => return Err(Refusal::NotOurs(why)),
        }
    }
}

/// What an error means for an incarnation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It passes by itself.
    Pass,
    /// This incarnation is over, or somebody else's.
    NotOurs(&'static str),
    /// Nothing that should come here.
    Odd,
}

pub(crate) fn classify(error: &ErrorBody) -> Verdict {
    match error.code {
        ErrorCode::SessionTaken => Verdict::NotOurs("another spawner has it"),
        ErrorCode::StaleSession => Verdict::NotOurs("superseded"),
        ErrorCode::SessionState => Verdict::NotOurs("it has ended"),
        ErrorCode::SessionNotFound | ErrorCode::ProjectNotFound => Verdict::NotOurs("it is not there any more"),
        ErrorCode::ProjectArchived => Verdict::NotOurs("its project is archived"),
        _ if error.retryable => Verdict::Pass,
        _ => Verdict::Odd,
    }
}

async fn launch(
    context: &Context,
    mut manifest: Manifest,
    entry: &Entry,
    workspace: &Workspace,
) -> Result<Launch, String> {
    let config = &context.config;
    workspace.prepare().map_err(|error| format!("workspace: {error}"))?;
    let name = manifest.agent.as_str();
    let found = context.agents.get(name).ok_or_else(|| format!("the agent '{name}' was not found on this host"))?;
    let profile = found.0;
    let place =
        agent::Place { workspace: &workspace.work, files: &workspace.files, home: &config.home, maestro: &config.bin };
    if profile.prompt() != PromptBy::Script {
        agent::printed(profile, &place, &config.inherited, &context.holders).await?;
        let skills = agent::skills(&manifest, &place, &config.inherited, &context.holders).await?;
        manifest.initial_prompt.push_str(&skills.unwrap_or_default());
    }
    let file = workspace.manifest();
    let write = |path: &PathBuf| maestro_runtime::write_secret(path, &serde_json::to_vec_pretty(&manifest)?);
    write(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let invocation = agent::invocation(found, &manifest, &place, &config.inherited).await?;
    let mail = profile.takes_messages().then(|| Mail {
        hooks: profile.hooks(),
        given: manifest.messages.iter().map(|view| view.message.id).collect(),
    });
    let manifest = &manifest;
    let mut environment = agent::environment(
        &config.inherited,
        &agent::Session {
            manifest,
            manifest_file: &file,
            nonce: &entry.nonce,
            edge_url: &config.edge_url,
            home: &config.home,
            bin: &config.bin,
        },
    );
    agent::without(&mut environment, &invocation.remove);
    environment.extend(invocation.environment);
    let terminal = match invocation.mode {
        agent::Mode::Interactive => Some(TerminalSize::DEFAULT),
        agent::Mode::Headless => None,
    };
    Ok(Launch {
        program: invocation.program,
        arguments: invocation.arguments,
        directory: workspace.work.clone(),
        environment,
        terminal,
        stdin: invocation.stdin,
        typed: invocation.typed,
        mail,
        log: workspace.log(),
        log_bytes: config.log_bytes,
        grace_ms: u64::try_from(config.grace.as_millis()).unwrap_or(u64::MAX),
        uplink: Some(Uplink {
            nats_url: config.nats_url.clone(),
            node: config.node.clone(),
            incarnation: entry.incarnation.clone(),
            nonce: entry.nonce.clone(),
        }),
    })
}
