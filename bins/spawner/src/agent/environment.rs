//! The environment of an agent.

use std::collections::BTreeMap;
use std::path::Path;

use maestro_domain::Role;
use maestro_wire::Manifest;

/// Marks every process of one incarnation on this host; how what outlived both spawner and holder is found again.
pub const NONCE: &str = "MAESTRO_SESSION_NONCE";

/// The trace that the agent's commands belong to; that of whoever started the stack is another.
pub const TRACEPARENT: &str = "TRACEPARENT";

/// Of the enclosing agent, should the stack have been started by one: it would take itself for its child.
const ENCLOSING: [&str; 6] = ["CLAUDECODE", "CLAUDE_CODE_", "CLAUDE_PROJECT_DIR", "CODEX_", "GEMINI_CLI", "OPENCODE"];

/// What a person sets for their own agents, although it begins as those do.
const SETTINGS: [&str; 6] = [
    "CLAUDE_CODE_OAUTH_TOKEN",
    "CLAUDE_CODE_USE_",
    "CLAUDE_CODE_DISABLE_",
    "CLAUDE_CODE_MAX_",
    "CODEX_API_KEY",
    "CODEX_HOME",
];

/// The spawner's own and those of the session in which the stack was started. Holders do not get them either.
pub const HIDDEN: [&str; 20] = [
    "MAESTRO_NATS_URL",
    "MAESTRO_EDGE_URL",
    "MAESTRO_CORE_URL",
    "MAESTRO_WORK_URL",
    "MAESTRO_NATS_URL_FILE",
    "MAESTRO_EDGE_URL_FILE",
    "MAESTRO_CORE_URL_FILE",
    "MAESTRO_WORK_URL_FILE",
    "MAESTRO_API_URL",
    "MAESTRO_PROJECT_ID",
    "MAESTRO_SESSION_ID",
    "MAESTRO_SESSION_EPOCH",
    "MAESTRO_SESSION_NONCE",
    "MAESTRO_TASK_IDS",
    "MAESTRO_SKILL",
    "MAESTRO_ROLE",
    "MAESTRO_MANIFEST",
    "MAESTRO_USER",
    "MAESTRO_OUTPUT",
    TRACEPARENT,
];

/// What is particular to one session.
pub struct Session<'a> {
    pub manifest: &'a Manifest,
    pub manifest_file: &'a Path,
    pub nonce: &'a str,
    pub edge_url: &'a str,
    pub home: &'a Path,
    /// The `maestro` of this stack.
    pub bin: &'a Path,
}

/// What any program of an agent may see of the spawner's own environment.
pub fn public(inherited: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let mine = |name: &str| HIDDEN.contains(&name) || is_enclosing(name);
    inherited.iter().filter(|(name, _)| !mine(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// The whole environment of the agent.
pub fn environment(inherited: &BTreeMap<String, String>, session: &Session<'_>) -> BTreeMap<String, String> {
    let mut variables = public(inherited);
    let manifest = session.manifest;
    let tasks: Vec<String> = manifest.tasks.iter().map(|detail| detail.task.id.to_string()).collect();
    let role = match manifest.role {
        Role::Worker => "worker",
        Role::Orchestrator => "orchestrator",
        Role::Custom => "custom",
    };
    let path = |path: &Path| path.to_string_lossy().into_owned();
    for (name, value) in [
        ("MAESTRO_NATS_URL", session.edge_url.to_owned()),
        ("MAESTRO_HOME", path(session.home)),
        ("MAESTRO_BIN", path(session.bin)),
        ("MAESTRO_PROJECT_ID", manifest.project_id.to_string()),
        ("MAESTRO_SESSION_ID", manifest.session.to_string()),
        ("MAESTRO_SESSION_EPOCH", manifest.epoch.to_string()),
        ("MAESTRO_TASK_IDS", tasks.join(",")),
        ("MAESTRO_SKILL", manifest.skill.to_string()),
        ("MAESTRO_ROLE", role.to_owned()),
        ("MAESTRO_MANIFEST", path(session.manifest_file)),
        (NONCE, session.nonce.to_owned()),
    ] {
        variables.insert(name.to_owned(), value);
    }
    if let Some(directory) = session.bin.parent() {
        let rest = variables.get("PATH").map_or("/usr/local/bin:/usr/bin:/bin", String::as_str);
        let joined = format!("{}:{rest}", directory.display());
        variables.insert("PATH".to_owned(), joined);
    }
    variables
}

fn is_enclosing(name: &str) -> bool {
    ENCLOSING.iter().any(|prefix| belongs(name, prefix)) && !SETTINGS.iter().any(|kept| belongs(name, kept))
}

/// Takes away what a profile does not want.
pub fn without(variables: &mut BTreeMap<String, String>, remove: &[String]) {
    variables.retain(|name, _| !remove.iter().any(|prefix| belongs(name, prefix)));
}

fn belongs(name: &str, prefix: &str) -> bool {
    if prefix.ends_with('_') {
        name.starts_with(prefix)
    } else {
        name == prefix || name.starts_with(&format!("{prefix}_"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enclosing_agents_are_told_by_whole_words() {
        let enclosing = is_enclosing;
        for name in
            ["CLAUDECODE", "CLAUDE_CODE_ENTRYPOINT", "CODEX_SANDBOX", "GEMINI_CLI", "OPENCODE", "OPENCODE_BIN_PATH"]
        {
            assert!(enclosing(name), "{name}");
        }
        for name in [
            "CLAUDECODES",
            "CLAUDE_CONFIG_DIR",
            "CODEXES",
            "PATH",
            "ANTHROPIC_API_KEY",
            "CLAUDE_CODE_OAUTH_TOKEN",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC",
            "CODEX_API_KEY",
            "GEMINI_API_KEY",
        ] {
            assert!(!enclosing(name), "{name}");
        }
    }
}
