//! A stack that stands still, or a broker that is away, loses and restarts nothing: a vanished lease is a question, not
//! an answer. `MAESTRO_TEST_FULL=1` takes the full minute and watches for as long as any wrong verdict could take; the
//! bounded slice is longer than a lease lives and sees the verdicts that come at once.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::time::{Duration, Instant};

use maestro_tests::{
    cluster::size,
    stack::{Stack, is_alive},
};

/// Longer than the 15 s that a lease lives.
fn away() -> Duration {
    Duration::from_secs(size(18, 60) as u64)
}

/// How long a wrong verdict could take: 30 s of unbroken connection, 30 s of silence on top, and the next round.
fn watched() -> Duration {
    Duration::from_secs(size(15, 80) as u64)
}

/// A stack with one session that runs and holds a task.
fn with_session() -> (Stack, String) {
    let stack = Stack::start();
    stack.maestro(&["project", "create", "web"]).data();
    stack.maestro(&["--project", "web", "task", "create", "outlive it"]).data();
    let spawned = stack.maestro(&[
        "--project",
        "web",
        "session",
        "spawn",
        "--task",
        "t1",
        "--agent",
        "shell",
        "--",
        "sh",
        "-c",
        "\"$MAESTRO_BIN\" task start t1 && exec sleep 600",
    ]);
    let id = spawned.data()["sessionId"].as_str().unwrap().to_owned();
    await_that("the task is claimed", Duration::from_secs(20), || {
        stack.maestro(&["--project", "web", "task", "get", "t1"]).data()["status"] == "in_progress"
    });
    (stack, id)
}

fn await_that(what: &str, within: Duration, mut probe: impl FnMut() -> bool) {
    let deadline = Instant::now() + within;
    while !probe() {
        assert!(Instant::now() < deadline, "{what}: not within {within:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// For as long as a wrong verdict could come, the session is what it was.
fn stays(stack: &Stack, id: &str, node_process: u32) {
    await_that("the stack answers again", Duration::from_secs(60), || {
        stack.maestro(&["--project", "web", "--timeout", "2s", "session", "info", id]).code == 0
    });
    let until = Instant::now() + watched();
    while Instant::now() < until {
        let info = stack.maestro(&["--project", "web", "--timeout", "20s", "session", "info", id]);
        assert_eq!(info.data()["status"], "active", "{:?}", info.data());
        assert_eq!(info.data()["epoch"], 1);
        std::thread::sleep(Duration::from_secs(2));
    }
    assert!(is_alive(node_process), "the spawner was not restarted");
    let task = stack.maestro(&["--project", "web", "task", "get", "t1"]);
    assert_eq!(task.data()["status"], "in_progress");
    assert_eq!(task.data()["claim"]["actor"], id);
}

#[test]
fn a_frozen_stack_loses_no_session() {
    let (stack, id) = with_session();
    let spawner = stack.pid("maestro-spawner");
    let frozen = ["maestro-spawner", "maestro-server", "maestro-bridge", "nats-server"];
    frozen.iter().for_each(|name| stack.freeze(name));
    std::thread::sleep(away());
    frozen.iter().rev().for_each(|name| stack.thaw(name));
    stays(&stack, &id, spawner);
}

#[test]
fn a_broker_that_is_away_loses_no_session() {
    let (stack, id) = with_session();
    let spawner = stack.pid("maestro-spawner");
    // Frozen, not killed: the supervisor would start another at once.
    stack.freeze("nats-server");
    std::thread::sleep(away());
    stack.thaw("nats-server");
    stays(&stack, &id, spawner);
}
