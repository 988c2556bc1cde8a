//! `manifest.json`: for whom a skill is, and what it stands on. Optional: a skill without one is for whoever asks for it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a skill says about itself beside its text.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    #[serde(default)]
    pub name: String,
    #[serde(default)]
    pub version: String,
    #[serde(default)]
    pub description: String,
    #[serde(default)]
    pub author: String,
    /// `system` or anything else.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// Roles that get it without asking.
    #[serde(default)]
    pub assign_to: Vec<String>,
    /// Higher comes first among those that do not depend on each other.
    #[serde(default)]
    pub priority: i64,
    #[serde(default)]
    pub capabilities: Vec<String>,
    /// Skills that come before it.
    #[serde(default)]
    pub dependencies: Vec<String>,
    /// Values by name; `{{name}}` in the text stands for one.
    #[serde(default)]
    pub config: BTreeMap<String, Value>,
}

/// Roles of sessions.
pub const ROLES: [&str; 3] = ["worker", "orchestrator", "custom"];

impl Manifest {
    /// The error is a sentence.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| format!("manifest.json cannot be read: {error}"))
    }

    pub fn problems(&self, directory: &str) -> Vec<String> {
        let mut found = Vec::new();
        if self.name != directory {
            found.push(format!("manifest.json: name '{}' is not its directory's name '{directory}'", self.name));
        }
        if self.version.is_empty() {
            found.push("manifest.json: version is missing".to_owned());
        }
        for role in self.assign_to.iter().filter(|role| !ROLES.contains(&role.as_str()) && *role != "all") {
            found.push(format!("manifest.json: assignTo has '{role}'; roles are all, {}", ROLES.join(", ")));
        }
        if self.dependencies.iter().any(|name| name == directory) {
            found.push("manifest.json: it depends on itself".to_owned());
        }
        found
    }

    /// Whether a session of this role gets the skill without asking.
    pub fn is_for(&self, role: &str) -> bool {
        self.assign_to.iter().any(|to| to == role || to == "all")
    }
}
