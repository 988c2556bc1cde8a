//! A whole stack seen and steered through the page: an orchestrator that is launched there, its workers, a question.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "page/holder.rs"]
mod holder;

use maestro_tests::browser::drive;
use maestro_tests::stack::Stack;

#[test]
fn an_orchestration_is_launched_watched_and_answered_in_the_page() {
    let stack = Stack::start();
    stack.maestro(&["project", "create", "web", "--title", "web"]).data();
    let file = stack.file();
    let token = std::fs::read_to_string(&file.token_file).unwrap();
    drive(file.bridge_url.as_deref().unwrap(), token.trim(), "orchestration.mjs", &[]);
}
