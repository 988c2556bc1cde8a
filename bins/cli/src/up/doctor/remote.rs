//! What can be seen over the broker: as a command line, and with this home's passwords as its owner.

use std::collections::BTreeMap;
use std::time::Duration;

use maestro_client::{Client, Definition, Mode};
use maestro_domain::Timestamp;
use maestro_runtime::{Credentials, Home, StackFile};
use maestro_wire::{ErrorBody, NodeRecord, Query, SystemGet, SystemView};

use super::Check;
use super::system;
use crate::address::unanswered;
use crate::context::Context;
use crate::up::broker::{address, connect_as};
use crate::up::stack::{SERVER, SPAWNER};

const STREAMS: &str = include_str!("../../../../../nats/streams.json");
const PATIENCE: Duration = Duration::from_secs(2);

/// `elsewhere`: the broker is not one of this home, so what its stack is says nothing.
pub async fn checks(ctx: &Context, home: &Home, stack: Option<&StackFile>, elsewhere: bool) -> Vec<Check> {
    let stack = stack.filter(|_| !elsewhere);
    let caller = match ctx.caller(PATIENCE).await {
        Ok(caller) => caller,
        Err(error) => return vec![Check::error("broker", &unanswered(error, ctx))],
    };
    let broker = caller.client().server();
    let mut checks = vec![Check::ok("broker", format!("nats-server {}, user edge", broker.version))];
    match ask(ctx).await {
        Ok((view, clock)) => checks.extend(system::checks(&view, clock, stack, elsewhere)),
        Err(error) => {
            // Nobody tells of the system: what its owner can see without a server.
            if let Some(stack) = stack {
                checks.extend(as_owner(home, stack).await);
            }
            let check = Check::error("servers", &unanswered(error, ctx));
            // `maestro up` looks after its servers: only their log says more.
            checks.push(if stack.is_some() { check.log_of(SERVER, elsewhere) } else { check });
        }
    }
    checks
}

/// The system, and by how many milliseconds the clock of whoever answered is ahead of ours at least (behind: negative).
async fn ask(ctx: &Context) -> Result<(SystemView, i64), ErrorBody> {
    let before = crate::up::now_ms();
    let view: SystemView = ctx.ask_of_none(Query::SystemGet(SystemGet::default())).await?.parse()?;
    let after = crate::up::now_ms();
    Ok((view.clone(), ahead(view.at, before, after)))
}

/// A clock that shows something between question and answer may be right.
fn ahead(at: Timestamp, before: i64, after: i64) -> i64 {
    let at = at.as_millis();
    if at < before {
        at - before
    } else if at > after {
        at - after
    } else {
        0
    }
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
            Ok(info) => messages += info.messages,
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
    match work.bucket("NODES").list(PATIENCE).await {
        Ok(entries) => {
            let nodes: BTreeMap<String, NodeRecord> = entries
                .iter()
                .filter_map(|entry| Some((entry.key.clone(), serde_json::from_slice(&entry.value).ok()?)))
                .collect();
            let told: Vec<String> = nodes
                .values()
                .map(|node| {
                    system::spawner(node.node.as_str(), node.pool.as_str(), (node.free, node.slots), node.draining)
                })
                .collect();
            system::spawners(&told, false)
        }
        Err(error) => Check::fail("spawners", error.to_string()).log_of(SPAWNER, false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_wrong_only_outside_of_the_question() {
        let at = Timestamp::from_millis;
        assert_eq!((ahead(at(5), 3, 9), ahead(at(1), 3, 9), ahead(at(20), 3, 9)), (0, -2, 11));
    }
}
