//! From an order to everything that is needed to start: manifest, the server's consent, directories.

use std::path::PathBuf;
use std::time::Duration;

use maestro_client::Seen;
use maestro_domain::{Line, Request, SessionStarting};
use maestro_wire::{
    CommandId, ErrorBody, ErrorCode, Manifest, ManifestGet, Place, Query, SessionGet, SessionView, SpawnOrder,
    TerminalSize,
};

use crate::agent::{self, Conversation, PromptBy};
use crate::context::Context;
use crate::holder::{Launch, Mail, Uplink};
use crate::incarnation::Incarnation;
use crate::ledger::Entry;
use crate::node;
use crate::outbox::Report;
use crate::workspace::{Trouble, Wanted, Workspace, files};

/// How often it is looked whether a session that is prepared is still wanted.
const LOOK: Duration = Duration::from_secs(3);
/// Bound of one call; calls are repeated as long as the reason may pass.
const CALL: Duration = Duration::from_secs(5);
/// For how long an order is kept in hand while no server answers.
const PATIENCE: Duration = Duration::from_secs(300);

/// Why an order is not carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It has ended, or a newer epoch is granted.
    NotOurs(&'static str),
    /// Another spawner has it, for as long as that one is there.
    Taken,
    /// Trying again may help, here or elsewhere.
    Later(String),
    /// It cannot be started.
    Never(String),
    /// Its end is reported already.
    Ended,
}

impl Refusal {
    /// As a trace has it.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::NotOurs(_) => "not_ours",
            Self::Taken => "taken",
            Self::Later(_) => "later",
            Self::Never(_) => "never",
            Self::Ended => "ended",
        }
    }
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
    // Whoever answers must have seen what the order follows from: an older replica would say that there is none.
    let seen = Seen { seq: order.seq, ledger: order.ledger.clone() };
    let manifest = manifest(context, incarnation, &seen).await?;
    if manifest.epoch != incarnation.epoch {
        return Err(Refusal::NotOurs("superseded"));
    }
    if manifest.agent != order.agent {
        return Err(Refusal::Never(format!("ordered as {}, but it is {}", order.agent, manifest.agent)));
    }
    // Before the session is ours: as long as it is prepared, another spawner can still take it.
    let mut workspace = workspace(context, order, incarnation, &manifest).await?;
    let conversation = conversation_of(context, &manifest, incarnation, &mut workspace);
    let begun = async {
        let stop = starting(context, incarnation, &workspace, &seen).await? || manifest.stop_requested;
        if stop {
            super::report(context, incarnation, Report::Stopped { shutdown: false });
            return Err(Refusal::Ended);
        }
        context.rooms.settle(&mut workspace).await.map_err(|trouble| Refusal::Never(trouble.to_string()))?;
        let entry = Entry::new(incarnation.clone());
        let launch =
            launch(context, manifest, &entry, &workspace, conversation.as_ref()).await.map_err(Refusal::Never)?;
        Ok((entry, launch))
    };
    match begun.await {
        Ok((entry, launch)) => Ok(Prepared { entry, launch, workspace }),
        Err(refusal) => {
            context.rooms.undo(&workspace).await;
            Err(refusal)
        }
    }
}

/// Makes the workspace as long as the session is wanted.
async fn workspace(
    context: &Context,
    order: &SpawnOrder,
    incarnation: &Incarnation,
    manifest: &Manifest,
) -> Result<Workspace, Refusal> {
    let cancel = context.shutdown.child_token();
    let runs = |earlier: &Incarnation| context.may_run(earlier);
    let wanted = Wanted { incarnation, manifest, ledger: order.ledger.as_deref(), runs: &runs };
    let mut preparing = std::pin::pin!(context.rooms.prepare(&wanted, &cancel));
    let prepared = tokio::select! {
        prepared = &mut preparing => prepared,
        why = unwanted(context, incarnation) => {
            cancel.cancel();
            if let Ok(workspace) = preparing.await {
                context.rooms.undo(&workspace).await;
            }
            return Err(Refusal::NotOurs(why));
        }
    };
    match prepared {
        Ok(workspace) => {
            context.refuses(&incarnation.project, None);
            Ok(workspace)
        }
        Err(Trouble::Cancelled) => Err(Refusal::Later("this spawner shuts down".to_owned())),
        Err(trouble @ Trouble::NotHere(_)) => {
            context.refuses(&incarnation.project, Some(&trouble.to_string()));
            let why = format!("{}: {trouble}", context.config.node);
            let elsewhere = node::is_offered_elsewhere(context, &order.agent).await;
            Err(if elsewhere { Refusal::Later(why) } else { Refusal::Never(why) })
        }
        Err(trouble) => Err(Refusal::Never(trouble.to_string())),
    }
}

/// Returns when nobody wants the session any more: it was stopped, has expired, or another one has it.
async fn unwanted(context: &Context, incarnation: &Incarnation) -> &'static str {
    let place = Place::Project(incarnation.project.clone());
    let query = Query::SessionGet(SessionGet { session: Some(incarnation.session) });
    let caller = context.caller(incarnation);
    loop {
        tokio::time::sleep(LOOK).await;
        let session = match caller.query(&place, &query, &Seen::default(), CALL).await {
            Ok(reply) => reply.parse::<SessionView>().ok().map(|view| view.session),
            Err(error) => match classify(&error) {
                Verdict::NotOurs(why) => return why,
                Verdict::Pass | Verdict::Odd => None,
            },
        };
        match session {
            Some(session) if session.epoch > incarnation.epoch => return "superseded",
            Some(session) if session.epoch == incarnation.epoch && !session.is_living() => return "it has ended",
            Some(_) | None => {}
        }
    }
}

/// The conversation that the agent can go on with, if it is to, lies on this host and is nobody's any more; the workspace
/// is then the one in which it was held.
fn conversation_of(
    context: &Context,
    manifest: &Manifest,
    incarnation: &Incarnation,
    workspace: &mut Workspace,
) -> Option<Conversation> {
    let newest = manifest.resumes?;
    let config = &context.config;
    let (profile, _) = context.agents.get(manifest.agent.as_str())?;
    let before = |epoch| Incarnation { epoch, ..incarnation.clone() };
    let files = |epoch| files::of(&config.data, &before(epoch));
    // One that still runs has its directory and its conversation, whichever epoch began them.
    let taken = Conversation::epochs(incarnation.epoch.saturating_sub(1)).any(|epoch| context.may_run(&before(epoch)));
    let found = Conversation::newest(files, newest, &manifest.agent)
        .filter(|conversation| !taken && profile.can_resume(&conversation.id, &config.inherited))
        // Agents find their conversations by where they were held.
        .filter(|conversation| workspace.go_on_in(&conversation.workspace));
    if found.is_none() {
        tracing::info!(%incarnation, "no conversation to go on with; it begins anew");
    }
    found
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
            Verdict::NotOurs(_) if error.code == ErrorCode::SessionTaken => return Err(Refusal::Taken),
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
    conversation: Option<&Conversation>,
) -> Result<Launch, String> {
    let config = &context.config;
    let name = manifest.agent.as_str();
    let found = context.agents.get(name).ok_or_else(|| format!("the agent '{name}' was not found on this host"))?;
    let profile = found.0;
    // Without them it works all the same, and what its commands would keep there is lost.
    if let Err(error) = config.home.create_for_sessions() {
        tracing::warn!(cause = %error, "commands of sessions cannot keep anything in the home");
    }
    let place = agent::Place {
        workspace: &workspace.work,
        files: &workspace.files,
        home: config.home.root(),
        maestro: &config.bin,
        resumes: conversation.map(|conversation| conversation.id.as_str()),
    };
    if profile.prompt() != PromptBy::Script {
        agent::printed(profile, &place, &config.inherited, &context.holders).await?;
        let skills = agent::skills(&manifest, &place, &config.inherited, &context.holders).await?;
        manifest.initial_prompt.push_str(&skills.unwrap_or_default());
    }
    let file = workspace.manifest();
    let write = |path: &PathBuf| maestro_runtime::write_passing(path, &serde_json::to_vec_pretty(&manifest)?);
    write(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let invocation = agent::invocation(found, &manifest, &place, &config.inherited).await?;
    Conversation::keep(&workspace.files, &manifest.agent, &workspace.work, invocation.conversation.as_deref());
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
            home: config.home.root(),
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
            home: config.home.root().to_path_buf(),
            node: config.node.clone(),
            incarnation: entry.incarnation.clone(),
            nonce: entry.nonce.clone(),
            traceparent: None,
        }),
    })
}
