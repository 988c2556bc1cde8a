//! This spawner among the others: its record in NODES and its micro service.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use maestro_client::service::{Endpoint, EndpointSpec, Service, ServiceSpec, StartError};
use maestro_client::{Lease, LeaseError};
use maestro_domain::AgentName;
use maestro_wire::{ErrorBody, ErrorCode, GivenGet, Manifest, NodeAgents, NodeRecord, Reply, Subject};
use serde_json::json;

use crate::agent::Agents;
use crate::config::Config;
use crate::context::Context;
use crate::incarnation::Incarnation;
use crate::workspace::files;
use crate::worktree;

const BUCKET: &str = "NODES";
/// The micro service of all spawners.
pub const SERVICE: &str = "maestro-spawner";
const TTL: Duration = Duration::from_secs(30);
const RENEW: Duration = Duration::from_secs(10);
/// Changes of the free slots are told at most this often.
const PAUSE: Duration = Duration::from_secs(1);

/// Writes the record, over that of an earlier process of this name.
///
/// # Errors
/// When the bucket is not there or does not take it.
pub async fn register(context: &Context) -> Result<Lease, LeaseError> {
    let bucket = context.client.bucket(BUCKET);
    let key = context.config.node.as_str();
    match bucket.acquire(key, value(context), TTL).await {
        Err(LeaseError::Held(entry)) => {
            let mut lease = bucket.adopt(&entry, TTL);
            lease.renew(value(context)).await?;
            Ok(lease)
        }
        other => other,
    }
}

/// Keeps the record until shutdown, then takes it away.
pub async fn keep(context: &Arc<Context>, lease: Lease) {
    let mut lease = Some(lease);
    loop {
        // A failed write is repeated soon: the record is not to expire because of one slow moment.
        let wait = if lease.is_some() { RENEW } else { PAUSE };
        tokio::select! {
            biased;
            () = context.shutdown.cancelled() => break,
            () = tokio::time::sleep(wait) => {}
            () = context.slots_changed.notified() => tokio::time::sleep(PAUSE).await,
        }
        let outcome = match lease.as_mut() {
            Some(held) => held.renew(value(context)).await,
            None => register(context).await.map(|taken| lease = Some(taken)),
        };
        if let Err(error) = outcome {
            // Expired, taken over by another of the same name, or no broker: written anew the next time.
            tracing::warn!(cause = %error, "record in {BUCKET} not renewed");
            lease = None;
        }
    }
    if let Some(held) = lease
        && let Ok(Err(error)) = tokio::time::timeout(Duration::from_secs(1), held.release()).await
    {
        tracing::debug!(cause = %error, "record in {BUCKET} not removed; it expires");
    }
}

fn value(context: &Context) -> Bytes {
    serde_json::to_vec(&context.record()).unwrap_or_default().into()
}

/// Starts the service `maestro-spawner`; its endpoints are to be read by [`answer`].
///
/// # Errors
/// When the subscriptions cannot be made.
pub async fn serve(context: &Context) -> Result<(Service, Vec<Endpoint>), StartError> {
    let node = &context.config.node;
    let subject = |verb: &str| Subject::Node { node: node.clone(), verb: verb.to_owned() }.to_string();
    let metadata = BTreeMap::from([
        ("node".to_owned(), node.to_string()),
        ("pool".to_owned(), context.config.pool.to_string()),
        ("pid".to_owned(), std::process::id().to_string()),
    ]);
    let mut endpoints = vec![
        EndpointSpec::new("info", &subject("info"), "spawner"),
        EndpointSpec::new("agents", &subject("agents"), "spawner"),
        EndpointSpec::new("drain", &subject("drain"), "spawner"),
        EndpointSpec::new("undrain", &subject("undrain"), "spawner"),
        EndpointSpec::new("manifest", &subject("manifest"), "spawner"),
    ];
    endpoints.extend(worktree::endpoints(node));
    let spec = ServiceSpec {
        name: SERVICE.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        description: "Starts sessions on one host and keeps them honest.".to_owned(),
        metadata,
        endpoints,
    };
    let started = Service::start(&context.client, spec).await?;
    started.0.join();
    Ok(started)
}

/// Answers until the service ends.
pub async fn answer(context: &Arc<Context>, mut endpoints: Vec<Endpoint>) {
    let worktrees = endpoints.split_off(endpoints.len().saturating_sub(worktree::VERBS.len()));
    tokio::join!(answer_about_itself(context, endpoints), worktree::answer(context, worktrees));
}

/// What a spawner is asked about itself.
enum Asked {
    Info,
    Drain,
    Undrain,
    Agents,
    Manifest,
}

async fn answer_about_itself(context: &Arc<Context>, endpoints: Vec<Endpoint>) {
    let Ok([mut info, mut agents, mut drain, mut undrain, mut manifest]) = <[Endpoint; 5]>::try_from(endpoints) else {
        return;
    };
    loop {
        let (asked, request) = tokio::select! {
            request = info.next() => (Asked::Info, request),
            request = drain.next() => (Asked::Drain, request),
            request = undrain.next() => (Asked::Undrain, request),
            request = agents.next() => (Asked::Agents, request),
            request = manifest.next() => (Asked::Manifest, request),
        };
        // The end of the service is no request: nothing may be done for it.
        let Some(request) = request else { return };
        let reply = match asked {
            Asked::Info => info_of(context),
            Asked::Drain => switch(context, true),
            Asked::Undrain => switch(context, false),
            Asked::Agents => Reply::ok(&agents_of(context).await),
            Asked::Manifest => given(context, request.payload()).unwrap_or_else(Reply::refused),
        };
        if let Err(error) = request.respond(reply.encode().into(), None).await {
            tracing::debug!(cause = %error, "not answered");
        }
    }
}

/// Projects that are not here, with the reason.
fn refused(context: &Context) -> BTreeMap<String, String> {
    let refused = context.refused.lock().unwrap_or_else(PoisonError::into_inner);
    refused.iter().map(|(project, why)| (project.to_string(), why.clone())).collect()
}

fn info_of(context: &Context) -> Reply {
    let sessions: Vec<_> = context.sessions();
    Reply::ok(&json!({ "node": context.record(), "sessions": sessions, "refused": refused(context) }))
}

/// Takes no new sessions from here on, or takes them again.
fn switch(context: &Context, drains: bool) -> Reply {
    let before = context.drain.is_on();
    match context.drain.set(drains) {
        Ok(()) => {
            tracing::info!(drains, "switched");
            context.slots_changed.notify_one();
            let mut reply = info_of(context);
            reply.unchanged = before == drains;
            reply
        }
        Err(error) => {
            let text = format!("it cannot be kept on the spawner's disk: {error}");
            Reply::refused(ErrorBody::new(ErrorCode::Unavailable, text).commands(["maestro doctor"]))
        }
    }
}

/// The manifest as an agent of this host was given it.
fn given(context: &Context, payload: &[u8]) -> Result<Reply, ErrorBody> {
    let GivenGet { project, session, epoch } = maestro_wire::decode(payload)?;
    let incarnation = Incarnation { project, session, epoch };
    let file = files::manifest(&files::of(&context.config.data, &incarnation));
    let read = std::fs::read(&file).map_err(|error| error.to_string());
    let manifest = read.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).map_err(|error| error.to_string()));
    manifest.map(|manifest| Reply::ok(&manifest)).map_err(|cause| {
        let text = format!("this host has no manifest of {incarnation} any more");
        ErrorBody::new(ErrorCode::SessionState, text).with("cause", cause)
    })
}

/// Read anew: somebody who asks may just have changed a profile. What is offered stays until the next start.
async fn agents_of(context: &Context) -> NodeAgents {
    let Config { node, agents, inherited, .. } = &context.config;
    let agents = Agents::find(agents, inherited);
    NodeAgents {
        node: node.clone(),
        agents: agents.views(inherited, &context.holders).await,
        mistakes: agents.profiles.mistakes.iter().map(ToString::to_string).collect(),
    }
}

/// Whether another spawner of this pool has this agent too. Without an answer: perhaps.
pub async fn is_offered_elsewhere(context: &Context, agent: &AgentName) -> bool {
    any_other(context, |record| has(record, agent)).await.unwrap_or(true)
}

/// Whether another spawner of this pool would take a session of this agent now. Without an answer: nobody.
pub async fn has_room_elsewhere(context: &Context, agent: &AgentName) -> bool {
    let wanted = |record: &NodeRecord| has(record, agent) && record.free > 0 && !record.draining;
    any_other(context, wanted).await.unwrap_or(false)
}

fn has(record: &NodeRecord, agent: &AgentName) -> bool {
    record.agents.iter().any(|offered| offered.name == *agent)
}

/// `None`: it cannot be read now.
async fn any_other(context: &Context, wanted: impl Fn(&NodeRecord) -> bool) -> Option<bool> {
    let Config { node, pool, .. } = &context.config;
    let mut seq = 1;
    loop {
        let batch = context.client.read_on("KV_NODES", "$KV.NODES.>", seq).await.ok()?;
        let Some(last) = batch.last() else { return Some(false) };
        seq = last.seq + 1;
        // A key that was removed left a marker without a value.
        let records = batch.iter().filter_map(|stored| serde_json::from_slice::<NodeRecord>(&stored.payload).ok());
        if records.filter(|record| record.node != *node && record.pool == *pool).any(|record| wanted(&record)) {
            return Some(true);
        }
    }
}
