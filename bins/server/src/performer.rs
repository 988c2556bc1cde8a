//! The performer: outside effects of events, in order, by one replica at a time. Each effect looks first whether it is
//! still wanted; one that fails five times is recorded and left.

use std::{collections::HashSet, sync::Arc, time::Duration};

use bytes::Bytes;
use maestro_client::{Client, Headers, Order, QueueConfig, RequestError};
use maestro_domain::{
    DeadlineKind, Effect, EffectFailed, EntityRef, Line, ProjectId, Request, SessionStatusKind, react,
};
use maestro_wire::{CommandId, SpawnOrder, Subject};

use crate::{ServerState, clock::now, ledger::STREAM, nodes::Placement, project::Project, registry::Registry};

const DURABLE: &str = "performer";
const ATTEMPTS: u32 = 5;
/// Between two looks at what is owed whatever the consumer has seen.
const SWEEP: Duration = Duration::from_secs(60);

/// Performs until told to stop.
pub async fn run(server: Arc<ServerState>, registry: Arc<Registry>, work: Client) {
    let shared = registry.shared().clone();
    let mut config = QueueConfig::new(STREAM, DURABLE, Some(Subject::ALL_EVENTS));
    config.ack_wait = Duration::from_secs(10);
    config.from_start = false;
    config.max_ack_pending = 1;
    config.order = Order::Single { pin_ttl: Duration::from_secs(5) };
    let mut queue = None;
    let mut swept = std::time::Instant::now();
    while !shared.stop.is_cancelled() {
        let Some(open) = &mut queue else {
            match shared.ledger.client().work_queue(config.clone()).await {
                Ok(opened) => {
                    queue = Some(opened);
                    sweep(&server, &registry, &work).await;
                }
                Err(error) => {
                    tracing::warn!(cause = %error, "the performer's consumer cannot be opened; trying again");
                    pause(&registry, Duration::from_secs(1)).await;
                }
            }
            continue;
        };
        if swept.elapsed() > SWEEP {
            swept = std::time::Instant::now();
            sweep(&server, &registry, &work).await;
        }
        place_waiting(&server, &registry, &work).await;
        let jobs = tokio::select! {
            () = shared.stop.cancelled() => break,
            jobs = open.fetch(1, Duration::from_secs(5)) => jobs,
        };
        match jobs {
            Ok(jobs) => {
                for job in jobs {
                    let seq = job.stream_seq();
                    let done = perform_commit(&server, &registry, &work, seq, job.subject(), job.payload()).await;
                    let settled = if done { job.ack().await } else { job.nak(Duration::from_secs(1)).await };
                    if let Err(error) = settled {
                        tracing::info!(cause = %error, seq, "an acknowledgement is open; the commit comes again");
                    }
                }
            }
            Err(error) => {
                tracing::warn!(cause = %error, "the performer's consumer failed; opening it again");
                queue = None;
                pause(&registry, Duration::from_millis(500)).await;
            }
        }
    }
}

async fn pause(registry: &Registry, time: Duration) {
    tokio::select! {
        () = registry.shared().stop.cancelled() => {}
        () = tokio::time::sleep(time) => {}
    }
}

/// A look at the bytes: only what happens to sessions, and a purge, has effects, and most commits are about tasks.
fn may_have_effects(payload: &[u8]) -> bool {
    ["maestro.session.", "maestro.project.purged"]
        .iter()
        .any(|kind| memchr::memmem::find(payload, kind.as_bytes()).is_some())
}

/// False: this replica has not seen the commit yet and cannot judge what is wanted; it is to come again.
async fn perform_commit(
    server: &ServerState,
    registry: &Registry,
    work: &Client,
    seq: u64,
    subject: &str,
    payload: &Bytes,
) -> bool {
    if !may_have_effects(payload) {
        return true;
    }
    let Ok(Subject::Events { place: maestro_wire::Place::Project(id) }) = subject.parse() else { return true };
    // What cannot be read stops the follower, which says so; the performer has nothing to do with it.
    let Ok(decoded) = maestro_wire::decode_commit(payload) else { return true };
    if decoded.events.iter().all(|recorded| react(&recorded.event).is_empty()) {
        return true;
    }
    // The effect is judged by a state that has its cause.
    if crate::service::query::reach(&mut registry.get_or_start(&id).seq(), seq).await.is_err() {
        return false;
    }
    for recorded in &decoded.events {
        for (index, effect) in (0_u32..).zip(react(&recorded.event)) {
            let name = format!("{}-{index}", recorded.id);
            perform((server, registry, work), &id, seq, &name, &effect).await;
        }
    }
    true
}

/// The replica, its projects, and the connection for what runs.
type With<'a> = (&'a ServerState, &'a Registry, &'a Client);

async fn perform(with: With<'_>, id: &ProjectId, seq: u64, name: &str, effect: &Effect) {
    let (_, registry, _) = with;
    let project = registry.get_or_start(id);
    let mut failure = String::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            pause(registry, Duration::from_millis(200 << attempt)).await;
        }
        match carry_out(with, &project, seq, name, effect).await {
            Ok(()) => return,
            Err(error) => failure = error,
        }
    }
    tracing::error!(project = %id, effect = ?effect, cause = failure, "an effect failed; given up");
    let entity = match effect {
        Effect::Spawn { session, .. } | Effect::Stop { session, .. } => EntityRef::Session(*session),
        Effect::Purge => EntityRef::Project,
    };
    let request = Request::EffectFailed(EffectFailed { effect: name.to_owned(), entity, error: Line::lossy(&failure) });
    let command = CommandId::derived(now(), &format!("effect.failed {name}"));
    if let Err(error) = registry.ask_as_system(id, request, command).await {
        tracing::error!(project = %id, cause = %error, "a failed effect could not be recorded");
    }
}

async fn carry_out(
    (server, registry, work): With<'_>,
    project: &Project,
    seq: u64,
    name: &str,
    effect: &Effect,
) -> Result<(), String> {
    let view = project.view();
    match effect {
        Effect::Spawn { session, epoch, pool, agent } => {
            let wanted = view
                .state
                .session(*session)
                .filter(|s| s.epoch == *epoch && s.status.kind() == SessionStatusKind::Requested && s.stop.is_none());
            let Some(wanted) = wanted else { return Ok(()) };
            let subject = match server.nodes.placement(wanted) {
                Placement::Pool => Subject::Spawn { pool: pool.clone(), agent: agent.clone() },
                Placement::Node(node) => Subject::SpawnOn { node, agent: agent.clone() },
                // It is visible as waiting, with the reason; `place_waiting` looks again.
                Placement::Nowhere(_) => return Ok(()),
            };
            let order = SpawnOrder {
                project: project.id.clone(),
                session: *session,
                epoch: *epoch,
                pool: pool.clone(),
                agent: agent.clone(),
                seq: Some(seq),
                ledger: Some(registry.shared().ledger.id().to_owned()),
            };
            let payload = serde_json::to_vec(&order).map_err(|e| e.to_string())?;
            // The queue drops a repetition of the same effect; where a place is looked for again and again, of the same epoch.
            let once = if wanted.wants.is_empty() {
                name.to_owned()
            } else {
                format!("place-{}-{session}-{epoch}-{subject}", project.id)
            };
            let headers = Headers::new().with("Nats-Msg-Id", &once);
            match work.append(&subject.to_string(), payload.into(), &headers, None, Duration::from_secs(2)).await {
                Ok(_) | Err(maestro_client::AppendError::Conflict { .. }) => Ok(()),
                Err(error) => Err(format!("the order was not taken: {error}")),
            }
        }
        Effect::Stop { session, epoch } => {
            let living = view.state.session(*session).is_some_and(|s| s.epoch == *epoch && s.is_living());
            if !living {
                return Ok(());
            }
            let subject = Subject::Terminal {
                project: project.id.clone(),
                session: *session,
                epoch: *epoch,
                verb: "stop".to_owned(),
            };
            let asked = work
                .request(&subject.to_string(), &Headers::new(), Bytes::from_static(b"{}"), Duration::from_secs(2))
                .await;
            match asked {
                // Whoever prepares or runs it hears of the stop with the next reply, too.
                Ok(_) | Err(RequestError::NoResponders { .. } | RequestError::TimedOut { .. }) => Ok(()),
                Err(error) => Err(error.to_string()),
            }
        }
        Effect::Purge => {
            let subject = Subject::events(&project.id).to_string();
            let body = serde_json::json!({ "filter": subject, "seq": seq }).to_string();
            let api = format!("$JS.API.STREAM.PURGE.{STREAM}");
            let reply = registry
                .shared()
                .ledger
                .client()
                .request(&api, &Headers::new(), body.into(), Duration::from_secs(5))
                .await
                .map_err(|e| e.to_string())?;
            let answer: serde_json::Value = serde_json::from_slice(reply.payload()).map_err(|e| e.to_string())?;
            match answer.get("error") {
                None => Ok(()),
                Some(error) => Err(error.to_string()),
            }
        }
    }
}

/// Sessions that are particular about where they run and found no place so far. Within the queue's window an order that
/// was given is dropped as a repetition.
async fn place_waiting(server: &ServerState, registry: &Registry, work: &Client) {
    const AT_ONCE: usize = 64;
    for project in registry.all() {
        let view = project.view();
        let waiting = view.state.deadlines().iter().filter(|(_, _, kind)| *kind == DeadlineKind::Request);
        let particular = waiting
            .filter_map(|(_, id, _)| view.state.session(*id))
            .filter(|session| !session.wants.is_empty())
            .filter(|session| matches!(server.nodes.placement(session), Placement::Node(_)));
        for session in particular.take(AT_ONCE) {
            let effect = Effect::Spawn {
                session: session.id,
                epoch: session.epoch,
                pool: session.pool.clone(),
                agent: session.agent.clone(),
            };
            let name = format!("place-{}-{}-{}", project.id, session.id, session.epoch);
            perform((server, registry, work), &project.id, view.seq, &name, &effect).await;
        }
    }
}

/// What is owed whatever the consumer has seen: orders for sessions that were requested a while ago and that nobody
/// took. The queue drops those that it has had within its window; a spawner that gets one twice is refused the second.
async fn sweep(server: &ServerState, registry: &Registry, work: &Client) {
    let mut seen = HashSet::new();
    for project in registry.all() {
        let view = project.view();
        for id in view.state.living() {
            let Some(session) = view.state.session(*id) else { continue };
            let old = now().millis_since(session.updated_at) > 30_000;
            if session.status.kind() == SessionStatusKind::Requested && old && seen.insert((project.id.clone(), *id)) {
                let effect = Effect::Spawn {
                    session: *id,
                    epoch: session.epoch,
                    pool: session.pool.clone(),
                    agent: session.agent.clone(),
                };
                let name = format!("sweep-{}-{id}-{}", project.id, session.epoch);
                perform((server, registry, work), &project.id, view.seq, &name, &effect).await;
            }
        }
    }
}
