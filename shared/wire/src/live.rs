//! What lives in buckets and work queues: leases, nodes, orders to spawn.

use maestro_domain::{AgentName, Label, NodeName, PoolName, ProjectId, SessionId, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A session's lease in the bucket LIVE, under the key `{project}.{session}`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    pub epoch: u32,
    /// Random; tells one holder from another of the same epoch.
    pub nonce: String,
    pub node: NodeName,
    pub pid: u32,
    pub since: Timestamp,
}

/// An agent that was found on a host.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentInfo {
    pub name: AgentName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

/// An agent profile as one host sees it: what `node.agents` answers, one each.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentView {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Where its program was found; absent: it was not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Whether a login of it lies where logins lie; absent: it needs none that is known of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logged_in: Option<bool>,
    /// The file of the host that changes or makes it; absent: it is built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Why it cannot be started there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// The profile as it is in force, as TOML.
    pub profile: String,
}

/// What a spawner answers to `node.agents`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeAgents {
    pub node: NodeName,
    pub agents: Vec<AgentView>,
    /// Profiles that cannot be read: file, line, and why.
    pub mistakes: Vec<String>,
}

/// What `node.manifest` is asked with; it answers [`crate::Manifest`] as the agent was given it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GivenGet {
    pub project: ProjectId,
    pub session: SessionId,
    pub epoch: u32,
}

/// A spawner in the bucket NODES, under its name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NodeRecord {
    pub node: NodeName,
    pub pool: PoolName,
    #[serde(default)]
    pub labels: Vec<Label>,
    pub agents: Vec<AgentInfo>,
    /// How many sessions it runs at once, and how many of these places are free.
    pub slots: u32,
    pub free: u32,
    /// It takes no new sessions; those that run go on.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub draining: bool,
    pub version: String,
    pub pid: u32,
    pub since: Timestamp,
}

/// An order in the work queue SPAWN.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SpawnOrder {
    pub project: ProjectId,
    pub session: SessionId,
    pub epoch: u32,
    pub pool: PoolName,
    pub agent: AgentName,
    /// The project's sequence that this follows from: whoever is asked about the session must have seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seq: Option<u64>,
    /// The ledger that `seq` counts in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
}
