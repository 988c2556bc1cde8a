//! The figures of the whole system for `/metrics`: replicas, spawners, streams. Asked for when somebody asks, and kept for a
//! moment, so that many who ask are one to the broker.

use std::fmt::Write as _;
use std::time::Duration;

use maestro_client::{Client, Definition};
use maestro_wire::header;
use serde_json::Value;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::nodes::Nodes;

const STREAMS: &str = include_str!("../../../nats/streams.json");
/// How long replicas have to answer. All that answer later are down to whoever looks.
const PATIENCE: Duration = Duration::from_millis(500);
const KEPT: Duration = Duration::from_secs(2);

/// Who asks the others.
pub struct System {
    core: Client,
    work: Option<Client>,
    last: Mutex<Option<(Instant, String)>>,
}

impl System {
    pub fn new(core: Client, work: Option<Client>) -> Self {
        Self { core, work, last: Mutex::new(None) }
    }

    /// Prometheus' text format. What does not answer is missing from it.
    pub async fn render(&self, nodes: &Nodes) -> String {
        // Whoever asks meanwhile waits here and gets the same.
        let mut last = self.last.lock().await;
        if let Some((at, text)) = last.as_ref()
            && at.elapsed() < KEPT
        {
            return text.clone();
        }
        let (replicas, streams) =
            tokio::join!(self.core.service_stats(header::SERVICE, PATIENCE, |_| false), self.streams());
        let replicas = replicas.unwrap_or_else(|cause| {
            tracing::info!(%cause, "the replicas cannot be asked");
            Vec::new()
        });
        let head = streams.iter().find(|stream| stream.name == "EVENTS").map(|stream| stream.last_seq);
        let mut page = Page::default();
        page.replicas(&replicas, head);
        page.spawners(nodes);
        page.streams(&streams);
        *last = Some((Instant::now(), page.0.clone()));
        page.0
    }

    async fn streams(&self) -> Vec<Stream> {
        let mut found = Vec::new();
        for definition in Definition::parse_file(STREAMS).unwrap_or_default() {
            let client = if definition.account == "CORE" { Some(&self.core) } else { self.work.as_ref() };
            let Some(client) = client else { continue };
            if let Ok(Ok(info)) = tokio::time::timeout(PATIENCE, client.stream_info(definition.stream())).await {
                found.push(Stream {
                    name: definition.name.clone(),
                    messages: info.messages,
                    bytes: info.bytes,
                    max_bytes: info.max_bytes().unwrap_or(0),
                    last_seq: info.last_seq,
                });
            }
        }
        found
    }
}

struct Stream {
    name: String,
    messages: u64,
    bytes: u64,
    max_bytes: u64,
    last_seq: u64,
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn say(&mut self, name: &str, kind: &str, about: &str, rows: impl IntoIterator<Item = (String, u64)>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "# HELP maestro_{name} {about}\n# TYPE maestro_{name} {kind}");
        for (labels, value) in rows {
            let _ = writeln!(self.0, "maestro_{name}{{{labels}}} {value}");
        }
    }

    fn replicas(&mut self, replicas: &[Value], head: Option<u64>) {
        let name = |answer: &Value| label("replica", answer["metadata"]["replica"].as_str().unwrap_or_default());
        let endpoints = |answer: &Value| answer["endpoints"].as_array().cloned().unwrap_or_default();
        let applied = |answer: &Value| endpoints(answer).iter().find_map(|e| e["data"]["applied"].as_u64());
        let version = |answer: &Value| {
            (format!("{},{}", name(answer), label("version", answer["version"].as_str().unwrap_or_default())), 1)
        };
        self.say("server_up", "gauge", "1 for each replica that answers.", replicas.iter().map(version));
        let serves = |answer: &Value| {
            let all = endpoints(answer);
            (name(answer), u64::from(!all.is_empty() && all.iter().all(|e| e["data"]["joined"] == true)))
        };
        self.say("server_serving", "gauge", "1 while the replica takes requests.", replicas.iter().map(serves));
        let at = |answer: &Value| Some((name(answer), applied(answer)?));
        self.say(
            "server_applied",
            "gauge",
            "Sequence of the ledger up to which it follows.",
            replicas.iter().filter_map(at),
        );
        let behind = |answer: &Value| Some((name(answer), head?.saturating_sub(applied(answer)?)));
        self.say(
            "server_lag",
            "gauge",
            "Commits of the ledger that it does not have yet.",
            replicas.iter().filter_map(behind),
        );
        for (figure, field, about) in [
            ("server_requests_total", "num_requests", "Requests, by kind."),
            ("server_refusals_total", "num_errors", "Requests that were refused, by kind."),
            ("server_request_nanoseconds_total", "processing_time", "Time spent on them, by kind."),
        ] {
            let rows = replicas.iter().flat_map(|answer| {
                let replica = name(answer);
                endpoints(answer).into_iter().map(move |endpoint| {
                    let kind = label("kind", endpoint["name"].as_str().unwrap_or_default());
                    (format!("{replica},{kind}"), endpoint[field].as_u64().unwrap_or(0))
                })
            });
            self.say(figure, "counter", about, rows.collect::<Vec<_>>());
        }
    }

    fn spawners(&mut self, nodes: &Nodes) {
        let name = |node: &str, pool: &str| format!("{},{}", label("node", node), label("pool", pool));
        let rows = |value: fn(&maestro_wire::NodeRecord) -> u64| {
            nodes.values().map(|node| (name(node.node.as_str(), node.pool.as_str()), value(node))).collect::<Vec<_>>()
        };
        self.say("spawner_slots", "gauge", "Sessions that the spawner runs at most.", rows(|node| node.slots.into()));
        self.say("spawner_slots_free", "gauge", "Sessions that it could start now.", rows(|node| node.free.into()));
    }

    fn streams(&mut self, streams: &[Stream]) {
        for (figure, about, value) in [
            ("stream_messages", "Messages in the stream.", (|s| s.messages) as fn(&Stream) -> u64),
            ("stream_bytes", "Bytes that they take.", |s| s.bytes),
            ("stream_max_bytes", "Bytes that they may take.", |s| s.max_bytes),
        ] {
            self.say(figure, "gauge", about, streams.iter().map(|s| (label("stream", &s.name), value(s))));
        }
    }
}

/// Quoted as the format wants it.
fn label(name: &str, value: &str) -> String {
    let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("{name}=\"{value}\"")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_replica_that_lags_and_one_that_drains_are_seen() {
        let replica = |name: &str, applied: u64, joined: bool| {
            json!({ "version": "1.2.3", "metadata": { "replica": name }, "endpoints": [
                { "name": "cmd", "num_requests": 7, "num_errors": 2, "processing_time": 5, "data": { "joined": joined } },
                { "name": "peer", "data": { "joined": joined, "applied": applied } },
            ] })
        };
        let mut page = Page::default();
        page.replicas(&[replica("r1", 10, true), replica("a\"b", 4, false)], Some(10));
        for line in [
            "maestro_server_up{replica=\"r1\",version=\"1.2.3\"} 1\n",
            "maestro_server_serving{replica=\"r1\"} 1\n",
            "maestro_server_serving{replica=\"a\\\"b\"} 0\n",
            "maestro_server_lag{replica=\"r1\"} 0\n",
            "maestro_server_lag{replica=\"a\\\"b\"} 6\n",
            "maestro_server_requests_total{replica=\"r1\",kind=\"cmd\"} 7\n",
            "maestro_server_refusals_total{replica=\"r1\",kind=\"cmd\"} 2\n",
        ] {
            assert!(page.0.contains(line), "{line} is not in\n{}", page.0);
        }
    }
}
