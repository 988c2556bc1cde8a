//! What the tools take. The words are what a model reads.

use schemars::JsonSchema;
use serde::Deserialize;

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct OneTask {
    /// As in t3; without it the session's own task
    #[serde(default)]
    pub task: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NextTask {
    /// A task to take up, as in t3; without it the best that is ready
    #[serde(default)]
    pub task: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogTask {
    /// What was done or found
    pub message: String,
    /// As in t3; without it the session's own task
    #[serde(default)]
    pub task: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteTask {
    /// What was done, in which files, how it was checked, what is left
    pub summary: String,
    /// As in t3; without it the session's own task
    #[serde(default)]
    pub task: Option<String>,
    /// Although steps are open
    #[serde(default)]
    pub force: bool,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockTask {
    /// One precise question, or what stands in the way; one line
    pub reason: String,
    /// As in t3; without it the session's own task
    #[serde(default)]
    pub task: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CompleteSubtask {
    /// As in st2
    pub subtask: String,
    /// As in t3; without it the session's own task
    #[serde(default)]
    pub task: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SendMessage {
    /// A session, as in s7, or a user
    pub to: String,
    /// What to say
    pub body: String,
    /// The task that it is about
    #[serde(default)]
    pub task: Option<String>,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReadMessages {
    /// When there are none, wait this long for one; 90 at most
    #[serde(default)]
    pub wait_seconds: u32,
}
