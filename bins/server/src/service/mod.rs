//! The micro service `maestro`: one endpoint each for commands, queries and waits, and one for peers.

mod answer;
mod command;
pub mod query;
mod stats;
mod verb;
mod wait;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use maestro_client::service::{Endpoint, EndpointSpec, ReplyAddress, Request, Service, ServiceSpec};
use maestro_wire::{ErrorBody, ErrorCode, Reply, Subject, header};
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use answer::Responder;
use answer::{Answered, Origin, Place};
use command::Hand;
pub use stats::Stats;

use crate::{
    ServerState,
    project::peer::{self, Batch},
    registry::{Registry, overloaded},
};

/// Requests in work at once; beyond that `overloaded`.
const IN_FLIGHT: usize = 8192;
/// Long polls at once.
const WAITS: usize = 4096;

/// What every handler sees.
pub struct Room {
    pub registry: Arc<Registry>,
    pub stats: Arc<Stats>,
    pub server: Arc<ServerState>,
    /// Ends the long polls when the server drains.
    pub drain: CancellationToken,
}

/// The running service and the tasks that answer.
pub struct Running {
    pub service: Service,
    pub handlers: TaskTracker,
    /// Sends the answers; ends with its set.
    pub answers: JoinSet<()>,
}

/// Starts the service outside its queue groups; `Service::join` opens it.
pub async fn start(room: Arc<Room>) -> anyhow::Result<Running> {
    let client = room.registry.shared().ledger.client().clone();
    let replica = room.registry.shared().ledger.replica().to_owned();
    let figures = |kind: &'static str| {
        let stats = Arc::clone(&room.stats);
        let figures: maestro_client::service::Figures = Arc::new(move || stats.figures(kind));
        figures
    };
    let progress: maestro_client::service::Figures = {
        let (server, registry) = (Arc::clone(&room.server), Arc::clone(&room.registry));
        Arc::new(move || progress(&server, &registry))
    };
    let spec = ServiceSpec {
        name: header::SERVICE.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        description: "Decides the commands of Maestro and answers its queries.".to_owned(),
        metadata: BTreeMap::from([
            ("replica".to_owned(), replica.clone()),
            ("pid".to_owned(), std::process::id().to_string()),
            ("ledger".to_owned(), room.registry.shared().ledger.id().to_owned()),
        ]),
        endpoints: vec![
            EndpointSpec::new("cmd", Subject::ALL_COMMANDS, "maestro").with_figures(figures("cmd")),
            EndpointSpec::new("qry", Subject::ALL_QUERIES, "maestro").with_figures(figures("qry")),
            EndpointSpec::new("wait", Subject::ALL_WAITS, "maestro").with_figures(figures("wait")),
            EndpointSpec::new("peer", &peer::subject(&replica), "peer").with_figures(progress),
        ],
    };
    let (service, endpoints) = Service::start(&client, spec).await?;
    let handlers = TaskTracker::new();
    let (out, outgoing) = mpsc::channel(answer::CAPACITY);
    let mut answers = JoinSet::new();
    answers.spawn(answer::run(client, Arc::clone(&room.stats), outgoing));
    let desk = Desk { room, handlers: handlers.clone(), permits: Arc::new(Semaphore::new(IN_FLIGHT)), out };
    for (endpoint, kind) in endpoints.into_iter().zip([Kind::Command, Kind::Query, Kind::Wait, Kind::Peer]) {
        let desk = desk.clone();
        handlers.spawn(async move {
            match kind {
                Kind::Command => desk.commands(endpoint).await,
                Kind::Peer => desk.batches(endpoint).await,
                Kind::Query => desk.questions(endpoint, Question::Query).await,
                Kind::Wait => desk.questions(endpoint, Question::Wait).await,
            }
        });
    }
    Ok(Running { service, handlers, answers })
}

/// How far this replica is, and what it is at home for.
fn progress(server: &ServerState, registry: &Registry) -> serde_json::Value {
    let homes: Vec<_> = registry.all().into_iter().filter(|project| project.is_at_home()).collect();
    let named: Vec<&str> = homes.iter().take(crate::query::system::HOMES).map(|project| project.id.as_str()).collect();
    serde_json::json!({
        "applied": server.progress.borrow().seq,
        "projected": *registry.shared().store.position().borrow(),
        "homes": named,
        "homeCount": homes.len(),
        "actors": registry.len(),
        "at": crate::clock::now(),
        "rebuilt": server.rebuilt,
    })
}

#[derive(Clone, Copy)]
enum Kind {
    Command,
    Query,
    Wait,
    Peer,
}

/// Where requests come in.
#[derive(Clone)]
struct Desk {
    room: Arc<Room>,
    handlers: TaskTracker,
    /// Commands that may be in work.
    permits: Arc<Semaphore>,
    out: mpsc::Sender<Answered>,
}

impl Desk {
    /// Commands go straight into the mailboxes of their projects, whose actors answer.
    async fn commands(self, mut endpoint: Endpoint) {
        while let Some(request) = endpoint.next().await {
            let (subject, payload) = (request.subject().to_owned(), request.payload().clone());
            let Some(place) = self.place() else {
                respond(request, &Reply::refused(overloaded())).await;
                continue;
            };
            let hand = Hand::First { traceparent: request.header(header::TRACEPARENT).map(ToOwned::to_owned) };
            let responder = Responder::new(Origin::Request(request), self.out.clone(), place);
            command::take(&self.room, &subject, payload, responder, hand, &self.handlers);
        }
    }

    /// Commands that another replica took. It hears at once that they are here; their senders hear the rest.
    async fn batches(self, mut endpoint: Endpoint) {
        while let Some(request) = endpoint.next().await {
            let Some(batch) = Batch::decode(request.payload()) else {
                let error = ErrorBody::new(ErrorCode::MalformedJson, "this is not a batch of commands");
                respond(request, &Reply::refused(error)).await;
                continue;
            };
            if !batch.is_in_time(crate::clock::now()) {
                let error = ErrorBody::new(ErrorCode::TimedOut, "this batch came too late; its sender decides itself");
                respond(request, &Reply::refused(error)).await;
                continue;
            }
            for handed in batch.commands {
                let Some(address) = ReplyAddress::parse(&handed.reply) else {
                    tracing::warn!(reply = handed.reply, "a command without an inbox dropped");
                    continue;
                };
                let Some(place) = self.place() else {
                    self.turn_away(&address).await;
                    continue;
                };
                let responder = Responder::new(Origin::Peer(address), self.out.clone(), place);
                let payload = String::from(Box::<str>::from(handed.payload)).into();
                let hand = Hand::Second { expires_at: handed.expires_at, traceparent: handed.traceparent };
                command::take(&self.room, &handed.subject, payload, responder, hand, &self.handlers);
            }
            respond(request, &Reply::ok(&())).await;
        }
    }

    fn place(&self) -> Option<Place> {
        let permit = Arc::clone(&self.permits).try_acquire_owned().ok()?;
        Some(Place::new(permit, self.handlers.token()))
    }

    async fn turn_away(&self, address: &ReplyAddress) {
        let (body, error) = answer::encode(&Reply::refused(overloaded()));
        let client = self.room.registry.shared().ledger.client();
        if let Err(error) = client.respond_to(address, body.into(), error).await {
            tracing::info!(cause = %error, "an answer could not be sent");
        }
    }

    /// Each question is answered by a task of its own, bounded in number.
    async fn questions(self, mut endpoint: Endpoint, question: Question) {
        let (name, at_once) = match question {
            Question::Query => ("qry", IN_FLIGHT),
            Question::Wait => ("wait", WAITS),
        };
        let permits = Arc::new(Semaphore::new(at_once));
        while let Some(request) = endpoint.next().await {
            let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
                respond(request, &Reply::refused(overloaded())).await;
                continue;
            };
            let room = Arc::clone(&self.room);
            self.handlers.spawn(async move {
                let started = request.received();
                let (verb, reply) = match question {
                    Question::Query => {
                        let header = request.header(header::TRACEPARENT);
                        query::handle(&room, request.subject(), request.payload(), header).await
                    }
                    Question::Wait => wait::handle(&room, request.subject(), request.payload()).await,
                };
                room.stats.count(name, verb, started.elapsed(), reply.error.as_ref());
                respond(request, &reply).await;
                drop(permit);
            });
        }
    }
}

#[derive(Clone, Copy)]
enum Question {
    Query,
    Wait,
}

async fn respond(request: Request, reply: &Reply) {
    let (body, error) = answer::encode(reply);
    if let Err(error) = request.respond(body.into(), error).await {
        tracing::info!(cause = %error, "an answer could not be sent");
    }
}

/// How long a drain may take.
pub const DRAIN: Duration = Duration::from_secs(8);
