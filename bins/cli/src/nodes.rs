//! Spawners, as the bucket NODES and they themselves tell of them.

use std::time::Duration;

use maestro_client::{Bytes, Caller, Headers, RequestError, Stored};
use maestro_domain::NodeName;
use maestro_wire::{ErrorBody, ErrorCode, NodeAgents, NodeRecord, Reply, Subject};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::context::Context;
use crate::terminal::seat::not_read;

/// A node asks its agents' programs for their versions, which takes them up to ten seconds.
const CALL: Duration = Duration::from_secs(15);
/// The broker drops an answer that comes later than 45 s.
const GIT: Duration = Duration::from_secs(44);

/// Every spawner that is there, by name.
///
/// # Errors
/// When the bucket cannot be read.
pub async fn all(ctx: &Context) -> Result<Vec<NodeRecord>, ErrorBody> {
    let caller = ctx.caller(ctx.left()).await?;
    let (mut found, mut seq) = (Vec::new(), 1);
    loop {
        let batch = caller.client().read_on("KV_NODES", "$KV.NODES.>", seq).await.map_err(not_read)?;
        let Some(last) = batch.last() else { break };
        seq = last.seq + 1;
        found.extend(batch.iter().filter_map(record));
    }
    found.sort_by(|a, b| a.node.cmp(&b.node));
    Ok(found)
}

/// A key that was removed or has expired left a marker without a value.
fn record(stored: &Stored) -> Option<NodeRecord> {
    serde_json::from_slice(&stored.payload).ok()
}

/// The named one, or every one.
///
/// # Errors
/// When there is none.
pub async fn named(ctx: &Context, node: Option<&NodeName>) -> Result<Vec<NodeRecord>, ErrorBody> {
    let mut nodes = all(ctx).await?;
    if let Some(name) = node {
        nodes.retain(|record| record.node == *name);
    }
    if nodes.is_empty() {
        let text = node.map_or("there is no spawner".to_owned(), |name| format!("there is no spawner '{name}'"));
        return Err(ErrorBody::new(ErrorCode::Unavailable, text).commands(["maestro node list", "maestro doctor"]));
    }
    Ok(nodes)
}

/// What one spawner knows about its agents.
///
/// # Errors
/// When it does not answer.
pub async fn agents(ctx: &Context, node: &NodeName) -> Result<NodeAgents, ErrorBody> {
    ask(ctx.caller(ctx.left()).await?, node, "agents").await
}

/// Asks one spawner.
///
/// # Errors
/// When it does not answer.
pub async fn ask<T: DeserializeOwned>(caller: &Caller, node: &NodeName, verb: &str) -> Result<T, ErrorBody> {
    request(caller, node, verb, Bytes::new(), CALL).await
}

/// The same with something to say, as JSON.
///
/// # Errors
/// When it does not answer, or refuses.
pub async fn ask_with<T: DeserializeOwned>(
    caller: &Caller,
    node: &NodeName,
    verb: &str,
    payload: Bytes,
) -> Result<T, ErrorBody> {
    request(caller, node, verb, payload, CALL).await
}

/// Asks one spawner about its worktrees; git takes its time.
///
/// # Errors
/// When it does not answer, or does not do it.
pub async fn about_worktrees<T: DeserializeOwned>(
    caller: &Caller,
    node: &NodeName,
    verb: &str,
    body: &impl Serialize,
) -> Result<T, ErrorBody> {
    request(caller, node, verb, serde_json::to_vec(body).unwrap_or_default().into(), GIT).await
}

async fn request<T: DeserializeOwned>(
    caller: &Caller,
    node: &NodeName,
    verb: &str,
    body: Bytes,
    bound: Duration,
) -> Result<T, ErrorBody> {
    let subject = Subject::Node { node: node.clone(), verb: verb.to_owned() }.to_string();
    match caller.client().request(&subject, &Headers::new(), body, bound).await {
        Ok(message) => match Reply::decode(message.payload()) {
            Ok(reply) => reply.parse(),
            Err(error) => {
                Err(ErrorBody::new(ErrorCode::UnsupportedVersion, error.to_string()).commands(["maestro doctor"]))
            }
        },
        Err(RequestError::NoResponders { .. }) => {
            Err(ErrorBody::new(ErrorCode::Unavailable, format!("the spawner '{node}' does not answer '{verb}'"))
                .suggest("it may be older than this command line, or just gone")
                .commands(["maestro node list", "maestro doctor"]))
        }
        Err(error) => Err(error.into()),
    }
}
