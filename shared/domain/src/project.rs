//! A project: the room in which tasks, sessions and messages live.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Actor, AgentName, Line, ProjectId, Timestamp, Title};

/// A project, less its long texts (overview, goals).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Project {
    pub id: ProjectId,
    pub rev: u32,
    pub title: Title,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Line>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_branch: Option<Line>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_agent: Option<AgentName>,
    /// An archived project can be read; nothing in it changes.
    #[serde(default)]
    pub archived: bool,
    pub created_by: Actor,
    pub created_at: Timestamp,
    pub updated_by: Actor,
    pub updated_at: Timestamp,
}
