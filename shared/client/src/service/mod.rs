//! NATS micro services (ADR-32) over plain subscriptions.
//!
//! Our own, because a replica must be able to leave its queue groups and come back without ceasing to be
//! a service, and because a request whose reply subject is not an inbox must never be answered: reply
//! subjects are not permission-checked, so a forged one would make the service write where the asker
//! may not.

mod ask;
mod endpoint;
mod protocol;
mod request;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use ask::AskError;
pub use endpoint::Endpoint;
pub(crate) use request::ERROR;
pub use request::{ReplyAddress, Request, ServiceError};

use crate::client::{Client, SubscribeError};
use endpoint::Shared;
use protocol::Monitor;

/// Supplies one endpoint's figures for its `STATS` answer.
pub type Figures = Arc<dyn Fn() -> serde_json::Value + Send + Sync>;

/// One endpoint of a service.
#[derive(Clone)]
pub struct EndpointSpec {
    /// Its name in INFO and STATS.
    pub name: String,
    /// The subject it listens to; wildcards allowed.
    pub subject: String,
    /// The queue group; each request goes to one member.
    pub queue: String,
    /// What it does, shown by `nats micro info`.
    pub metadata: BTreeMap<String, String>,
    /// Figures of its own for STATS; merged with our counters.
    pub figures: Option<Figures>,
}

impl EndpointSpec {
    /// An endpoint without metadata and figures.
    pub fn new(name: &str, subject: &str, queue: &str) -> Self {
        Self {
            name: name.to_owned(),
            subject: subject.to_owned(),
            queue: queue.to_owned(),
            metadata: BTreeMap::new(),
            figures: None,
        }
    }

    /// The same with figures for STATS.
    #[must_use]
    pub fn with_figures(mut self, figures: Figures) -> Self {
        self.figures = Some(figures);
        self
    }
}

/// What a service is.
#[derive(Clone)]
pub struct ServiceSpec {
    /// Letters, digits, `-` and `_`.
    pub name: String,
    /// Semantic version.
    pub version: String,
    /// What it is for, in a sentence.
    pub description: String,
    /// Shown by `nats micro info`: replica, host, pid.
    pub metadata: BTreeMap<String, String>,
    /// Its endpoints.
    pub endpoints: Vec<EndpointSpec>,
}

/// Why a service did not start.
#[derive(Debug, Error)]
pub enum StartError {
    /// The name has other characters than letters, digits, `-` and `_`.
    #[error("`{0}` is not a service name")]
    Name(String),
    /// A subscription could not be made.
    #[error(transparent)]
    Subscribe(#[from] SubscribeError),
}

/// A running service: it answers PING, INFO and STATS until it is dropped. Its endpoints begin outside
/// their queue groups; `join` brings them in.
pub struct Service {
    id: String,
    endpoints: Vec<Arc<Shared>>,
    _stop: DropGuard,
}

impl Service {
    /// Starts it. The endpoints come in the order of the spec and are to be read by the caller; an
    /// endpoint that nobody reads keeps `Options::subscription_capacity` requests, then drops (counted).
    pub async fn start(client: &Client, spec: ServiceSpec) -> Result<(Self, Vec<Endpoint>), StartError> {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if spec.name.is_empty() || !spec.name.chars().all(fits) {
            return Err(StartError::Name(spec.name));
        }
        let id = client.new_inbox().rsplit('.').next().unwrap_or_default().to_owned();
        let cancel = CancellationToken::new();
        let mut shared = Vec::new();
        let mut endpoints = Vec::new();
        for endpoint in &spec.endpoints {
            let state = Arc::new(Shared::new(endpoint.clone()));
            endpoints.push(Endpoint::new(client.clone(), state.clone(), cancel.clone()));
            shared.push(state);
        }
        let monitor = Monitor::start(client, &id, &spec, shared.clone()).await?;
        let (stop, closed) = (cancel.clone(), client.inner.cancel.clone());
        client.inner.tasks.spawn(async move {
            tokio::select! {
                // It ends by itself only with the connection; then nobody can ask any more.
                () = monitor.run() => {}
                () = stop.cancelled() => {}
                () = closed.cancelled() => {}
            }
        });
        Ok((Self { id, endpoints: shared, _stop: cancel.drop_guard() }, endpoints))
    }

    /// The instance's unique id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Asks every endpoint to be in its queue group.
    pub fn join(&self) {
        self.endpoints.iter().for_each(|endpoint| endpoint.want(true));
    }

    /// Asks every endpoint to leave its queue group. What was received is still handed out.
    pub fn leave(&self) {
        self.endpoints.iter().for_each(|endpoint| endpoint.want(false));
    }

    /// Waits until every endpoint is in (`true`) or has left and handed out everything (`false`);
    /// returns whether it came to that within `timeout`. The endpoints must be read meanwhile.
    pub async fn settled(&self, joined: bool, timeout: Duration) -> bool {
        let all = async {
            for endpoint in &self.endpoints {
                endpoint.until(joined).await;
            }
        };
        tokio::time::timeout(timeout, all).await.is_ok()
    }

    /// Whether the endpoint of this name is in its queue group right now.
    pub fn is_joined(&self, endpoint: &str) -> bool {
        self.endpoints.iter().any(|known| known.spec.name == endpoint && known.is_joined())
    }

    /// Requests dropped because their reply subject was no inbox, over all endpoints.
    pub fn refused_replies(&self) -> u64 {
        self.endpoints.iter().map(|endpoint| endpoint.counters.refused_replies()).sum()
    }
}
