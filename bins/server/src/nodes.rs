//! The spawners that are there, from the bucket NODES.

use std::{
    collections::BTreeMap,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use maestro_client::{Change, Client};
use maestro_domain::{NodeName, Session};
use maestro_wire::NodeRecord;
use tokio_util::sync::CancellationToken;

/// Who gets a session's order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Placement {
    /// Whoever of its pool is first.
    Pool,
    Node(NodeName),
    /// Nobody now, and why; it is looked again.
    Nowhere(String),
}

/// A picture of NODES that follows the bucket.
#[derive(Default)]
pub struct Nodes {
    known: RwLock<BTreeMap<String, NodeRecord>>,
    /// The picture is whole: who is not in it is not there.
    whole: AtomicBool,
}

impl Nodes {
    /// Follows the bucket until told to stop.
    pub async fn watch(&self, client: Client, name: &str, stop: CancellationToken) {
        let bucket = client.bucket("NODES");
        let mut watch = bucket.watch(name);
        loop {
            let change = tokio::select! {
                () = stop.cancelled() => return,
                change = watch.next() => change,
            };
            match change {
                Ok(Change::Put(entry)) => {
                    if let Ok(record) = serde_json::from_slice::<NodeRecord>(&entry.value) {
                        self.write().insert(entry.key, record);
                    }
                }
                Ok(Change::Gone { key, .. }) => {
                    self.write().remove(&key);
                }
                Ok(Change::Reset) => {
                    self.whole.store(false, Ordering::Relaxed);
                    self.write().clear();
                }
                Ok(Change::UpToDate) => self.whole.store(true, Ordering::Relaxed),
                Err(error) => {
                    tracing::warn!(cause = %error, "nodes cannot be followed; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Everyone who is there, by name.
    pub fn all(&self) -> Vec<NodeRecord> {
        self.read().values().cloned().collect()
    }

    /// Whether a spawner is known to be gone.
    pub fn is_gone(&self, node: &NodeName) -> bool {
        self.whole.load(Ordering::Relaxed) && !self.read().contains_key(node.as_str())
    }

    /// Why nobody takes a request: `no spawner in pool gpu`.
    pub fn why_pending(&self, session: &Session) -> Option<String> {
        match self.placement(session) {
            Placement::Nowhere(why) => Some(why),
            Placement::Node(node) => {
                let full = self.read().get(node.as_str()).is_some_and(|record| record.free == 0);
                full.then(|| format!("all slots of node {node} are taken"))
            }
            Placement::Pool => self.why_pool(session),
        }
    }

    /// Whether all that keeps it waiting is that those who would take it have no slot free.
    pub fn is_in_line(&self, session: &Session) -> bool {
        let Session { pool, wants, .. } = session;
        let known = self.read();
        let able = known.values().filter(|record| {
            let named = wants.node.as_ref().map_or(record.pool == *pool, |name| record.node == *name);
            named
                && has(record, session)
                && !record.draining
                && wants.labels.iter().all(|label| record.labels.contains(label))
        });
        let free: Vec<_> = able.map(|record| record.free).collect();
        !free.is_empty() && free.iter().all(|free| *free == 0)
    }

    fn why_pool(&self, session: &Session) -> Option<String> {
        let known = self.read();
        let pool = &session.pool;
        let in_pool: Vec<&NodeRecord> = known.values().filter(|node| node.pool == *pool).collect();
        if in_pool.is_empty() {
            return Some(format!("no spawner in pool {pool}"));
        }
        let able: Vec<_> = in_pool.iter().filter(|node| has(node, session)).collect();
        if able.is_empty() {
            return Some(format!("no spawner in pool {pool} has the agent {}", session.agent));
        }
        let open: Vec<_> = able.iter().filter(|node| !node.draining).collect();
        if open.is_empty() {
            return Some(format!("every spawner in pool {pool} with the agent {} is draining", session.agent));
        }
        open.iter().all(|node| node.free == 0).then(|| format!("all slots of pool {pool} are taken"))
    }

    /// Who is to get the order of a session.
    pub fn placement(&self, session: &Session) -> Placement {
        let known = self.read();
        let Session { agent, pool, wants, .. } = session;
        if let Some(name) = &wants.node {
            return on_node(known.get(name.as_str()), name, session);
        }
        let fits = |record: &&NodeRecord| {
            record.pool == *pool
                && has(record, session)
                && !record.draining
                && wants.labels.iter().all(|label| record.labels.contains(label))
        };
        // Where an agent's own conversation lies.
        let before = session.resumes.as_ref().and_then(|resumes| known.get(resumes.node.as_ref()?.as_str()));
        if let Some(record) = before.filter(fits) {
            return Placement::Node(record.node.clone());
        }
        if wants.labels.is_empty() {
            return Placement::Pool;
        }
        let labels = wants.labels.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        match known.values().filter(fits).max_by_key(|record| record.free) {
            None => {
                Placement::Nowhere(format!("no spawner in pool {pool} with the agent {agent} has the labels {labels}"))
            }
            Some(record) if record.free == 0 => {
                Placement::Nowhere(format!("all slots of the nodes in pool {pool} with the labels {labels} are taken"))
            }
            Some(record) => Placement::Node(record.node.clone()),
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, NodeRecord>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<String, NodeRecord>> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn has(node: &NodeRecord, session: &Session) -> bool {
    node.agents.iter().any(|agent| agent.name == session.agent)
}

/// The one node that a session wants, or why not.
fn on_node(record: Option<&NodeRecord>, name: &NodeName, session: &Session) -> Placement {
    let Some(record) = record else { return Placement::Nowhere(format!("there is no node {name}")) };
    if !has(record, session) {
        return Placement::Nowhere(format!("node {name} does not have the agent {}", session.agent));
    }
    if record.draining {
        return Placement::Nowhere(format!("node {name} is draining"));
    }
    match session.wants.labels.iter().find(|label| !record.labels.contains(label)) {
        Some(label) => Placement::Nowhere(format!("node {name} does not have the label {label}")),
        None => Placement::Node(name.clone()),
    }
}
