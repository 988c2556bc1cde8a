//! What can be seen over the broker: as a command line, and with this home's passwords as its owner.

use std::collections::BTreeMap;
use std::time::Duration;

use maestro_client::{Client, Definition, Mode};
use maestro_runtime::{Credentials, Home, StackFile};
use maestro_wire::{ErrorBody, NodeRecord, Overview, Query, ServerInfo, ServerInfoGet, StatusGet};

use super::{Check, Verdict};
use crate::context::Context;
use crate::up::broker::{address, connect_as};
use crate::up::stack::SERVER;

const STREAMS: &str = include_str!("../../../../../nats/streams.json");
const PATIENCE: Duration = Duration::from_secs(2);
/// Enough to hear every replica of a queue group with all but certainty.
const QUESTIONS: usize = 24;

pub async fn checks(ctx: &Context, home: &Home, stack: Option<&StackFile>) -> Vec<Check> {
    let caller = match ctx.caller(PATIENCE).await {
        Ok(caller) => caller,
        Err(error) => return vec![Check::error("broker", &error)],
    };
    let broker = caller.client().server();
    let mut checks = vec![Check::ok("broker", format!("nats-server {}, user edge", broker.version))];
    if let Some(stack) = stack {
        checks.extend(as_owner(home, stack).await);
    }
    let servers = servers(ctx, stack).await;
    let serves = servers.iter().all(|check| check.verdict != Verdict::Fail);
    checks.extend(servers);
    if serves {
        checks.extend(effects(ctx).await);
    }
    checks
}

/// With the passwords of this home: the streams of both accounts, and who offers to run sessions.
async fn as_owner(home: &Home, stack: &StackFile) -> Vec<Check> {
    let credentials = match Credentials::read(&home.credentials()) {
        Ok(Some(credentials)) => credentials,
        Ok(None) => return vec![Check::warn("streams", "this home has no passwords to look with")],
        Err(error) => return vec![Check::fail("streams", error.to_string()).then(error.hint())],
    };
    let port = stack.nats_url.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default();
    let core = connect_as(&address(&credentials, "core", port), Mode::OneShot).await;
    let work = connect_as(&address(&credentials, "core-work", port), Mode::OneShot).await;
    match (core, work) {
        (Ok(core), Ok(work)) => {
            let mut checks = streams(&core, &work).await;
            checks.push(nodes(&work).await);
            checks
        }
        (Err(error), _) | (_, Err(error)) => vec![Check::error("streams", &error)],
    }
}

async fn streams(core: &Client, work: &Client) -> Vec<Check> {
    let definitions = match Definition::parse_file(STREAMS) {
        Ok(definitions) => definitions,
        Err(error) => return vec![Check::fail("streams", error.to_string())],
    };
    let mut checks = Vec::new();
    let mut messages = 0;
    for definition in &definitions {
        let client = if definition.account == "CORE" { core } else { work };
        match client.stream_info(definition.stream()).await {
            Ok(info) => {
                messages += info.messages;
                let full = info.max_bytes().is_some_and(|most| info.bytes >= most / 5 * 4);
                if full {
                    let text = format!("{} is more than 80 % full ({} MiB)", definition.name, info.bytes >> 20);
                    checks.push(Check::warn("streams", text));
                }
            }
            Err(error) => {
                let text = format!("{}: {error}", definition.name);
                checks.push(Check::fail("streams", text).then(format!("maestro logs {SERVER}")));
            }
        }
    }
    if checks.is_empty() {
        checks.push(Check::ok("streams", format!("{} streams, {messages} messages", definitions.len())));
    }
    checks
}

async fn nodes(work: &Client) -> Check {
    let hint = "maestro logs maestro-spawner";
    match work.bucket("NODES").list(PATIENCE).await {
        Ok(entries) if entries.is_empty() => {
            Check::warn("spawners", "none is there: sessions wait until one comes").then(hint)
        }
        Ok(entries) => {
            let nodes: Vec<NodeRecord> =
                entries.iter().filter_map(|entry| serde_json::from_slice(&entry.value).ok()).collect();
            let told: Vec<String> = nodes
                .iter()
                .map(|node| {
                    let draining = if node.draining { ", draining" } else { "" };
                    format!("{} (pool {}, {} of {} slots free{draining})", node.node, node.pool, node.free, node.slots)
                })
                .collect();
            Check::ok("spawners", told.join(", "))
        }
        Err(error) => Check::fail("spawners", error.to_string()).then(hint),
    }
}

/// Every replica that answers; nothing tells who is asked, so the question is repeated.
async fn servers(ctx: &Context, stack: Option<&StackFile>) -> Vec<Check> {
    let mut replicas: BTreeMap<String, ServerInfo> = BTreeMap::new();
    let expected = stack.map_or(1, |stack| stack.processes.iter().filter(|p| p.name.starts_with(SERVER)).count());
    for _ in 0..QUESTIONS {
        let answer = ctx.ask_of_none(Query::ServerInfoGet(ServerInfoGet::default())).await;
        match answer.and_then(|reply| reply.parse::<ServerInfo>()) {
            Ok(info) => replicas.insert(info.replica.clone(), info),
            // `maestro up` looks after its servers: only their log says more.
            Err(error) if stack.is_some() => {
                return vec![Check::error("servers", &error).then(format!("maestro logs {SERVER}"))];
            }
            Err(error) => return vec![Check::error("servers", &error)],
        };
        if replicas.len() >= expected && expected == 1 {
            break;
        }
    }
    let told: Vec<String> = replicas
        .values()
        .map(|info| format!("{} {} (pid {}, applied {})", info.replica, info.version, info.pid, info.applied))
        .collect();
    let mut checks = vec![if replicas.len() < expected {
        Check::warn("servers", format!("{} of {expected} answer: {}", replicas.len(), told.join(", ")))
            .then(format!("maestro logs {SERVER}"))
    } else {
        Check::ok("servers", told.join(", "))
    }];
    let rebuilt = replicas.values().filter_map(|info| Some((&info.replica, info.rebuilt.as_ref()?)));
    checks.extend(rebuilt.map(|(replica, why)| Check::warn("projection", format!("{replica} rebuilt it: {why}"))));
    checks
}

/// What the server gave up on, in the project that is meant.
async fn effects(ctx: &Context) -> Option<Check> {
    let project = ctx.placed().ok()??.project.clone();
    let overview: Result<Overview, ErrorBody> =
        ctx.ask(&project, Query::StatusGet(StatusGet {})).await.and_then(|reply| reply.parse());
    Some(match overview {
        Ok(overview) if overview.failed_effects.is_empty() => Check::ok("effects", format!("none failed in {project}")),
        Ok(overview) => {
            let told: Vec<String> = overview.failed_effects.iter().map(ToString::to_string).collect();
            Check::warn("effects", format!("failed in {project}: {}", told.join("; "))).then("maestro session list")
        }
        Err(error) => Check::error("effects", &error),
    })
}
