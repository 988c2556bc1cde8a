//! A lease ends by itself, is renewed by its holder only, and a second holder's ends by itself too.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod kit;

use std::time::{Duration, Instant};

use bytes::Bytes;
use kit::{OPEN, Server, stream};
use maestro_client::{Bucket, BucketWatch, Change, Client, LeaseError, Removal};
use serde_json::json;

const TTL: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(10);

async fn bucket(client: &Client) -> Bucket {
    let config = json!({
        "max_msgs_per_subject": 1, "discard": "new", "allow_direct": true, "allow_rollup_hdrs": true,
        "allow_msg_ttl": true, "subject_delete_marker_ttl": 60_000_000_000_u64,
    });
    stream(client, "KV_LIVE", &["$KV.LIVE.>"], config).await;
    client.bucket("LIVE")
}

fn value(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

async fn change(watch: &mut BucketWatch) -> Change {
    tokio::time::timeout(LONG, watch.next()).await.expect("a change in time").unwrap()
}

#[tokio::test]
async fn a_held_key_is_refused_with_its_holder_and_free_after_release() {
    let server = Server::start(OPEN);
    let bucket = bucket(&server.client().await).await;
    let lease = bucket.acquire("web.s1", value("one"), TTL).await.unwrap();
    let Err(LeaseError::Held(entry)) = bucket.acquire("web.s1", value("two"), TTL).await else { panic!("not held") };
    assert_eq!((entry.value.as_ref(), entry.revision), (b"one".as_ref(), lease.revision()));
    lease.release().await.unwrap();
    assert_eq!(bucket.get_by_leader("web.s1").await.unwrap(), None);
    bucket.acquire("web.s1", value("two"), TTL).await.unwrap();
    assert!(bucket.acquire("a b", value("x"), TTL).await.is_err());
}

#[tokio::test]
async fn a_lease_lives_while_it_is_renewed_and_then_ends_the_second_one_too() {
    let server = Server::start(OPEN);
    let bucket = bucket(&server.client().await).await;
    for round in ["first", "second", "third"] {
        let mut lease = bucket.acquire("web.s1", value(round), TTL).await.unwrap();
        let started = Instant::now();
        while started.elapsed() < TTL * 2 {
            tokio::time::sleep(TTL / 4).await;
            lease.renew(value(round)).await.unwrap();
        }
        assert!(bucket.get_by_leader("web.s1").await.unwrap().is_some());
        let silent = Instant::now();
        while bucket.get_by_leader("web.s1").await.unwrap().is_some() {
            assert!(silent.elapsed() < TTL * 4, "the {round} lease never ends");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(matches!(lease.renew(value(round)).await, Err(LeaseError::Lost { .. })));
    }
}

#[tokio::test]
async fn a_zombie_is_rejected_and_an_own_lease_is_adopted() {
    let server = Server::start(OPEN);
    let bucket = bucket(&server.client().await).await;
    let mut lease = bucket.acquire("web.s1", value("nonce"), TTL).await.unwrap();
    let mut zombie = lease.clone();
    lease.renew(value("nonce")).await.unwrap();
    assert!(matches!(zombie.renew(value("z")).await, Err(LeaseError::Lost { .. })));
    assert!(matches!(zombie.release().await, Err(LeaseError::Lost { .. })));
    let entry = bucket.get_by_leader("web.s1").await.unwrap().unwrap();
    let mut adopted = bucket.adopt(&entry, TTL);
    adopted.renew(value("nonce")).await.unwrap();
    assert!(matches!(lease.renew(value("nonce")).await, Err(LeaseError::Lost { .. })));
}

#[tokio::test]
async fn of_many_at_once_one_gets_it() {
    let server = Server::start(OPEN);
    let bucket = bucket(&server.client().await).await;
    let asking = (0..16).map(|_| bucket.acquire("web.s1", value("x"), TTL));
    let outcomes = futures::future::join_all(asking).await;
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
}

#[tokio::test]
async fn a_bucket_is_listed_and_watched() {
    let mut server = Server::start(OPEN);
    let client = server.client().await;
    let bucket = bucket(&client).await;
    assert_eq!(bucket.list(LONG).await.unwrap(), []);
    let mut watch = bucket.watch("watch");
    assert_eq!(change(&mut watch).await, Change::UpToDate);

    let long = Duration::from_secs(60);
    let one = bucket.acquire("host1", value("1"), long).await.unwrap();
    bucket.acquire("host2", value("2"), TTL).await.unwrap();
    assert!(matches!(change(&mut watch).await, Change::Put(entry) if entry.key == "host1"));
    assert!(matches!(change(&mut watch).await, Change::Put(entry) if entry.key == "host2"));
    let keys: Vec<String> = bucket.list(LONG).await.unwrap().into_iter().map(|entry| entry.key).collect();
    assert_eq!(keys, ["host1", "host2"]);

    let gone = change(&mut watch).await;
    assert!(matches!(&gone, Change::Gone { key, removal: Removal::Expired, .. } if key == "host2"), "{gone:?}");
    one.release().await.unwrap();
    let gone = change(&mut watch).await;
    assert!(matches!(&gone, Change::Gone { key, removal: Removal::Released, .. } if key == "host1"), "{gone:?}");
    assert_eq!(bucket.list(LONG).await.unwrap(), []);

    server.bounce(&[&client]).await;
    bucket.acquire("host3", value("3"), long).await.unwrap();
    assert!(matches!(change(&mut watch).await, Change::Put(entry) if entry.key == "host3"));
    let mut late = bucket.watch("late");
    let mut seen = Vec::new();
    loop {
        match change(&mut late).await {
            Change::Put(entry) => seen.push(entry.key),
            Change::Gone { .. } => {}
            Change::UpToDate => break,
            Change::Reset => panic!("nothing was lost"),
        }
    }
    assert_eq!(seen, ["host3"]);
}
