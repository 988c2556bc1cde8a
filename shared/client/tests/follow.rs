//! A follower yields everything once and in order, whatever happens in between.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod kit;

use std::time::{Duration, Instant};

use bytes::Bytes;
use kit::{ACK, OPEN, SOON, Server, fill, stream};
use maestro_client::{Client, Delivered, FollowError, FollowOptions, Follower, Headers, Item, Mode, Start};
use serde_json::json;

fn options(start: Start) -> FollowOptions {
    FollowOptions::new("EVENTS", Some("evt.>"), start, "test")
}

async fn next(follower: &mut Follower) -> Item {
    tokio::time::timeout(Duration::from_secs(20), follower.next()).await.expect("an item in time").unwrap()
}

async fn message(follower: &mut Follower) -> Delivered {
    match next(follower).await {
        Item::Message(delivered) => delivered,
        other => panic!("{other:?}"),
    }
}

async fn append(client: &Client, subject: &str, body: &'static str) -> u64 {
    let body = Bytes::from(body);
    client.append(subject, body, &Headers::new().with("A", "b"), None, ACK).await.unwrap().seq
}

/// The name of the one consumer that there is.
async fn only_consumer(client: &Client) -> String {
    let names = client.request("$JS.API.CONSUMER.NAMES.EVENTS", &Headers::new(), Bytes::new(), ACK).await.unwrap();
    names.json::<serde_json::Value>().unwrap()["consumers"][0].as_str().unwrap().to_owned()
}

/// A follower that gives its consumer up after `stall` and has had its first message.
async fn watched(stall: Duration) -> (Server, Client, Follower) {
    let server = Server::start(OPEN);
    let client = server.client().await;
    events(&client).await;
    append(&client, "evt.web", "one").await;
    let heartbeat = Duration::from_millis(200);
    let mut follower = client.follow(FollowOptions { heartbeat, stall, ..options(Start::First) });
    message(&mut follower).await;
    (server, client, follower)
}

async fn events(client: &Client) {
    stream(client, "EVENTS", &["evt.*"], json!({ "max_msgs": 100_000 })).await;
}

#[tokio::test]
async fn everything_comes_with_all_it_has_then_what_is_new() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    events(&client).await;
    let before = std::time::SystemTime::now();
    append(&client, "evt.web", "one").await;
    append(&client, "evt.api", "two").await;
    let mut follower = client.follow(options(Start::First));
    let one = message(&mut follower).await;
    assert_eq!((one.stream_seq, one.subject(), one.payload().as_ref()), (1, "evt.web", b"one".as_ref()));
    assert_eq!((one.header("A"), one.pending), (Some("b"), 1));
    assert!(one.time() >= before && one.headers().get("A") == Some("b"));
    message(&mut follower).await;
    assert_eq!((follower.pending(), follower.last_seq()), (Some(0), 2));
    append(&client, "evt.web", "three").await;
    assert_eq!(message(&mut follower).await.stream_seq, 3);
    assert_eq!(follower.restarts(), 0);
    follower.close().await;
}

#[tokio::test]
async fn starts_are_where_they_should_be() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    events(&client).await;
    fill(&client, "evt.web", 10).await;
    append(&client, "evt.api", "eleven").await;
    assert_eq!(message(&mut client.follow(options(Start::At(7)))).await.stream_seq, 7);
    let mut last = client.follow(options(Start::LastPerSubject));
    assert_eq!((message(&mut last).await.stream_seq, message(&mut last).await.stream_seq), (10, 11));
    let mut new = client.follow(options(Start::New));
    assert!(new.prepare().await.unwrap().is_none());
    let mut end = client.follow(options(Start::At(12)));
    assert!(end.prepare().await.unwrap().is_none());
    assert_eq!((new.pending(), end.pending()), (Some(0), Some(0)));
    append(&client, "evt.web", "twelve").await;
    assert_eq!((message(&mut new).await.stream_seq, message(&mut end).await.stream_seq), (12, 12));
    let mut one_subject = client.follow(FollowOptions::new("EVENTS", Some("evt.api"), Start::First, "test"));
    assert_eq!(message(&mut one_subject).await.stream_seq, 11);
    let mut no_filter = client.follow(FollowOptions::new("EVENTS", None, Start::At(3), "test"));
    assert_eq!(message(&mut no_filter).await.stream_seq, 3);
}

#[tokio::test]
async fn a_start_outside_the_stream_is_told() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    stream(&client, "EVENTS", &["evt.*"], json!({ "max_msgs": 5 })).await;
    fill(&client, "evt.web", 20).await;
    let mut below = client.follow(options(Start::At(3)));
    assert!(matches!(next(&mut below).await, Item::Gap { wanted: 3, first: 16 }));
    assert_eq!(message(&mut below).await.stream_seq, 16);
    let mut above = client.follow(options(Start::At(100)));
    let item = next(&mut above).await;
    assert!(matches!(item, Item::Behind { wanted: 100, last: 20 }), "{item:?}");
}

#[tokio::test]
async fn nothing_is_lost_or_repeated_through_kills_and_freezes_of_the_broker() {
    let mut server = Server::start(OPEN);
    let (client, writer) = (server.client().await, server.client().await);
    events(&client).await;
    let mut follower = client.follow(FollowOptions { batch: 64, ..options(Start::First) });
    let mut expected = 0;
    for round in 0..3 {
        fill(&writer, "evt.web", 500).await;
        for _ in 0..250 {
            expected += 1;
            assert_eq!(message(&mut follower).await.stream_seq, expected);
        }
        if round == 1 {
            server.signal("STOP");
            std::thread::sleep(Duration::from_millis(200));
            server.signal("CONT");
        } else {
            server.bounce(&[&client, &writer]).await;
        }
        while expected < (round + 1) * 500 {
            expected += 1;
            assert_eq!(message(&mut follower).await.stream_seq, expected);
        }
    }
    assert!(follower.restarts() >= 2);
}

#[tokio::test]
async fn a_consumer_that_vanishes_is_made_anew() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    events(&client).await;
    fill(&client, "evt.web", 3).await;
    let mut follower = client.follow(options(Start::First));
    for seq in 1..=3 {
        assert_eq!(message(&mut follower).await.stream_seq, seq);
    }
    let name = only_consumer(&client).await;
    assert!(name.starts_with("test-"));
    let subject = format!("$JS.API.CONSUMER.DELETE.EVENTS.{name}");
    client.request(&subject, &Headers::new(), Bytes::new(), ACK).await.unwrap();
    append(&client, "evt.web", "four").await;
    assert_eq!(message(&mut follower).await.stream_seq, 4);
    assert_eq!(follower.restarts(), 1);
}

#[tokio::test]
async fn silence_is_noticed_by_the_own_watchdog() {
    let stall = Duration::from_millis(500);
    let (server, client, mut follower) = watched(stall).await;
    // Heartbeats keep an idle consumer.
    assert!(tokio::time::timeout(stall * 3, follower.next()).await.is_err());
    assert_eq!(follower.restarts(), 0);
    server.signal("STOP");
    assert!(tokio::time::timeout(stall * 2, follower.next()).await.is_err());
    server.signal("CONT");
    append(&client, "evt.web", "two").await;
    assert_eq!(message(&mut follower).await.stream_seq, 2);
    assert_eq!(follower.restarts(), 1);
}

/// Heartbeats are no deliveries. A consumer that is held still stands for one whose broker lags for good.
#[tokio::test]
async fn a_consumer_that_lives_and_delivers_nothing_is_given_up() {
    let (_server, client, mut follower) = watched(Duration::from_millis(600)).await;
    let subject = format!("$JS.API.CONSUMER.PAUSE.EVENTS.{}", only_consumer(&client).await);
    let pause = json!({ "pause_until": "2099-01-01T00:00:00Z" }).to_string();
    let paused = client.request(&subject, &Headers::new(), pause.into(), ACK).await.unwrap();
    assert_eq!(paused.json::<serde_json::Value>().unwrap()["paused"], true);
    append(&client, "evt.web", "two").await;
    assert_eq!(message(&mut follower).await.stream_seq, 2);
    assert_eq!(follower.restarts(), 1);
}

/// Whoever waits for a moment only, again and again, hears of a stall as well.
#[tokio::test]
async fn silence_is_noticed_by_an_impatient_caller() {
    let stall = Duration::from_millis(600);
    let (server, client, mut follower) = watched(stall).await;
    server.signal("STOP");
    for _ in 0..10 {
        assert!(tokio::time::timeout(stall / 4, follower.next()).await.is_err());
    }
    server.signal("CONT");
    append(&client, "evt.web", "two").await;
    assert_eq!(message(&mut follower).await.stream_seq, 2);
    assert_eq!(follower.restarts(), 1);
}

#[tokio::test]
async fn a_slow_reader_of_great_messages_loses_none() {
    let server = Server::start(OPEN);
    let client = server.client().await;
    events(&client).await;
    let body = Bytes::from(vec![b'x'; 300 << 10]);
    for _ in 0..60 {
        client.append("evt.web", body.clone(), &Headers::new(), None, ACK).await.unwrap();
    }
    let mut follower = client.follow(FollowOptions { batch_bytes: 1, ..options(Start::First) });
    for seq in 1..=60 {
        assert_eq!(message(&mut follower).await.stream_seq, seq);
        if seq % 20 == 0 {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    assert_eq!((follower.restarts(), client.dropped_messages()), (0, 0));
}

#[tokio::test]
async fn what_cannot_pass_is_an_error_at_once() {
    let server = Server::start(
        "authorization { users: [ { user: u, password: p, permissions { publish: [\"nothing\"], subscribe: [\"_INBOX.>\"] } }, { user: all, password: p } ] }",
    );
    let started = Instant::now();
    let denied = server.connect(&server.url_as("u", "p"), Mode::Daemon).await;
    assert!(matches!(denied.follow(options(Start::First)).next().await, Err(FollowError::Denied(_))));
    let all = server.connect(&server.url_as("all", "p"), Mode::Daemon).await;
    let mut follower = all.follow(options(Start::First));
    assert!(matches!(follower.next().await, Err(FollowError::NoStream(name)) if name == "EVENTS"));
    assert!(started.elapsed() < SOON);
    // An error is no end: the stream may come.
    events(&all).await;
    append(&all, "evt.web", "one").await;
    assert_eq!(message(&mut follower).await.stream_seq, 1);
}
