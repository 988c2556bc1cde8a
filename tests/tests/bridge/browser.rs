//! The page in a real Chromium, before a bridge whose broker and server are real.

use maestro_tests::browser::drive;
use serde_json::json;

use super::client::{Picture, open_with_token, read_until, say};
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
async fn the_first_project_appears_by_itself() {
    let stack = Stack::start();
    run(&stack, "fresh.mjs").await;
}

/// The page asks for what is to happen by making tasks with these names.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_appears_when_its_host_shows_it() {
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    bob.command("web", "session.spawn", json!({ "role": "worker", "name": "Late" })).await;
    let session = Bob::named(&stack, "s1").await;
    let (mut socket, mut picture) = (open_with_token(&stack).await, Picture::default());
    say(&mut socket, picture.hello("web")).await;
    let mut until = async |wanted: &str| {
        read_until(&mut socket, &mut picture, |picture| picture.has_title(wanted)).await;
    };
    let host = async {
        until("let it start").await;
        session.command("web", "session.starting", json!({ "node": "here" })).await;
        until("let it be held").await;
        let holder = Holder::with(&stack, "web.s1.1", Typed::Echo(100)).await;
        holder.show(100, "\x1b[H\x1b[2JHERE AT LAST\r\n$ ");
        session.command("web", "session.active", json!({})).await;
        // What Shift+Tab types.
        holder.until_heard("in", "\u{1b}[Z").await;
        until("let it end").await;
        // Behind what was typed: a tab, three bytes of Shift+Tab, and a word.
        holder.say(109, "", &[("Maestro-End", "3")]).await;
        drop(holder);
        session.command("web", "session.exited", json!({ "code": 3 })).await;
    };
    let driving = run(&stack, "late.mjs");
    // The host goes on for as long as the page does.
    tokio::select! {
        () = driving => {}
        () = async { host.await; std::future::pending::<()>().await } => {}
    }
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
    ended_session_with_recording(&stack, &bob).await;
    let spawner = changes(&stack).await;
    run(&stack, "terminal.mjs").await;
    full_swing(&stack, &bob).await;
    run(&stack, "pictures.mjs").await;
    spawner.abort();
}

/// The spawner `here`, as far as it tells what a session changed: names and lines that mean harm among it.
async fn changes(stack: &Stack) -> tokio::task::JoinHandle<()> {
    use futures::StreamExt as _;
    let nats = stack.nats.connect("spawner").await;
    let mut asked = nats.subscribe("maestro.v1.node.here.diff").await.unwrap();
    nats.flush().await.unwrap();
    let patch = "diff --git a/src/parse.rs b/src/parse.rs\n--- a/src/parse.rs\n+++ b/src/parse.rs\n@@ -1,4 +1,5 @@ fn parse(\n fn parse(text: &str) {\n-    panic!(\"<img src=x onerror=alert(1)>\");\n+    let tokens = lex(text)?;\n+    grammar(tokens)\n }\n";
    let new = "diff --git a/notes.md b/notes.md\nnew file mode 100644\n--- /dev/null\n+++ b/notes.md\n@@ -0,0 +1,2 @@\n+# Notes\n+the grammar is next\n";
    let diff = json!({
        "project": "web", "session": "s1", "epoch": 1, "path": "/work/web/s1", "branch": "maestro/t4-s1", "base": "main",
        "start": "0123456789abcdef", "ahead": 1, "dirty": 1, "merged": false, "pushed": false, "running": true,
        "commits": [{ "id": "9f8e7d6c5b4a3928", "subject": "parse: tokens before the grammar" }],
        "files": [{ "path": "src/parse.rs", "status": "modified", "added": 2, "removed": 1, "patch": patch },
                  { "path": "img/logo.png", "status": "added", "added": 0, "removed": 0, "binary": true }],
        "uncommitted": [{ "path": "notes.md", "status": "untracked", "added": 2, "removed": 0, "patch": new }],
    });
    tokio::spawn(async move {
        while let Some(message) = asked.next().await {
            let request: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
            assert_eq!(request["project"], "web");
            let reply = json!({ "type": "maestro.v1.reply", "success": true, "data": diff });
            nats.publish(message.reply.unwrap(), reply.to_string().into()).await.unwrap();
        }
    })
}

/// A project that has something for every view: an agent at work, one that asks, one that waits for a host.
async fn full_swing(stack: &Stack, bob: &Bob) {
    for (name, prompt) in [("Reviewer", "look over what was submitted"), ("Benchmarks", "measure the parser")] {
        bob.command("web", "session.spawn", json!({ "role": "worker", "name": name, "prompt": prompt })).await;
    }
    let asker = Bob::named(stack, "s3").await;
    asker.command("web", "session.starting", json!({ "node": "build-2" })).await;
    asker.command("web", "session.active", json!({})).await;
    let task = |title: &str, priority: &str, label: &str, on: &[&str]| {
        json!({
            "title": title, "priority": priority, "labels": [label], "dependsOn": on,
            "description": "## Why\n\nQueries of users fail on **nested** lists.\n\n- read the grammar\n- keep `parse()` as it is\n\n| input | now |\n|---|---|\n| `((a))` | error |",
            "acceptance": ["Nested lists are read", "A test fails without the change"],
            "subtasks": [{ "title": "Lexer" }, { "title": "Grammar" }, { "title": "Errors with places" }],
        })
    };
    for (title, priority, label, on) in [
        ("Sketch the query language", "high", "design", vec![]),
        ("Lexer for identifiers and numbers", "medium", "parser", vec!["t1"]),
        ("Grammar of nested lists", "high", "parser", vec!["t2"]),
        ("Say where a query is wrong, with line and column", "critical", "parser", vec!["t3"]),
        ("Planner that uses the index on labels", "medium", "planner", vec!["t3"]),
        ("Storage: pages of 16 KiB with checksums", "high", "storage", vec!["t1"]),
        ("Crash test for torn pages", "critical", "storage", vec!["t6"]),
        ("Command line: `query --explain`", "low", "cli", vec!["t4", "t5"]),
        ("Benchmarks against last week's build", "medium", "bench", vec!["t5", "t6"]),
        ("Write the reference of the language", "low", "docs", vec!["t4"]),
        ("Fuzz the parser for an hour", "medium", "parser", vec!["t4"]),
        ("Try a hand-written scanner", "low", "parser", vec!["t2"]),
    ] {
        bob.command("web", "task.create", task(title, priority, label, &on)).await;
    }
    let echo = Bob::named(stack, "s1").await;
    for task in ["t1", "t2", "t3"] {
        for step in ["st1", "st2", "st3"] {
            bob.command("web", "subtask.complete", json!({ "task": task, "subtask": step })).await;
        }
        bob.command("web", "task.start", json!({ "task": task })).await;
        bob.command("web", "task.complete", json!({ "task": task, "summary": "Done, with tests." })).await;
    }
    echo.command("web", "task.start", json!({ "task": "t4" })).await;
    echo.command("web", "subtask.complete", json!({ "task": "t4", "subtask": "st1" })).await;
    echo.command("web", "session.update", json!({ "message": "the lexer keeps places now, the grammar is next" }))
        .await;
    asker.command("web", "task.start", json!({ "task": "t6" })).await;
    let question =
        json!({ "input": "question", "question": "May pages be larger than 16 KiB on disks with 4 KiB sectors?" });
    asker.command("web", "session.needs_input", question).await;
    bob.command("web", "task.start", json!({ "task": "t5" })).await;
    bob.command("web", "task.block", json!({ "task": "t5", "reason": "Which index wins when two labels match?" }))
        .await;
    bob.command("web", "task.start", json!({ "task": "t12" })).await;
    for step in ["st1", "st2", "st3"] {
        bob.command("web", "subtask.complete", json!({ "task": "t12", "subtask": step })).await;
    }
    bob.command("web", "task.submit", json!({ "task": "t12", "summary": "20 % faster, 200 lines more" })).await;
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

/// s2: it ended, and its recording (with the same tricks in it) is kept.
async fn ended_session_with_recording(stack: &Stack, bob: &Bob) {
    bob.command("web", "session.spawn", json!({ "role": "worker", "name": "Done" })).await;
    let session = Bob::named(stack, "s2").await;
    session.command("web", "session.starting", json!({ "node": "here" })).await;
    session.command("web", "session.active", json!({})).await;
    session.command("web", "session.exited", json!({ "code": 0 })).await;
    let recording = [
        json!({ "version": 2, "width": 60, "height": 12 }),
        json!([0.1, "o", "first words\r\n"]),
        json!([0.2, "o", "\u{1b}]52;c;aGFybQ==\u{7}\u{1b}]2;owned\u{7}"]),
        json!([600.0, "o", "after a long pause\r\n"]),
        json!([600.5, "r", "70x14"]),
        json!([601.0, "o", "the very end\r\n"]),
    ];
    let text = recording.iter().map(|line| format!("{line}\n")).collect::<String>();
    let jetstream = async_nats::jetstream::new(stack.nats.connect("spawner").await);
    let store = jetstream.get_object_store("RECORDINGS").await.unwrap();
    store.put("web.s2.1.cast", &mut text.as_bytes()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_desktop_is_told_what_somebody_wants_to_be_told() {
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    bob.command("web", "session.spawn", json!({ "role": "worker", "name": "Asker" })).await;
    let session = Bob::named(&stack, "s1").await;
    session.command("web", "session.starting", json!({ "node": "here" })).await;
    session.command("web", "session.active", json!({})).await;
    // It asks again and again, for as long as the page is looked at.
    let asking = tokio::spawn(async move {
        loop {
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            session.command("web", "session.needs_input", json!({ "input": "question", "question": "may I?" })).await;
            tokio::time::sleep(std::time::Duration::from_millis(300)).await;
            session.command("web", "session.active", json!({})).await;
        }
    });
    run(&stack, "notify.mjs").await;
    asking.abort();
}
