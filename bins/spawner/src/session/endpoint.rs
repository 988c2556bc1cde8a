//! What a running session answers: `ping` and `stop`.

use std::collections::BTreeMap;
use std::sync::Arc;

use maestro_client::service::{Endpoint, EndpointSpec, Request, Service, ServiceSpec, StartError};
use maestro_wire::Reply;
use serde_json::json;

use crate::context::Context;
use crate::ledger::Entry;

/// The session as a micro service, `maestro-session`.
pub(super) struct Terminal {
    context: Arc<Context>,
    entry: Entry,
    open: Option<Open>,
}

struct Open {
    _service: Service,
    stop: Endpoint,
    ping: Endpoint,
}

impl Terminal {
    pub(super) fn open(context: &Arc<Context>, entry: &Entry) -> Self {
        Self { context: context.clone(), entry: entry.clone(), open: None }
    }

    /// Answers until a stop is asked for; answers that too. Cancelling loses nothing.
    pub(super) async fn stop_asked(&mut self) {
        loop {
            let Some(open) = self.open.as_mut() else {
                match subscribe(&self.context, &self.entry).await {
                    Ok(open) => self.open = Some(open),
                    Err(error) => {
                        tracing::warn!(incarnation = %self.entry.incarnation, cause = %error, "does not listen yet");
                        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
                    }
                }
                continue;
            };
            let (request, stop) = tokio::select! {
                request = open.stop.next() => (request, true),
                request = open.ping.next() => (request, false),
            };
            let Some(request) = request else {
                // The connection is closed for good: the process ends.
                return std::future::pending().await;
            };
            self.answer(request, stop).await;
            if stop {
                return;
            }
        }
    }

    async fn answer(&self, request: Request, stop: bool) {
        let pid = self.entry.agent.map_or(0, |agent| agent.pid);
        let reply = Reply::ok(&json!({
            "nonce": self.entry.nonce,
            "pid": pid,
            "epoch": self.entry.incarnation.epoch,
            "node": self.context.config.node,
            "stopping": stop,
        }));
        if let Err(error) = request.respond(reply.encode().into(), None).await {
            tracing::debug!(incarnation = %self.entry.incarnation, cause = %error, "not answered");
        }
    }
}

async fn subscribe(context: &Context, entry: &Entry) -> Result<Open, StartError> {
    let incarnation = &entry.incarnation;
    let endpoint = |verb: &str| EndpointSpec::new(verb, &incarnation.subject(verb).to_string(), "holder");
    let spec = ServiceSpec {
        name: "maestro-session".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        description: "One running session.".to_owned(),
        metadata: BTreeMap::from([
            ("session".to_owned(), incarnation.to_string()),
            ("node".to_owned(), context.config.node.to_string()),
        ]),
        endpoints: vec![endpoint("stop"), endpoint("ping")],
    };
    let (service, endpoints) = Service::start(&context.client, spec).await?;
    service.join();
    let [stop, ping] = <[Endpoint; 2]>::try_from(endpoints)
        .unwrap_or_else(|found| unreachable!("two endpoints were asked for, {} came", found.len()));
    Ok(Open { _service: service, stop, ping })
}
