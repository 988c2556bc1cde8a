//! The spawners that are there, from the bucket NODES.

use std::{
    collections::BTreeMap,
    sync::{PoisonError, RwLock},
    time::Duration,
};

use maestro_client::{Change, Client};
use maestro_domain::Session;
use maestro_wire::NodeRecord;
use tokio_util::sync::CancellationToken;

/// A picture of NODES that follows the bucket.
#[derive(Default)]
pub struct Nodes {
    known: RwLock<BTreeMap<String, NodeRecord>>,
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
                Ok(Change::Reset) => self.write().clear(),
                Ok(Change::UpToDate) => {}
                Err(error) => {
                    tracing::warn!(cause = %error, "nodes cannot be followed; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
        }
    }

    /// Why nobody takes a request: `no spawner in pool gpu`.
    pub fn why_pending(&self, session: &Session) -> Option<String> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let in_pool: Vec<&NodeRecord> = known.values().filter(|node| node.pool == session.pool).collect();
        if in_pool.is_empty() {
            return Some(format!("no spawner in pool {}", session.pool));
        }
        let able: Vec<_> =
            in_pool.iter().filter(|node| node.agents.iter().any(|agent| agent.name == session.agent)).collect();
        if able.is_empty() {
            return Some(format!("no spawner in pool {} has the agent {}", session.pool, session.agent));
        }
        able.iter().all(|node| node.free == 0).then(|| format!("all slots of pool {} are taken", session.pool))
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<String, NodeRecord>> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}
