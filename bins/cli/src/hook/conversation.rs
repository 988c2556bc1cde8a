//! The name that an agent gives its own conversation, kept beside the session's manifest: the spawner resumes by it.

use std::fs;

use serde_json::Value;

use super::agent::text;
use crate::context::Context;

const FILE: &str = "conversation-id";

/// Notes the name that came with an event, if it is another than before. What cannot be kept is only missed later, when
/// the session would go on and begins anew.
pub fn note(input: &Value, ctx: &Context) {
    let names: [&[&str]; 3] = [&["session_id"], &["sessionID"], &["properties", "sessionID"]];
    let Some(name) = names.iter().map(|path| text(input, path)).find(|name| !name.is_empty()) else { return };
    let Some(file) = ctx.environment.manifest().and_then(|manifest| Some(manifest.parent()?.join(FILE))) else {
        return;
    };
    if fs::read_to_string(&file).is_ok_and(|known| known == name) {
        return;
    }
    let _ = maestro_runtime::write_secret(&file, name.as_bytes());
}
