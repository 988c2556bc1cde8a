//! PING, INFO and STATS (ADR-32), for `nats micro ls|info|stats`.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::{SelectAll, select_all};
use serde::Serialize;
use serde_json::{Value, json};

use super::ServiceSpec;
use super::endpoint::Shared;
use super::request::may_answer;
use crate::client::{Client, SubscribeError};
use crate::header::Headers;
use crate::message::Message;

#[derive(Serialize)]
struct Identity {
    name: String,
    id: String,
    version: String,
    metadata: BTreeMap<String, String>,
}

#[derive(Serialize)]
struct EndpointInfo<'a> {
    name: &'a str,
    subject: &'a str,
    queue_group: &'a str,
    metadata: &'a BTreeMap<String, String>,
}

#[derive(Serialize)]
struct EndpointStats<'a> {
    name: &'a str,
    subject: &'a str,
    queue_group: &'a str,
    num_requests: u64,
    num_errors: u64,
    last_error: String,
    /// Nanoseconds.
    processing_time: u64,
    /// Nanoseconds.
    average_processing_time: u64,
    data: Value,
}

/// Answers what the world asks about the service.
pub(super) struct Monitor {
    client: Client,
    identity: Identity,
    description: String,
    started: String,
    endpoints: Vec<Arc<Shared>>,
    questions: SelectAll<async_nats::Subscriber>,
}

impl Monitor {
    pub(super) async fn start(
        client: &Client,
        id: &str,
        spec: &ServiceSpec,
        endpoints: Vec<Arc<Shared>>,
    ) -> Result<Self, SubscribeError> {
        let mut questions = Vec::new();
        for verb in ["PING", "INFO", "STATS"] {
            for suffix in [String::new(), format!(".{}", spec.name), format!(".{}.{id}", spec.name)] {
                questions.push(client.subscribe(&format!("$SRV.{verb}{suffix}"), None).await?.0);
            }
        }
        let identity = Identity {
            name: spec.name.clone(),
            id: id.to_owned(),
            version: spec.version.clone(),
            metadata: spec.metadata.clone(),
        };
        Ok(Self {
            client: client.clone(),
            identity,
            description: spec.description.clone(),
            started: jiff::Timestamp::now().to_string(),
            endpoints,
            questions: select_all(questions),
        })
    }

    pub(super) async fn run(mut self) {
        while let Some(question) = self.questions.next().await.map(Message) {
            let Some(reply_to) = question.reply_to().filter(|reply| may_answer(Some(reply))) else { continue };
            let Some(answer) = self.answer(question.subject()) else { continue };
            let body = Bytes::from(answer.to_string());
            if let Err(error) = self.client.publish(reply_to, &Headers::new(), body).await {
                tracing::warn!(cause = %error, "service question not answered");
            }
        }
    }

    fn answer(&self, subject: &str) -> Option<Value> {
        let (kind, more) = match subject.split('.').nth(1)? {
            "PING" => ("ping", Value::Null),
            "INFO" => ("info", json!({ "description": self.description, "endpoints": self.infos() })),
            "STATS" => ("stats", json!({ "started": self.started, "endpoints": self.stats() })),
            _ => return None,
        };
        let mut answer = serde_json::to_value(&self.identity).ok()?;
        answer["type"] = Value::from(format!("io.nats.micro.v1.{kind}_response"));
        if let (Value::Object(answer), Value::Object(more)) = (&mut answer, more) {
            answer.extend(more);
        }
        Some(answer)
    }

    fn infos(&self) -> Vec<EndpointInfo<'_>> {
        self.endpoints
            .iter()
            .map(|endpoint| EndpointInfo {
                name: &endpoint.spec.name,
                subject: &endpoint.spec.subject,
                queue_group: &endpoint.spec.queue,
                metadata: &endpoint.spec.metadata,
            })
            .collect()
    }

    fn stats(&self) -> Vec<EndpointStats<'_>> {
        self.endpoints
            .iter()
            .map(|endpoint| {
                let counters = &endpoint.counters;
                let (requests, nanos) = (counters.requests(), counters.nanos());
                let mut data = match endpoint.spec.figures.as_ref().map(|figures| figures()) {
                    Some(Value::Object(map)) => Value::Object(map),
                    Some(other) => json!({ "figures": other }),
                    None => json!({}),
                };
                data["refusedReplies"] = Value::from(counters.refused_replies());
                data["joined"] = Value::from(endpoint.is_joined());
                EndpointStats {
                    name: &endpoint.spec.name,
                    subject: &endpoint.spec.subject,
                    queue_group: &endpoint.spec.queue,
                    num_requests: requests,
                    num_errors: counters.errors(),
                    last_error: counters.last_error(),
                    processing_time: nanos,
                    average_processing_time: nanos.checked_div(requests).unwrap_or(0),
                    data,
                }
            })
            .collect()
    }
}
