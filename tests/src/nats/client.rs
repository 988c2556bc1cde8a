//! Connections of tests: one of the static users, with the broker's refusals collected.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_nats::{Client, ConnectOptions, Event, RequestError};
use tokio::sync::Notify;

use super::layout::{Flavour, streams};
use super::server::NatsServer;

/// The permission violations that the broker reported to one connection, oldest first, in lower case.
#[derive(Debug, Clone, Default)]
pub struct Denials {
    seen: Arc<Mutex<Vec<String>>>,
    changed: Arc<Notify>,
}

impl Denials {
    fn push(&self, text: String) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        self.changed.notify_one();
    }

    /// Waits for a report that contains `marker` (lower case); returns what was reported before it since the last call.
    /// The broker reports in order, so what is missing before the marker did not happen.
    ///
    /// # Panics
    /// When the marker does not come within 5 s.
    pub async fn before(&self, marker: &str) -> Vec<String> {
        let wait = async {
            loop {
                if let Some(reports) = self.split_at(marker) {
                    return reports;
                }
                self.changed.notified().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), wait)
            .await
            .unwrap_or_else(|_| panic!("the broker did not report {marker:?}"))
    }

    fn split_at(&self, marker: &str) -> Option<Vec<String>> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let at = seen.iter().position(|text| text.contains(marker))?;
        let mut before: Vec<_> = seen.drain(..=at).collect();
        before.pop();
        Some(before)
    }
}

impl NatsServer {
    /// Connects as one of the static users (any name when the server is plain).
    ///
    /// # Panics
    /// When the connection is refused.
    pub async fn connect(&self, user: &str) -> Client {
        self.connect_watched(user).await.0
    }

    /// Connects, and collects the permission violations that the connection meets.
    ///
    /// # Panics
    /// When the connection is refused.
    pub async fn connect_watched(&self, user: &str) -> (Client, Denials) {
        let denials = Denials::default();
        let sink = denials.clone();
        let options = ConnectOptions::new()
            .name(format!("test-{user}"))
            .request_timeout(Some(Duration::from_secs(5)))
            .event_callback(move |event| {
                let sink = sink.clone();
                async move {
                    if let Event::ServerError(error) = event {
                        sink.push(error.to_string().to_lowercase());
                    }
                }
            });
        let options = match self.layout().flavour {
            Flavour::Plain => options,
            Flavour::Secured => options.user_and_password(user.to_owned(), self.password(user).to_owned()),
        };
        let client = options.connect(self.url()).await.unwrap_or_else(|error| panic!("{user} cannot connect: {error}"));
        (client, denials)
    }
}

/// Creates every stream of `nats/streams.json` in its account and returns what the broker says they are. A cluster that has
/// no leader yet is asked again for up to 20 s.
///
/// # Panics
/// When the broker refuses one.
pub async fn create_streams(server: &NatsServer, replicas: usize) -> Vec<serde_json::Value> {
    let (core, work) = (server.connect("core").await, server.connect("core-work").await);
    let mut created = Vec::new();
    for (account, config) in streams(replicas) {
        let client = if account == "CORE" { &core } else { &work };
        let deadline = Instant::now() + Duration::from_secs(20);
        let reply = loop {
            let reply = create(client, &config).await;
            let may_pass = reply.as_ref().map_or(true, |reply| reply["error"]["code"] == 503);
            match reply {
                _ if may_pass && Instant::now() < deadline => tokio::time::sleep(Duration::from_millis(50)).await,
                reply => break reply.unwrap_or_else(|error| panic!("no answer to creating {config}: {error}")),
            }
        };
        assert!(reply["error"].is_null(), "{} was refused: {}", config["name"], reply["error"]);
        created.push(reply["config"].clone());
    }
    created
}

async fn create(client: &Client, config: &serde_json::Value) -> Result<serde_json::Value, RequestError> {
    let name = config["name"].as_str().expect("a stream has a name");
    let body = serde_json::to_vec(config).expect("JSON can be written");
    let reply = client.request(format!("$JS.API.STREAM.CREATE.{name}"), body.into()).await?;
    Ok(serde_json::from_slice(&reply.payload).expect("JetStream answers with JSON"))
}
