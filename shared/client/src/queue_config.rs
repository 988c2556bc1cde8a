//! The durable consumer of a work queue: made when it is not there, compared when it is.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::api::{ApiError, code, nanos};
use crate::client::Client;
use crate::queue::QueueError;

/// The only priority group of an ordered queue.
pub(crate) const GROUP: &str = "one";

/// Who may work at the same time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Every process takes jobs; no order.
    Any,
    /// One process at a time takes jobs in the stream's order. When it stops asking for `pin_ttl` another
    /// one takes over (priority policy `pinned_client`, ADR-42).
    Single {
        /// For how long a silent process stays the one.
        pin_ttl: Duration,
        /// How many jobs may be out at once. With more than one, what was out when another process takes over may
        /// come to it in another order (seen with 2.15).
        at_once: u32,
    },
}

impl Order {
    /// Several jobs are out at once, and a pull stays open over many fetches.
    pub(crate) fn in_batches(self) -> bool {
        matches!(self, Self::Single { at_once: 2.., .. })
    }
}

/// A durable consumer.
#[derive(Clone, Debug)]
pub struct QueueConfig {
    /// The stream.
    pub stream: String,
    /// The consumer's name.
    pub durable: String,
    /// The subjects it hands out; `None`: all of the stream.
    pub filter: Option<String>,
    /// For how long a job may be silent before it is handed to another.
    pub ack_wait: Duration,
    /// How many times a job is handed out; `None`: without end. A job past it stays in the stream until
    /// somebody deletes it; an advisory tells.
    pub max_deliver: Option<u32>,
    /// How many jobs may be out at once when the order is `Any`.
    pub max_ack_pending: u32,
    /// Where a new consumer begins: `true`: with everything that is there, `false`: with what comes.
    pub from_start: bool,
    /// Who may work at the same time.
    pub order: Order,
}

impl QueueConfig {
    /// 30 s of silence, deliveries without end, 1,000 jobs out at once, no order.
    pub fn new(stream: &str, durable: &str, filter: Option<&str>) -> Self {
        Self {
            stream: stream.to_owned(),
            durable: durable.to_owned(),
            filter: filter.map(ToOwned::to_owned),
            ack_wait: Duration::from_secs(30),
            max_deliver: None,
            max_ack_pending: 1000,
            from_start: true,
            order: Order::Any,
        }
    }

    fn to_json(&self) -> Map<String, Value> {
        let mut config = json!({
            "durable_name": self.durable,
            "name": self.durable,
            "ack_policy": "explicit",
            "replay_policy": "instant",
            "deliver_policy": if self.from_start { "all" } else { "new" },
            "ack_wait": nanos(self.ack_wait),
            "max_deliver": self.max_deliver.map_or(-1, i64::from),
            "max_ack_pending": self.max_ack_pending,
        });
        if let Some(filter) = &self.filter {
            config["filter_subject"] = json!(filter);
        }
        if let Order::Single { pin_ttl, at_once } = self.order {
            config["max_ack_pending"] = json!(at_once.max(1));
            config["priority_policy"] = json!("pinned_client");
            config["priority_groups"] = json!([GROUP]);
            config["priority_timeout"] = json!(nanos(pin_ttl));
        }
        match config {
            Value::Object(map) => map,
            _ => Map::new(),
        }
    }
}

#[derive(Deserialize)]
struct ConsumerAnswer {
    config: Map<String, Value>,
}

impl Client {
    /// Makes the consumer, or compares the one that is there and changes what the broker lets change.
    pub(crate) async fn ensure_consumer(&self, queue: &QueueConfig) -> Result<(), QueueError> {
        let wanted = queue.to_json();
        let info = format!("CONSUMER.INFO.{}.{}", queue.stream, queue.durable);
        match self.api::<ConsumerAnswer>(&info, None::<&()>).await {
            Ok(found) => self.align_consumer(queue, &wanted, &found.config).await,
            Err(error) if error.err_code() == Some(code::CONSUMER_NOT_FOUND) => {
                match self.put_consumer(queue, &wanted, "create").await {
                    // Somebody else was faster, perhaps with other settings.
                    Err(error)
                        if matches!(
                            error.err_code(),
                            Some(code::CONSUMER_ALREADY_EXISTS | code::CONSUMER_NAME_EXISTS)
                        ) =>
                    {
                        let found = self.api::<ConsumerAnswer>(&info, None::<&()>).await?;
                        self.align_consumer(queue, &wanted, &found.config).await
                    }
                    other => Ok(other?),
                }
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn align_consumer(
        &self,
        queue: &QueueConfig,
        wanted: &Map<String, Value>,
        found: &Map<String, Value>,
    ) -> Result<(), QueueError> {
        let differences: Vec<String> = wanted
            .iter()
            .filter(|(key, value)| found.get(*key) != Some(*value))
            .map(|(key, value)| format!("{key}: {} instead of {value}", found.get(key).unwrap_or(&Value::Null)))
            .collect();
        if differences.is_empty() {
            return Ok(());
        }
        let mut merged = found.clone();
        merged.extend(wanted.clone());
        match self.put_consumer(queue, &merged, "update").await {
            Ok(()) => {
                tracing::info!(stream = %queue.stream, consumer = %queue.durable, ?differences, "consumer updated");
                Ok(())
            }
            Err(ApiError::Refused(failure)) => Err(QueueError::Mismatch {
                consumer: queue.durable.clone(),
                differences: differences.join("; "),
                reason: failure.description,
            }),
            Err(error) => Err(error.into()),
        }
    }

    async fn put_consumer(
        &self,
        queue: &QueueConfig,
        config: &Map<String, Value>,
        action: &str,
    ) -> Result<(), ApiError> {
        let mut path = format!("CONSUMER.CREATE.{}.{}", queue.stream, queue.durable);
        if let Some(filter) = &queue.filter {
            path = format!("{path}.{filter}");
        }
        let body = json!({ "stream_name": queue.stream, "config": config, "action": action });
        self.api::<Value>(&path, Some(&body)).await.map(|_| ())
    }
}
