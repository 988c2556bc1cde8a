//! The state of the whole system: what `system.get` answers.

use std::collections::BTreeMap;

use maestro_domain::{Line, NodeName, PoolName, ProjectId, SessionStatusKind, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Everything at once, as one replica sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SystemView {
    /// By the clock of the replica that answers.
    pub at: Timestamp,
    pub answered_by: String,
    /// The version of the nats-server that it is connected to.
    pub broker: String,
    pub ledger: String,
    /// The last sequence of the ledger.
    pub head: u64,
    pub projects: u64,
    /// Those that answered, by name.
    pub replicas: Vec<ReplicaView>,
    pub pools: Vec<PoolView>,
    pub nodes: Vec<SystemNode>,
    /// Living sessions by status.
    pub sessions: BTreeMap<SessionStatusKind, u64>,
    pub streams: Vec<StreamView>,
    /// What was given up on: effects that failed too often. The first hundred.
    pub dead_letters: Vec<DeadLetter>,
    /// Versions of Maestro that run, with the programs of each; more than one is a skew.
    pub versions: BTreeMap<String, Vec<String>>,
}

/// One maestro-server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplicaView {
    pub replica: String,
    pub version: String,
    /// It takes requests: false while it starts, lags or drains.
    pub serving: bool,
    /// The last sequence of the ledger that it follows, and how many it is behind.
    pub applied: u64,
    pub behind: u64,
    /// The last sequence that its projection shows.
    pub projected: u64,
    /// Projects whose last commit it wrote: it decides for them. The first twenty, and how many.
    pub homes: Vec<ProjectId>,
    pub home_count: u64,
    /// How far its clock is ahead of that of the one who answers, in milliseconds; the way there and back included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_ahead: Option<i64>,
    /// Why its projection was rebuilt at the start, if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebuilt: Option<String>,
}

/// The spawners of one name, and who waits for them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PoolView {
    pub pool: PoolName,
    pub nodes: u64,
    pub slots: u64,
    pub free: u64,
    /// Sessions that were asked for and that nobody has taken.
    pub waiting: u64,
    /// Why the first of them waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// One spawner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SystemNode {
    pub node: NodeName,
    pub pool: PoolName,
    pub version: String,
    pub slots: u32,
    pub free: u32,
    pub draining: bool,
}

/// One stream with its limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StreamView {
    /// In Maestro's words: `EVENTS`, `LIVE`.
    pub name: String,
    pub messages: u64,
    pub bytes: u64,
    /// 0: no limit.
    pub max_bytes: u64,
    /// How full it is, in percent of the limit.
    pub percent: u64,
    pub last_seq: u64,
}

/// Something outside the ledger that could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    pub project: ProjectId,
    pub what: Line,
}
