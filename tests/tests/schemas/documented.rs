//! The messages that docs/wire.md shows.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use maestro_tests::markdown::Page;
use serde_json::Value;

use crate::validator::accepts;

#[test]
fn the_messages_of_the_documentation_fit_their_schemas() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/wire.md");
    let page = Page::read(&fs::read_to_string(path).unwrap());
    let mut kinds = BTreeSet::new();
    for block in page.blocks().filter(|block| block.info.as_deref() == Some("json")) {
        let place = format!("docs/wire.md, line {}", block.line);
        let message: Value = serde_json::from_str(&block.text).unwrap_or_else(|error| panic!("{place}: {error}"));
        let kind = message["type"].as_str().and_then(|kind| kind.strip_prefix("maestro.v1.")).unwrap_or_default();
        accepts(kind, &place, &message);
        // The verbs of its examples.
        match kind {
            "command" => accepts("command.task.create", &place, &message["data"]),
            "query" => accepts("query.task.get", &place, &message["data"]),
            "wait" => accepts("wait.events", &place, &message["data"]),
            _ => {}
        }
        kinds.insert(kind.to_owned());
    }
    assert_eq!(kinds, ["command", "query", "reply", "wait"].map(str::to_owned).into());
}
