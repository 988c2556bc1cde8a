//! Figures of the client against a private nats-server: `cargo run --release -p maestro-client
//! --example figures -- <url>`. The server's stream `FIGURES` is made by this program.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "an example that prints what it measured")]

use std::time::{Duration, Instant};

use futures::StreamExt;
use maestro_client::{Bytes, Client, FollowOptions, Headers, Item, Mode, Options, Start, connect};
use serde_json::json;

const COUNT: usize = 400_000;
const TIMEOUT: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() {
    let url = std::env::args().nth(1).expect("the address of a nats-server with JetStream");
    connects(&url).await;
    let client = connect(Options::new(&url, Mode::Daemon).unwrap()).await.unwrap();
    let config = json!({ "name": "FIGURES", "subjects": ["figures.*"], "storage": "file" });
    let definition = json!({ "name": "FIGURES", "account": "-", "config": config });
    client.ensure_stream(&serde_json::from_value(definition).unwrap(), 1).await.unwrap();
    requests(&client).await;
    appends(&client).await;
    for batch in [1024, 4096, 8192] {
        follow(&client, batch).await;
    }
    push(&client).await;
    delivery(&client).await;
}

async fn connects(url: &str) {
    let mut times = Vec::new();
    for _ in 0..50 {
        let started = Instant::now();
        let client = connect(Options::new(url, Mode::OneShot).unwrap()).await.unwrap();
        client.confirm(TIMEOUT).await.unwrap();
        times.push(started.elapsed());
    }
    report("connect and one round trip", times);
}

async fn requests(client: &Client) {
    let mut service = client.subscribe("figures_ask", None).await.unwrap();
    let peer = client.clone();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        while let Some(request) = service.next().await {
            peer.publish(request.reply_to().unwrap(), &Headers::new(), Bytes::new()).await.unwrap();
        }
    });
    client.confirm(TIMEOUT).await.unwrap();
    let mut times = Vec::new();
    for _ in 0..5_000 {
        let started = Instant::now();
        client.request("figures_ask", &Headers::new(), Bytes::new(), TIMEOUT).await.unwrap();
        times.push(started.elapsed());
    }
    report("request", times);
}

async fn appends(client: &Client) {
    let body = Bytes::from(vec![b'x'; 100]);
    let headers = Headers::new();
    let mut last = 0;
    let mut times = Vec::new();
    for _ in 0..2_000 {
        let started = Instant::now();
        last = client.append("figures.a", body.clone(), &headers, Some(last), TIMEOUT).await.unwrap().seq;
        times.push(started.elapsed());
    }
    report("guarded append", times);
    let started = Instant::now();
    futures::stream::iter(0..COUNT)
        .map(|_| client.append("figures.b", body.clone(), &headers, None, TIMEOUT))
        .buffer_unordered(256)
        .for_each(|outcome| async move { assert!(outcome.unwrap().seq > 0) })
        .await;
    rate("appends, 256 in flight", COUNT, started.elapsed());
}

async fn follow(client: &Client, batch: usize) {
    let options = FollowOptions::new("FIGURES", Some("figures.*"), Start::First, "figures");
    let mut follower = client.follow(FollowOptions { batch, ..options });
    let started = Instant::now();
    let mut seen = 0;
    while seen == 0 || follower.pending() != Some(0) {
        if let Item::Message(_) = follower.next().await.unwrap() {
            seen += 1;
        }
    }
    rate(&format!("follow, {batch} under way, {} restarts", follower.restarts()), seen, started.elapsed());
}

/// The bare minimum of a push consumer, for comparison: no checks, flow control answered.
async fn push(client: &Client) {
    let inbox = client.new_inbox();
    let mut messages = client.subscribe(&inbox, None).await.unwrap();
    let config = json!({ "name": "push", "deliver_subject": inbox, "ack_policy": "none", "flow_control": true,
        "idle_heartbeat": 5_000_000_000_u64, "mem_storage": true, "num_replicas": 1, "deliver_policy": "all" });
    let body = json!({ "stream_name": "FIGURES", "config": config });
    let started = Instant::now();
    let create = "$JS.API.CONSUMER.CREATE.FIGURES.push";
    client.request(create, &Headers::new(), body.to_string().into(), TIMEOUT).await.unwrap();
    let mut seen = 0;
    while let Ok(Some(message)) = tokio::time::timeout(Duration::from_secs(2), messages.next()).await {
        match message.reply_to() {
            Some(reply) if reply.starts_with("$JS.ACK") => {
                seen += 1;
                if reply.ends_with(".0") {
                    break;
                }
            }
            Some(flow) => client.publish(flow, &Headers::new(), Bytes::new()).await.unwrap(),
            None => {}
        }
    }
    rate(&format!("push, {} dropped", client.dropped_messages()), seen, started.elapsed());
}

async fn delivery(client: &Client) {
    let mut follower = client.follow(FollowOptions::new("FIGURES", Some("figures.*"), Start::New, "figures"));
    follower.prepare().await.unwrap();
    let mut times = Vec::new();
    for _ in 0..2_000 {
        let started = Instant::now();
        let headers = Headers::new();
        let append = client.append("figures.a", Bytes::new(), &headers, None, TIMEOUT);
        let (_, item) = tokio::join!(append, follower.next());
        item.unwrap();
        times.push(started.elapsed());
    }
    report("append and delivery to a follower", times);
}

fn report(what: &str, mut times: Vec<Duration>) {
    times.sort_unstable();
    let at = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1000.0;
    println!("{what:45} p50 {:.3} ms  p99 {:.3} ms", at(50), at(99));
}

fn rate(what: &str, count: usize, took: Duration) {
    println!("{what:45} {:.0}/s ({count})", count as f64 / took.as_secs_f64());
}
