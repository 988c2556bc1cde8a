//! SIGKILL at random moments under load: what was acknowledged is in the ledger once, the servers answer what the ledger
//! says, and whoever repeats a command hears the first answer again.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]
#![expect(clippy::print_stdout, reason = "a test says what it has measured")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use maestro_client::{Caller, Seen};
use maestro_domain::Request;
use maestro_tests::cluster::{Cluster, DEADLINE, data, eventually, new_id, request, seed, size, web};
use maestro_wire::{CommandId, ErrorCode, Reply};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};
use tokio::task::JoinSet;

const CLIENTS: usize = 6;

/// A command that was acknowledged.
struct Done {
    user: String,
    id: CommandId,
    request: Request,
    answer: Value,
    seq: u64,
    unchanged: bool,
}

/// What the clients did, all together.
#[derive(Default)]
struct Outcome {
    done: Vec<Done>,
    unknown: Vec<(String, CommandId)>,
}

async fn call(caller: &Caller, id: CommandId, request: &Request) -> Result<Reply, maestro_wire::ErrorBody> {
    caller.command(&web(), request, id, &Seen::default(), DEADLINE).await
}

/// One client works until told to stop: creates, starts, reports, completes.
async fn work(caller: Caller, user: String, stop: Arc<AtomicBool>, count: Arc<AtomicUsize>) -> Outcome {
    let mut outcome = Outcome::default();
    let mut task: Option<String> = None;
    let mut step = 0;
    while !stop.load(Ordering::Relaxed) {
        let command = match (&task, step % 5) {
            (Some(task), 1) => request("task", "start", &json!({ "task": task })),
            (Some(task), 2) => request("subtask", "create", &json!({ "task": task, "title": format!("part {step}") })),
            (Some(task), 3) => request("task", "log", &json!({ "task": task, "message": format!("step {step}") })),
            (Some(task), 4) => request("task", "complete", &json!({ "task": task, "force": true })),
            _ => request("task", "create", &json!({ "title": format!("{user} {step}"), "description": "what" })),
        };
        let id = new_id();
        match call(&caller, id, &command).await {
            Ok(reply) => {
                let answer = data(&reply);
                if step % 5 == 0 {
                    task = Some(answer["id"].as_str().unwrap().to_owned());
                }
                let (seq, unchanged) = (reply.seq.unwrap(), reply.unchanged);
                outcome.done.push(Done { user: user.clone(), id, request: command, answer, seq, unchanged });
                count.fetch_add(1, Ordering::Relaxed);
                step += 1;
            }
            Err(error) => {
                // Within a minute of retries a single crash is over.
                assert_eq!(error.code, ErrorCode::TimedOut, "{user}, step {step}, {command:?}: {error:?}");
                outcome.unknown.push((user.clone(), id));
                task = None;
                step = 0;
            }
        }
    }
    outcome
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Victim {
    Server,
    Broker,
    Both,
}

async fn rounds(victims: &[Victim], servers: usize, rounds: usize) {
    let mut random = StdRng::seed_from_u64(seed());
    let mut cluster = Cluster::start(servers);
    cluster.project().await;
    for round in 0..rounds {
        let victim = victims[round % victims.len()];
        let stop = Arc::new(AtomicBool::new(false));
        let count = Arc::new(AtomicUsize::new(0));
        let mut clients = JoinSet::new();
        for n in 0..CLIENTS {
            let user = format!("r{round}c{n}");
            let caller = cluster.caller(&user).await;
            clients.spawn(work(caller, user, Arc::clone(&stop), Arc::clone(&count)));
        }
        // Under load means: something was acknowledged before, something after.
        let before: usize = random.random_range(1..60);
        let reached = |wanted: usize| {
            let count = Arc::clone(&count);
            move || {
                let count = Arc::clone(&count);
                async move { (count.load(Ordering::Relaxed) >= wanted).then_some(()) }
            }
        };
        eventually("the load before the crash", reached(before)).await;
        tokio::time::sleep(Duration::from_micros(random.random_range(0..30_000))).await;
        let index = random.random_range(0..servers);
        let pause = Duration::from_millis(random.random_range(0..400));
        tokio::task::block_in_place(|| {
            if victim != Victim::Server {
                cluster.nats.kill();
            }
            if victim != Victim::Broker {
                cluster.replicas[index].kill();
            }
            std::thread::sleep(pause);
            if victim != Victim::Server {
                cluster.nats.restart();
            }
            if victim != Victim::Broker {
                cluster.replicas[index].launch();
                cluster.replicas[index].await_ready();
            }
        });
        let at = count.load(Ordering::Relaxed);
        eventually("the load after the crash", reached(at + 60)).await;
        stop.store(true, Ordering::Relaxed);
        let mut all = Outcome::default();
        while let Some(one) = clients.join_next().await {
            let one = one.unwrap();
            all.done.extend(one.done);
            all.unknown.extend(one.unknown);
        }
        check(&cluster, &all).await;
        println!(
            "round {round}: {victim:?} after {before}, {} acknowledged, {} unknown",
            all.done.len(),
            all.unknown.len()
        );
    }
}

async fn check(cluster: &Cluster, all: &Outcome) {
    let fold = cluster.assert_equal_to_fold().await;
    for done in &all.done {
        let expected = usize::from(!done.unchanged);
        let found = fold.commits_of(&done.user, done.id);
        assert_eq!(found, expected, "{} of {} was acknowledged at {}", done.id, done.user, done.seq);
    }
    for (user, id) in &all.unknown {
        assert!(fold.commits_of(user, *id) <= 1, "{id} of {user} happened twice");
    }
    let last = cluster.last_seq().await;
    let client = cluster.client("edge").await;
    for done in all.done.iter().rev().take(60).chain(all.done.iter().take(60)) {
        let caller = Caller::new(client.clone(), done.user.parse().unwrap(), None);
        let reply = call(&caller, done.id, &done.request).await.unwrap();
        if !done.unchanged {
            assert_eq!(data(&reply), done.answer, "another answer to the repetition of {}", done.id);
            assert_eq!(reply.seq, Some(done.seq));
        }
    }
    assert_eq!(cluster.last_seq().await, last, "a repetition was stored");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_is_killed_under_load() {
    rounds(&[Victim::Server], 1, size(3, 20)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_broker_is_killed_under_load() {
    rounds(&[Victim::Broker], 1, size(3, 20)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_servers_the_broker_or_both_are_killed_under_load() {
    rounds(&[Victim::Server, Victim::Both, Victim::Broker], 2, size(3, 20)).await;
}

/// A frozen server is not a dead one: it wakes up with commands in hand that others have decided since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_was_frozen_does_nothing_twice() {
    let cluster = Cluster::start(2);
    cluster.project().await;
    let stop = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for n in 0..CLIENTS {
        let user = format!("c{n}");
        let caller = cluster.caller(&user).await;
        clients.spawn(work(caller, user, Arc::clone(&stop), Arc::clone(&count)));
    }
    for round in 0..size(2, 8) {
        let wanted = count.load(Ordering::Relaxed) + 30;
        let reached = || async { (count.load(Ordering::Relaxed) >= wanted).then_some(()) };
        eventually("the load before the freeze", reached).await;
        let frozen = &cluster.replicas[round % 2];
        frozen.freeze();
        // Long enough for the senders to ask the other one, with what the frozen one has in its mailbox.
        let wanted = count.load(Ordering::Relaxed) + 30;
        let reached = || async { (count.load(Ordering::Relaxed) >= wanted).then_some(()) };
        eventually("the load beside a frozen server", reached).await;
        frozen.thaw();
    }
    let wanted = count.load(Ordering::Relaxed) + 30;
    eventually("the load after the freeze", || async { (count.load(Ordering::Relaxed) >= wanted).then_some(()) }).await;
    stop.store(true, Ordering::Relaxed);
    let mut all = Outcome::default();
    while let Some(one) = clients.join_next().await {
        let one = one.unwrap();
        all.done.extend(one.done);
        all.unknown.extend(one.unknown);
    }
    check(&cluster, &all).await;
}
