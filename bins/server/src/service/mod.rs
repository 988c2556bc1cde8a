//! The micro service `maestro`: one endpoint each for commands, queries and waits, and one for peers.

mod command;
pub mod query;
mod stats;
mod wait;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use maestro_client::service::{Endpoint, EndpointSpec, Request, Service, ServiceError, ServiceSpec};
use maestro_wire::{ErrorBody, Reply, Subject, header};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub use stats::Stats;

use crate::{
    ServerState,
    project::peer,
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
            EndpointSpec::new("peer", &peer::subject(&replica), "peer"),
        ],
    };
    let (service, endpoints) = Service::start(&client, spec).await?;
    let handlers = TaskTracker::new();
    for (endpoint, kind) in endpoints.into_iter().zip([Kind::Command, Kind::Query, Kind::Wait, Kind::Peer]) {
        handlers.spawn(serve(endpoint, kind, Arc::clone(&room), handlers.clone()));
    }
    Ok(Running { service, handlers })
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Command,
    Query,
    Wait,
    Peer,
}

/// Reads an endpoint; each request is answered by a task of its own, bounded in number.
async fn serve(mut endpoint: Endpoint, kind: Kind, room: Arc<Room>, handlers: TaskTracker) {
    let permits = Arc::new(Semaphore::new(if kind == Kind::Wait { WAITS } else { IN_FLIGHT }));
    while let Some(request) = endpoint.next().await {
        let Ok(permit) = Arc::clone(&permits).try_acquire_owned() else {
            respond(request, &Reply::refused(overloaded())).await;
            continue;
        };
        let room = Arc::clone(&room);
        handlers.spawn(async move {
            let started = request.received();
            let (verb, reply) = match kind {
                Kind::Command => command::handle(&room, request.subject(), request.payload(), true).await,
                Kind::Peer => {
                    let subject = request.header(peer::SUBJECT).unwrap_or_default().to_owned();
                    command::handle(&room, &subject, request.payload(), false).await
                }
                Kind::Query => query::handle(&room, request.subject(), request.payload()).await,
                Kind::Wait => wait::handle(&room, request.subject(), request.payload()).await,
            };
            room.stats.count(kind.name(), &verb, started.elapsed(), reply.error.as_ref());
            respond(request, &reply).await;
            drop(permit);
        });
    }
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Command | Self::Peer => "cmd",
            Self::Query => "qry",
            Self::Wait => "wait",
        }
    }
}

async fn respond(request: Request, reply: &Reply) {
    let error = reply
        .error
        .as_ref()
        .map(|error| ServiceError { code: status(error), description: error.code.as_str().to_owned() });
    let mut body = reply.encode();
    let limit = 900 * 1024;
    if body.len() > limit {
        let text = format!("the answer has {} bytes, more than the broker carries", body.len());
        let error = ErrorBody::new(maestro_wire::ErrorCode::TooLarge, text).suggest("ask for fewer: --limit 50");
        body = Reply::refused(error).encode();
    }
    if let Err(error) = request.respond(body.into(), error).await {
        tracing::info!(cause = %error, "an answer could not be sent");
    }
}

/// The number that `nats micro` shows.
fn status(error: &ErrorBody) -> u16 {
    match error.code.exit_code() {
        2 | 7 => 400,
        3 => 404,
        4 => 409,
        5 => 403,
        6 => 503,
        8 => 504,
        _ => 500,
    }
}

/// How long a drain may take.
pub const DRAIN: Duration = Duration::from_secs(8);
