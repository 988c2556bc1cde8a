//! The page in a real Chromium, before a bridge whose broker and server are real.

use maestro_tests::browser::drive;
use serde_json::json;

use super::stack::{Bob, Stack};
use super::terminal::{Holder, Typed};

async fn run(stack: &Stack, script: &'static str) {
    run_with(stack, script, &[]).await;
}

async fn run_with(stack: &Stack, script: &'static str, environment: &'static [(&'static str, &'static str)]) {
    let (origin, token) = (format!("http://{}", stack.host()), stack.token());
    let driven = tokio::task::spawn_blocking(move || drive(&origin, &token, script, environment)).await;
    if let Err(failed) = driven {
        std::panic::resume_unwind(failed.into_panic());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_view_is_live_and_works_by_mouse_keyboard_and_thumb() {
    let stack = Stack::start();
    Bob::of(&stack).await.project("web").await;
    run(&stack, "views.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_was_cut_off_misses_nothing_and_sends_what_was_said() {
    let stack = Stack::start();
    Bob::of(&stack).await.project("web").await;
    run(&stack, "cut.mjs").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_is_watched_typed_into_and_cannot_do_harm() {
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    bob.command("web", "session.spawn", json!({ "role": "worker", "name": "Echo" })).await;
    let session = Bob::named(&stack, "s1").await;
    session.command("web", "session.starting", json!({ "node": "here" })).await;
    session.command("web", "session.active", json!({})).await;
    // Agents' own colours, a clipboard write, a title, a link and a report that would be typed back.
    let state = "\x1b[H\x1b[2J\x1b[38;2;10;200;30mTRUE COLOUR\x1b[0m\r\n\x1b]52;c;aGFybQ==\x07\x1b]2;owned\x07\x1b]8;;https://evil.example/\x07link\x1b]8;;\x07\x1b[21t\r\n$ ";
    let holder = Holder::with(&stack, "web.s1.1", Typed::Echo(100)).await;
    holder.show(100, state);
    run(&stack, "terminal.mjs").await;
}

/// The bounded slice of what the next test does in full.
#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_tasks_and_a_hundred_events_a_second_leave_the_page_usable() {
    let stack = Stack::start();
    Bob::of(&stack).await.project("web").await;
    run_with(&stack, "load.mjs", &[("SECONDS", "3"), ("MEMORY", "10")]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a quarter of an hour; make test-full"]
async fn the_page_stays_usable_for_a_minute_a_view_and_its_memory_for_ten() {
    let stack = Stack::start();
    Bob::of(&stack).await.project("web").await;
    run_with(&stack, "load.mjs", &[("SECONDS", "60"), ("MEMORY", "600")]).await;
}
