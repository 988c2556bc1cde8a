//! Many clients at once: each gets everything, and the door has a limit that says so.

use std::time::Duration;

use futures::StreamExt as _;
use futures::stream;
use serde_json::json;

use super::client::{Picture, Socket, open_with_token, read_until, say};
use super::stack::{Bob, Stack};

/// The number; it takes as many files twice.
const CROWD: usize = 1000;
const AT_ONCE: usize = 32;

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_clients_get_every_commit() {
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    bob.task("web", "before").await;
    let (stack_ref, hello) = (&stack, Picture::default().hello("web"));
    let mut crowd: Vec<(Socket, Picture)> = stream::iter(0..CROWD)
        .map(|_| {
            let hello = hello.clone();
            async move {
                let mut socket = open_with_token(stack_ref).await;
                let mut picture = Picture::default();
                say(&mut socket, hello).await;
                read_until(&mut socket, &mut picture, |picture| picture.snapshots == 1).await;
                (socket, picture)
            }
        })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    for n in 0..20 {
        bob.task("web", &format!("task {n}")).await;
    }
    let last = bob.task("web", "the last of the burst").await;
    let reading = crowd.iter_mut().map(|(socket, picture)| {
        let last = &last;
        async move { read_until(socket, picture, |picture| picture.tasks.contains_key(last)).await }
    });
    tokio::time::timeout(Duration::from_secs(60), futures::future::join_all(reading)).await.unwrap();
    assert!(crowd.iter().all(|(_, picture)| (picture.tasks.len(), picture.resyncs) == (22, 0)));

    // The door takes 1,024; who comes then is told, and a place that is free is given again.
    let room = 1024 - CROWD;
    let mut more = Vec::new();
    for _ in 0..room {
        more.push(open_with_token(&stack).await);
    }
    let token = format!("Bearer {}", stack.token());
    let refused = super::client::open(&stack, &[("authorization", &token)]).await;
    let Err(tokio_tungstenite::tungstenite::Error::Http(response)) = refused else { panic!("the door is full") };
    assert_eq!(response.status().as_u16(), 503);
    drop(more);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    let mut late = loop {
        if let Ok(socket) = super::client::open(&stack, &[("authorization", &token)]).await {
            break socket;
        }
        assert!(tokio::time::Instant::now() < deadline, "no place is given again");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    say(&mut late, json!({ "type": "hello", "version": 1 })).await;
    let mut picture = Picture::default();
    // A snapshot that others were given a moment ago is followed by what came since.
    read_until(&mut late, &mut picture, |picture| picture.snapshots == 1 && picture.tasks.len() >= 22).await;
    assert_eq!((picture.tasks.len(), picture.resyncs), (22, 0));
}
