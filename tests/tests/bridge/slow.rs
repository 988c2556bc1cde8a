//! A client that does not read: it costs nothing, disturbs nobody, and is told.

use std::time::Duration;

use serde_json::json;

use super::client::{Picture, open_with_token, read_until, say};
use super::stack::{Bob, Stack};

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_fell_behind_is_told_and_recovers_by_a_snapshot() {
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    let (mut slow, mut quick) = (open_with_token(&stack).await, open_with_token(&stack).await);
    let (mut seen_by_slow, mut seen_by_quick) = (Picture::default(), Picture::default());
    for (socket, picture) in [(&mut slow, &mut seen_by_slow), (&mut quick, &mut seen_by_quick)] {
        say(socket, picture.hello("web")).await;
        read_until(socket, picture, |picture| picture.snapshots == 1).await;
    }

    let before = stack.bridge_memory();
    // 36 MiB: more than the ring and all buffers between the two hold.
    let description = "x".repeat(60_000);
    let writing = async {
        let writers = (0..8).map(|w| {
            let (bob, description) = (bob.clone(), description.clone());
            async move {
                for n in 0..75 {
                    bob.command(
                        "web",
                        "task.create",
                        json!({ "title": format!("{w}.{n}"), "description": description }),
                    )
                    .await;
                }
            }
        });
        futures::future::join_all(writers).await;
    };
    let reading = read_until(&mut quick, &mut seen_by_quick, |picture| picture.tasks.len() == 600);
    tokio::time::timeout(Duration::from_secs(20), futures::future::join(writing, reading)).await.unwrap();
    assert_eq!((seen_by_quick.resyncs, seen_by_quick.snapshots), (0, 1), "the quick one is not disturbed");

    // The ring and one client's buffers, not what it did not read. Debug builds and allocators take their share.
    let grown = stack.bridge_memory().saturating_sub(before);
    assert!(grown < 64 << 20, "the bridge grew by {grown} bytes");

    let last = bob.task("web", "the last").await;
    read_until(&mut slow, &mut seen_by_slow, |picture| picture.tasks.contains_key(&last)).await;
    assert_eq!(seen_by_slow.resyncs, 1);
    assert_eq!(seen_by_slow.snapshots, 2);
    assert_eq!(seen_by_slow.tasks.len(), 601);
    assert!(seen_by_slow.commits < 600, "not everything was kept for it");
}
