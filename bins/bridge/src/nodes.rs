//! Which spawners are there, and which agents they have: what a person may choose from. Read from the bucket NODES.

use std::collections::BTreeMap;
use std::time::Duration;

use maestro_client::{Change, Client};
use maestro_wire::NodeRecord;
use tokio::sync::watch;

const RETRY: Duration = Duration::from_secs(2);

/// The spawners by name.
pub type Nodes = BTreeMap<String, NodeRecord>;

/// Follows the bucket for ever; tells changes only, not renewals.
pub async fn follow(client: Client, nodes: watch::Sender<Nodes>) {
    let mut changes = client.bucket("NODES").watch("bridge-nodes");
    loop {
        match changes.next().await {
            Ok(Change::Put(entry)) => match serde_json::from_slice::<NodeRecord>(&entry.value) {
                Ok(record) => {
                    nodes.send_if_modified(|known| known.insert(entry.key, record.clone()).as_ref() != Some(&record));
                }
                Err(cause) => tracing::warn!(key = entry.key, %cause, "an entry of NODES cannot be read"),
            },
            Ok(Change::Gone { key, .. }) => {
                nodes.send_if_modified(|known| known.remove(&key).is_some());
            }
            Ok(Change::Reset) => {
                nodes.send_if_modified(|known| {
                    let any = !known.is_empty();
                    known.clear();
                    any
                });
            }
            Ok(Change::UpToDate) => {}
            Err(cause) => {
                tracing::info!(%cause, "the nodes cannot be followed now");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}
