//! `docs/cli.md` is what the definitions say.

use crate::kit::Room;

#[test]
fn the_reference_is_what_the_definitions_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/cli.md");
    let written = std::fs::read_to_string(path).unwrap_or_default();
    let said = Room::new().run(&["help", "reference"], &[]);
    assert_eq!(said.code, 0);
    assert!(written == said.out, "docs/cli.md is not what `maestro help reference` prints: run `make docs`");
}
