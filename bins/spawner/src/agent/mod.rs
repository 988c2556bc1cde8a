//! Agent profiles: how a session's manifest becomes a program with arguments. One file a profile; others join `offered`.

mod environment;
mod shell;

use std::path::Path;

use maestro_domain::AgentName;
use maestro_wire::{AgentInfo, Manifest};

pub use environment::{HIDDEN, NONCE, Session, environment};

/// A program and its arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    pub program: String,
    pub arguments: Vec<String>,
}

/// The agents that this host can run.
pub fn offered() -> Vec<AgentInfo> {
    [shell::NAME]
        .iter()
        .filter_map(|name| Some(AgentInfo { name: name.parse::<AgentName>().ok()?, version: None }))
        .collect()
}

/// What to run for this manifest. `directory` is the session's own, for files that the program needs.
///
/// # Errors
/// A sentence on why it cannot be run: nothing that trying again would change.
pub fn invocation(manifest: &Manifest, directory: &Path) -> Result<Invocation, String> {
    match manifest.agent.as_str() {
        shell::NAME => shell::invocation(manifest, directory),
        other => Err(format!("this spawner does not know the agent '{other}'")),
    }
}
