//! Timeline entries, one a line.

use maestro_wire::TimelineEntry;
use serde_json::Value;

use crate::output::{ACCENT, BOLD, DIM, paint};

use super::age;

/// `t3 completed by s7 2m ago: wrote the parser`
pub fn line(entry: &TimelineEntry) -> String {
    let kind = entry.change.get("kind").and_then(Value::as_str).unwrap_or("changed").replace('_', " ");
    let about = entry.entity.rsplit('/').next().unwrap_or_default();
    let text = ["message", "summary", "reason", "question", "failure", "title", "body", "node", "error"]
        .iter()
        .find_map(|name| entry.change.get(*name)?.as_str())
        .and_then(|text| text.lines().next())
        .map(|text| format!(": {text}"))
        .unwrap_or_default();
    let who = paint(ACCENT, &entry.actor);
    format!("{} {kind} by {who} {}{text}", paint(BOLD, about), paint(DIM, age(entry.at)))
}

pub fn lines(entries: &[TimelineEntry]) -> String {
    if entries.is_empty() {
        return "nothing happened yet".to_owned();
    }
    super::fitted(&entries.iter().map(line).collect::<Vec<_>>().join("\n"))
}
