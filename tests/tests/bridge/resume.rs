//! A client comes back after anything and continues from its last commit: nothing missed, nothing twice.

use serde_json::json;

use super::client::{Picture, next, open_with_token, read_until, say};
use super::stack::{Bob, Stack};

const TASKS: usize = 1000;
const ROUNDS: usize = 20;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_bridge_costs_its_clients_nothing() {
    let mut stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    let mut picture = Picture::default();
    let mut socket = open_with_token(&stack).await;
    say(&mut socket, picture.hello("web")).await;
    read_until(&mut socket, &mut picture, |picture| picture.snapshots == 1).await;

    let writer = tokio::spawn(async move {
        for n in 0..TASKS {
            bob.task("web", &format!("task {n}")).await;
            if n % 50 == 49 {
                // Long enough for every part of the test to meet a quiet bridge too.
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        bob
    });
    for round in 1..=ROUNDS {
        read_until(&mut socket, &mut picture, |picture| picture.tasks.len() >= round * (TASKS / ROUNDS - 2)).await;
        stack = tokio::task::spawn_blocking(move || {
            stack.kill_bridge();
            stack
        })
        .await
        .unwrap();
        // What was on its way is still read, as a browser does.
        while let Some(frame) = next(&mut socket).await {
            picture.take(&frame);
        }
        stack = tokio::task::spawn_blocking(move || {
            stack.start_bridge();
            stack
        })
        .await
        .unwrap();
        socket = open_with_token(&stack).await;
        say(&mut socket, picture.hello("web")).await;
    }
    let bob = writer.await.unwrap();
    let last = bob.task("web", "the last").await;
    read_until(&mut socket, &mut picture, |picture| picture.tasks.contains_key(&last)).await;
    let expected: Vec<String> = (1..=TASKS + 1).map(|n| format!("t{n}")).collect();
    assert!(expected.iter().all(|id| picture.tasks.contains_key(id)));
    assert_eq!((picture.tasks.len(), picture.events.len()), (TASKS + 1, TASKS + 1), "each event once");
    assert_eq!((picture.snapshots, picture.resyncs), (1, 0), "continued, not begun again");
}

#[tokio::test(flavor = "multi_thread")]
async fn missed_commits_come_from_the_ring_and_a_foreign_position_gets_a_snapshot() {
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    bob.task("web", "one").await;
    let mut picture = Picture::default();
    let mut socket = open_with_token(&stack).await;
    say(&mut socket, picture.hello("web")).await;
    read_until(&mut socket, &mut picture, |picture| picture.snapshots == 1).await;
    drop(socket);
    for n in 0..100 {
        bob.task("web", &format!("missed {n}")).await;
        if n == 50 {
            bob.project("other").await;
        }
    }
    let mut socket = open_with_token(&stack).await;
    say(&mut socket, picture.hello("web")).await;
    read_until(&mut socket, &mut picture, |picture| picture.tasks.len() == 101).await;
    assert_eq!(picture.snapshots, 1);

    for hello in [
        json!({ "type": "hello", "version": 1, "project": "web", "ledger": "another", "since": 3 }),
        json!({ "type": "hello", "version": 1, "project": "web", "ledger": picture.ledger, "since": 1_000_000 }),
        json!({ "type": "hello", "version": 1, "project": "web", "since": 3 }),
    ] {
        let mut socket = open_with_token(&stack).await;
        say(&mut socket, hello).await;
        let mut fresh = Picture::default();
        read_until(&mut socket, &mut fresh, |picture| picture.snapshots == 1).await;
        assert_eq!(fresh.tasks.len(), 101);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_brokers_restart_is_survived_by_connections_that_stay() {
    let mut stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    let mut picture = Picture::default();
    let mut socket = open_with_token(&stack).await;
    say(&mut socket, picture.hello("web")).await;
    read_until(&mut socket, &mut picture, |picture| picture.snapshots == 1).await;
    stack = tokio::task::spawn_blocking(move || {
        stack.nats.restart();
        stack
    })
    .await
    .unwrap();
    let bob = Bob::of(&stack).await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        // The server finds its way back first.
        let create = bob.try_task("web", "after the restart").await;
        if create.is_some() {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "the server did not come back");
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    read_until(&mut socket, &mut picture, |picture| picture.has_title("after the restart")).await;
    assert_eq!((picture.snapshots, picture.resyncs), (1, 0));
}
