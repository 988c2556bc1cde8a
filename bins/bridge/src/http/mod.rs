//! The HTTP side: routes, and what every request must satisfy before it reaches one.

mod asset;
mod bounded;
mod door;
mod health;
pub mod login;
pub mod recording;
mod refuse;
pub mod tls;
mod wire;

use std::sync::Arc;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{get, post};
use maestro_client::{Caller, Client};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use bounded::{Bounded, Guest};
pub use door::Door;
use door::Refusal;
pub use refuse::refuse;

use crate::access::Access;
use crate::budget::Budget;
use crate::config::Limits;
use crate::feed::Feed;
use crate::metrics::Metrics;
use crate::nodes::Nodes;
use crate::snapshot::Snapshots;
use crate::system::System;

/// What every handler shares.
pub struct App {
    pub door: Door,
    pub access: Access,
    pub feed: Feed,
    pub caller: Caller,
    /// The connection to the account of terminals and nodes, where there is one.
    pub work: Option<Client>,
    pub nodes: watch::Receiver<Nodes>,
    pub metrics: Arc<Metrics>,
    pub system: System,
    pub snapshots: Snapshots,
    pub budget: Budget,
    /// Room for clients.
    pub places: Arc<Semaphore>,
    /// Turns to read a recording.
    pub recordings: Semaphore,
    pub limits: Limits,
    pub connections: TaskTracker,
    pub shutdown: CancellationToken,
}

/// Every route behind the checks of the door.
pub fn router(app: Arc<App>) -> Router {
    Router::new()
        .route("/ws", get(crate::socket::upgrade))
        .route("/healthz", get(health::healthz))
        .route("/readyz", get(health::readyz))
        .route("/metrics", get(health::metrics))
        .route("/api/code", post(login::code))
        .route("/api/session", get(login::session))
        .route("/api/recording/{project}/{session}/{epoch}", get(recording::serve))
        .route("/", get(login::page))
        .fallback(asset::serve)
        .layer(middleware::from_fn_with_state(app.clone(), guard))
        .with_state(app)
}

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

async fn guard(
    State(app): State<Arc<App>>,
    ConnectInfo(guest): ConnectInfo<Guest>,
    request: Request,
    next: Next,
) -> Response {
    let entrant = app.entrant(request.headers());
    if entrant.is_some() {
        guest.is_let_in();
    }
    let mut response = match app.door.check(request.method(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => {
            match &refusal {
                Refusal::Host(_) => app.metrics.refused_host.one(),
                Refusal::Origin(_) => app.metrics.refused_origin.one(),
            }
            refusal.into_response()
        }
    };
    let headers = response.headers_mut();
    if entrant.is_none() {
        // Whoever is unknown gets an answer and no place of its own.
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}
