//! The performer: outside effects of events, in order, by one replica at a time. Each effect looks first whether it is
//! still wanted; one that fails five times is recorded and left.

use std::{
    collections::{HashSet, VecDeque},
    iter,
    sync::Arc,
    time::{Duration, Instant},
};

use bytes::Bytes;
use maestro_client::{Beat, Client, Headers, Order, QueueConfig, QueueError, RequestError, WorkQueue};
use maestro_domain::{
    DeadlineKind, Effect, EffectFailed, EntityRef, Line, ProjectId, Request, SessionStatusKind, react,
};
use maestro_runtime::trace::{self, Kind, Span};
use maestro_wire::{CommandId, SpawnOrder, Subject, header};

use crate::{ServerState, clock::now, ledger::STREAM, nodes::Placement, project::Project, registry::Registry};

mod forget;

const DURABLE: &str = "performer";
const ATTEMPTS: u32 = 5;
/// Between two looks at what is owed whatever the consumer has seen.
const SWEEP: Duration = Duration::from_secs(60);
/// Commits in hand at once.
const BATCH: u32 = 256;
/// At least this long between two looks at sessions that wait for a place.
const PLACE: Duration = Duration::from_millis(200);
/// A replica that says nothing for this long has ended: what it had in hand is another one's.
const ACK_WAIT: Duration = Duration::from_secs(3);
/// How often a replica says that it is at it.
const BEAT: Duration = Duration::from_secs(1);
/// How long the performer waits for a commit before it looks around.
const IDLE: Duration = Duration::from_secs(5);

/// Performs until told to stop.
pub async fn run(server: Arc<ServerState>, registry: Arc<Registry>, work: Client) {
    let shared = registry.shared().clone();
    let mut config = QueueConfig::new(STREAM, DURABLE, Some(Subject::ALL_EVENTS));
    config.ack_wait = ACK_WAIT;
    config.from_start = false;
    config.order = Order::Single { pin_ttl: Duration::from_secs(5), at_once: BATCH };
    while !shared.stop.is_cancelled() {
        match shared.ledger.client().work_queue(config.clone()).await {
            Ok(mut queue) => {
                if let Err(error) = work_off((&server, &registry, &work), &mut queue).await {
                    tracing::warn!(cause = %error, "the performer's consumer failed; opening it again");
                    pause(&registry, Duration::from_millis(500)).await;
                }
            }
            Err(error) => {
                tracing::warn!(cause = %error, "the performer's consumer cannot be opened; trying again");
                pause(&registry, Duration::from_secs(1)).await;
            }
        }
    }
}

/// Performs what the queue brings. Ends when told to stop, when the queue fails, and when this replica cannot judge
/// a commit: another one may, and it comes again.
async fn work_off(
    (server, registry, work): (&ServerState, &Registry, &Client),
    queue: &mut WorkQueue,
) -> Result<(), QueueError> {
    let stop = &registry.shared().stop;
    let (mut swept, mut placed): (Option<Instant>, Option<Instant>) = (None, None);
    loop {
        if swept.is_none_or(|swept| swept.elapsed() > SWEEP) {
            swept = Some(Instant::now());
            sweep(server, registry, work).await;
        }
        // A busy ledger wakes this loop many times a second; whoever waits for a place is looked at now and then.
        let rest = placed.map_or(Duration::ZERO, |placed| PLACE.saturating_sub(placed.elapsed()));
        let wait = if rest.is_zero() {
            place_waiting(server, registry, work).await;
            placed = Some(Instant::now());
            IDLE
        } else {
            rest
        };
        let jobs = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            jobs = queue.fetch(BATCH as usize, wait) => jobs?,
        };
        let mut jobs = VecDeque::from(jobs);
        let mut beat = Beat::every(BEAT);
        while let Some(job) = jobs.pop_front() {
            let seq = job.stream_seq();
            let performing = perform_commit(server, registry, work, seq, job.subject(), job.payload());
            let performed = beat.hold(iter::once(&job).chain(&jobs), performing).await;
            if !performed {
                tracing::info!(seq, "this replica has not seen the commit; another one may perform it");
                pause(registry, Duration::from_secs(1)).await;
                return Ok(());
            }
            // Unconfirmed: one that is lost brings the commit again, and what is performed twice is not done twice.
            if let Err(error) = job.ack_unconfirmed().await {
                tracing::info!(cause = %error, seq, "an acknowledgement is open; the commit comes again");
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
            let cause = Cause { seq, name: &name, traceparent: recorded.traceparent.as_deref() };
            perform((server, registry, work), &id, cause, &effect).await;
        }
    }
    true
}

/// The replica, its projects, and the connection for what runs.
type With<'a> = (&'a ServerState, &'a Registry, &'a Client);

/// Why an effect is wanted.
#[derive(Clone, Copy)]
struct Cause<'a> {
    /// What whoever judges it must have seen.
    seq: u64,
    /// The effect's own name: of the same name, one is enough.
    name: &'a str,
    /// The trace that it belongs to; none where it follows from how things stand.
    traceparent: Option<&'a str>,
}

async fn perform(with: With<'_>, id: &ProjectId, cause: Cause<'_>, effect: &Effect) {
    let (_, registry, _) = with;
    let name = cause.name;
    let project = registry.get_or_start(id);
    let mut failure = String::new();
    for attempt in 0..ATTEMPTS {
        if attempt > 0 {
            pause(registry, Duration::from_millis(200 << attempt)).await;
        }
        match carry_out(with, &project, cause, effect).await {
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
    Cause { seq, name, traceparent }: Cause<'_>,
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
            let parent = traceparent.and_then(trace::parse);
            let span = Span::begin(Kind::Producer, || "order session".to_owned(), parent);
            span.note("maestro.session", session);
            let mut headers = Headers::new().with("Nats-Msg-Id", &once);
            if let Some(context) = span.traceparent_or(parent) {
                headers.set(header::TRACEPARENT, context);
            }
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
            let ledger = &registry.shared().ledger;
            forget::project(ledger, work, &project.id, seq).await.map_err(|error| error.to_string())
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
            let cause = Cause { seq: view.seq, name: &name, traceparent: None };
            perform((server, registry, work), &project.id, cause, &effect).await;
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
                let cause = Cause { seq: view.seq, name: &name, traceparent: None };
                perform((server, registry, work), &project.id, cause, &effect).await;
            }
        }
    }
}
