//! What a session is told when it starts. Built by the server on request, never part of an event.

use maestro_domain::{AgentName, ProjectId, RestartPolicy, Role, SessionId, SkillName};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{MessageView, ProjectView, TaskDetail, TaskRow};

/// Everything that a spawner needs to start one epoch of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    pub project: ProjectView,
    pub project_id: ProjectId,
    pub session: SessionId,
    pub epoch: u32,
    pub role: Role,
    pub name: String,
    pub agent: AgentName,
    pub skill: SkillName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    pub restart: RestartPolicy,
    /// Its tasks, whole.
    pub tasks: Vec<TaskDetail>,
    /// Tasks that share a label or a dependency with them, when asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<TaskRow>,
    /// For the shell profile: what to run, program first. Empty: the prompt is run by `sh -c`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command: Vec<String>,
    /// Run in its place of work before a shell agent starts; to another agent they are said in its prompt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub initial_commands: Vec<String>,
    /// What waits for it, the oldest first, ten at most; a part of the initial prompt.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub messages: Vec<MessageView>,
    /// The prompt as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
    /// What an agent reads first.
    pub initial_prompt: String,
    /// This epoch goes on with the conversation of an earlier one, at best the one of this number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resumes: Option<u32>,
    /// What the agent reads instead of the initial prompt when it does go on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_prompt: Option<String>,
    /// The session was asked to stop before it started.
    #[serde(default)]
    pub stop_requested: bool,
}
