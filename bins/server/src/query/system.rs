//! `system.get`: the whole system, gathered when somebody asks. What does not answer is missing from it.

use std::{collections::BTreeMap, time::Duration};

use maestro_client::{Client, Definition};
use maestro_domain::{Line, PoolName, SessionStatusKind, Timestamp};
use maestro_wire::{DeadLetter, ErrorBody, PoolView, ReplicaView, StreamView, SystemNode, SystemView, header};
use serde_json::Value;
use tokio::time::timeout;

use crate::{STREAMS, clock::now, ledger::STREAM, service::Room};

/// How long the others have to answer.
const PATIENCE: Duration = Duration::from_millis(500);
const DEAD_LETTERS: usize = 100;
/// Projects that are named for each replica.
pub const HOMES: usize = 20;

pub async fn get(room: &Room) -> Result<SystemView, ErrorBody> {
    let (server, shared) = (&room.server, room.registry.shared());
    let core = shared.ledger.client();
    let asked = now();
    let (answers, streams) =
        tokio::join!(core.service_stats(header::SERVICE, PATIENCE, |_| false), streams(core, &server.work));
    let head = streams.iter().find(|stream| stream.name == STREAM).map_or(0, |stream| stream.last_seq);
    let mut replicas: Vec<ReplicaView> =
        answers.unwrap_or_default().iter().map(|answer| replica(answer, head, asked)).collect();
    replicas.sort_by(|a, b| a.replica.cmp(&b.replica));
    let nodes = server.nodes.all();
    let mut sessions = BTreeMap::new();
    let mut pools: BTreeMap<PoolName, PoolView> = BTreeMap::new();
    for node in &nodes {
        let pool = pools.entry(node.pool.clone()).or_insert_with(|| empty(&node.pool));
        pool.nodes += 1;
        pool.slots += u64::from(node.slots);
        pool.free += u64::from(node.free);
    }
    let mut dead_letters = Vec::new();
    let mut projects = 0;
    let reading = shared.store.begin().ok();
    for project in room.registry.all() {
        let view = project.view();
        projects += u64::from(view.state.project().is_some());
        for session in view.state.living().iter().filter_map(|id| view.state.session(*id)) {
            let kind = session.status.kind();
            *sessions.entry(kind).or_default() += 1;
            if kind == SessionStatusKind::Requested {
                let pool = pools.entry(session.pool.clone()).or_insert_with(|| empty(&session.pool));
                pool.waiting += 1;
                if pool.why.is_none() {
                    pool.why = server.nodes.why_pending(session);
                }
            }
        }
        let row = reading.as_ref().and_then(|reading| reading.project(&project.id).ok().flatten());
        let failed = row.map(|row| row.failed_effects).unwrap_or_default();
        dead_letters
            .extend(failed.iter().map(|text| DeadLetter { project: project.id.clone(), what: Line::lossy(text) }));
    }
    dead_letters.truncate(DEAD_LETTERS);
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for replica in &replicas {
        versions.entry(replica.version.clone()).or_default().push(format!("server {}", replica.replica));
    }
    for node in &nodes {
        versions.entry(node.version.clone()).or_default().push(format!("spawner {}", node.node));
    }
    Ok(SystemView {
        at: now(),
        answered_by: server.replica.clone(),
        broker: core.server().version,
        ledger: shared.ledger.id().to_owned(),
        head,
        projects,
        replicas,
        pools: pools.into_values().collect(),
        nodes: nodes
            .into_iter()
            .map(|node| SystemNode {
                node: node.node,
                pool: node.pool,
                version: node.version,
                slots: node.slots,
                free: node.free,
                draining: node.draining,
            })
            .collect(),
        sessions,
        streams,
        dead_letters,
        versions,
    })
}

fn empty(pool: &PoolName) -> PoolView {
    PoolView { pool: pool.clone(), nodes: 0, slots: 0, free: 0, waiting: 0, why: None }
}

async fn streams(core: &Client, work: &Client) -> Vec<StreamView> {
    let definitions = Definition::parse_file(STREAMS).unwrap_or_default();
    let infos = definitions.iter().map(|definition| {
        let client = if definition.account == "CORE" { core } else { work };
        timeout(PATIENCE, client.stream_info(definition.stream()))
    });
    let infos = futures::future::join_all(infos).await;
    let view = |(definition, info): (&Definition, Result<Result<maestro_client::StreamInfo, _>, _>)| {
        let info = info.ok()?.ok()?;
        let max_bytes = info.max_bytes().unwrap_or(0);
        Some(StreamView {
            name: definition.name.clone(),
            messages: info.messages,
            bytes: info.bytes,
            max_bytes,
            percent: info.bytes.saturating_mul(100).checked_div(max_bytes).unwrap_or(0),
            last_seq: info.last_seq,
        })
    };
    definitions.iter().zip(infos).filter_map(view).collect()
}

/// What one replica says of itself; one of another version may say less.
fn replica(answer: &Value, head: u64, asked: Timestamp) -> ReplicaView {
    let endpoints = answer["endpoints"].as_array().map(Vec::as_slice).unwrap_or_default();
    let own = endpoints.iter().find(|e| e["data"]["applied"].is_u64()).map_or(&Value::Null, |e| &e["data"]);
    let applied = own["applied"].as_u64().unwrap_or(0);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let homes = own["homes"].as_array().map(Vec::as_slice).unwrap_or_default();
    ReplicaView {
        replica: text(&answer["metadata"]["replica"]),
        version: text(&answer["version"]),
        serving: !endpoints.is_empty() && endpoints.iter().all(|endpoint| endpoint["data"]["joined"] == true),
        applied,
        behind: head.saturating_sub(applied),
        projected: own["projected"].as_u64().unwrap_or(applied),
        homes: homes.iter().filter_map(|id| id.as_str()?.parse().ok()).collect(),
        home_count: own["homeCount"].as_u64().unwrap_or(0),
        rebuilt: own["rebuilt"].as_str().map(str::to_owned),
        clock_ahead: own["at"].as_str().and_then(|at| Some(at.parse::<Timestamp>().ok()?.millis_since(asked))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_replicas_say_is_read_also_from_one_of_another_version() {
        let asked = Timestamp::from_millis(1_000);
        let peer = json!({ "joined": true, "applied": 7, "projected": 6, "homes": ["web", "no.project"], "homeCount": 2,
            "at": Timestamp::from_millis(4_000) });
        let cmd = |joined: bool| json!({ "name": "cmd", "data": { "joined": joined } });
        let answer = json!({ "version": "1.2.3", "metadata": { "replica": "r1" },
            "endpoints": [cmd(true), { "name": "peer", "data": peer }] });
        let read = replica(&answer, 10, asked);
        assert_eq!((read.replica.as_str(), read.serving, read.behind, read.projected), ("r1", true, 3, 6));
        assert_eq!((read.homes.len(), read.home_count, read.clock_ahead), (1, 2, Some(3_000)));
        let older = json!({ "version": "0.1.0", "metadata": {}, "endpoints": [cmd(false)] });
        let read = replica(&older, 10, asked);
        assert_eq!((read.serving, read.behind, read.clock_ahead), (false, 10, None));
    }
}
