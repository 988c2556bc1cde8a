//! Many ask at once, one gets it; one asks many, and each answers for what was said before.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use maestro_client::Seen;
use maestro_tests::cluster::{Cluster, ask, command, data, request, size};
use maestro_wire::{Query, ServerInfoGet};
use serde_json::json;
use tokio::task::JoinSet;

const CLAIMERS: usize = 64;
const READY: usize = 20;

async fn claims(servers: usize) {
    let cluster = Cluster::start(servers);
    cluster.project().await;
    let caller = cluster.caller("ann").await;
    for round in 0..size(3, 20) {
        for n in 0..READY {
            command(&caller, &request("task", "create", &json!({ "title": format!("{round}/{n}") }))).await.unwrap();
        }
        let mut clients = Vec::new();
        for _ in 0..8 {
            clients.push(cluster.client("edge").await);
        }
        let mut calls = JoinSet::new();
        let gate = std::sync::Arc::new(tokio::sync::Barrier::new(CLAIMERS));
        for n in 0..CLAIMERS {
            let user = format!("u{round}-{n}");
            let client = clients[n % clients.len()].clone();
            let gate = std::sync::Arc::clone(&gate);
            calls.spawn(async move {
                let caller = maestro_client::Caller::new(client, user.parse().unwrap(), None);
                gate.wait().await;
                let reply = command(&caller, &request("task", "next", &json!({ "claim": true }))).await.unwrap();
                let task = data(&reply);
                if !task.is_null() {
                    assert_eq!(task["status"], "in_progress", "{task}");
                    assert_eq!(task["claim"]["actor"], user, "{task}");
                }
                task["id"].as_str().map(|id| (id.to_owned(), user))
            });
        }
        let mut given: BTreeMap<String, Vec<String>> = BTreeMap::new();
        while let Some(done) = calls.join_next().await {
            if let Some((task, user)) = done.unwrap() {
                given.entry(task).or_default().push(user);
            }
        }
        assert!(given.values().all(|users| users.len() == 1), "given to more than one: {given:?}");
        assert_eq!(given.len(), READY, "with {servers} servers: {given:?}");
        let fold = cluster.fold().await;
        for (task, users) in &given {
            let task = fold.web().task(task.parse().unwrap()).unwrap();
            assert_eq!(task.claim.as_ref().unwrap().holder.actor.to_string(), users[0]);
        }
    }
    cluster.assert_equal_to_fold().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_ready_task_is_claimed_once_with_one_server() {
    claims(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_ready_task_is_claimed_once_with_two_servers() {
    claims(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_ready_task_is_claimed_once_with_three_servers() {
    claims(3).await;
}

/// Every command depends on the one before, and whichever of two servers hears it must know that one. The client does not
/// even say what it has seen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_client_of_two_servers_is_never_refused_what_it_may() {
    let cluster = Cluster::start(2);
    cluster.project().await;
    let caller = cluster.caller("ann").await;
    let total = size(300, 2000);
    let mut sent = 0;
    let mut before: Option<String> = None;
    let began = Instant::now();
    let mut worst = Duration::ZERO;
    let mut call = async |verb: (&str, &str), payload: serde_json::Value| {
        let asked = Instant::now();
        let reply = command(&caller, &request(verb.0, verb.1, &payload)).await;
        worst = worst.max(asked.elapsed());
        sent += 1;
        let reply = reply.unwrap_or_else(|error| panic!("command {sent}, {verb:?} {payload}: {error:?}"));
        assert!(!reply.unchanged, "command {sent}, {verb:?} {payload} was taken for a repetition");
        (sent, data(&reply))
    };
    loop {
        let depends: Vec<_> = before.iter().collect();
        let (_, task) = call(("task", "create"), json!({ "title": "next", "dependsOn": depends })).await;
        let id = task["id"].as_str().unwrap().to_owned();
        call(("subtask", "create"), json!({ "task": id, "title": "part" })).await;
        call(("task", "start"), json!({ "task": id })).await;
        call(("subtask", "complete"), json!({ "task": id, "subtask": "st1" })).await;
        call(("task", "log"), json!({ "task": id, "message": "half way" })).await;
        let (sent, _) = call(("task", "complete"), json!({ "task": id, "summary": "done" })).await;
        before = Some(id);
        if sent >= total {
            break;
        }
    }
    println!("{sent} dependent commands in {:?}, worst {worst:?}", began.elapsed());
    let fold = cluster.assert_equal_to_fold().await;
    assert_eq!(fold.commits, sent + 1, "one commit a command and one for the project");
    // One may hand everything on to the other, which then is the only writer; but both were there to be asked.
    let mut there = BTreeSet::new();
    for _ in 0..200 {
        let info = ask(&caller, &Query::ServerInfoGet(ServerInfoGet {}), &Seen::default()).await;
        there.insert(info["replica"].as_str().unwrap().to_owned());
    }
    assert_eq!(there.len(), 2, "only one server was asked: {there:?}");
}

/// Refusals need no append, so a server that is behind would refuse wrongly if it did not ask first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_servers_agree_on_what_is_refused() {
    let cluster = Cluster::start(2);
    cluster.project().await;
    let caller = cluster.caller("ann").await;
    for _ in 0..size(40, 300) {
        let reply = command(&caller, &request("task", "create", &json!({ "title": "x" }))).await.unwrap();
        let id = data(&reply)["id"].as_str().unwrap().to_owned();
        command(&caller, &request("task", "cancel", &json!({ "task": id }))).await.unwrap();
        let error = command(&caller, &request("task", "start", &json!({ "task": id }))).await.unwrap_err();
        assert_eq!(error.code.as_str(), "invalid_transition", "{error:?}");
        let again = command(&caller, &request("task", "cancel", &json!({ "task": id }))).await.unwrap();
        assert!(again.unchanged, "a repetition is told as one");
        command(&caller, &request("task", "reopen", &json!({ "task": id }))).await.unwrap();
        command(&caller, &request("task", "start", &json!({ "task": id }))).await.unwrap();
    }
    cluster.assert_equal_to_fold().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn none_of_64_clients_of_three_servers_starves() {
    let cluster = Cluster::start(3);
    cluster.project().await;
    let each = size(20, 200);
    let mut calls = JoinSet::new();
    let began = Instant::now();
    for n in 0..64 {
        let caller = cluster.caller(&format!("u{n}")).await;
        calls.spawn(async move {
            let mut took = Vec::new();
            for _ in 0..each {
                let asked = Instant::now();
                command(&caller, &request("task", "create", &json!({ "title": "x" }))).await.unwrap();
                took.push(asked.elapsed());
            }
            took
        });
    }
    let mut took: Vec<Duration> = Vec::new();
    while let Some(done) = calls.join_next().await {
        took.extend(done.unwrap());
    }
    took.sort();
    println!(
        "{} commands of 64 clients to 3 servers in {:?}: p50 {:?}, p99 {:?}, worst {:?}",
        took.len(),
        began.elapsed(),
        took[took.len() / 2],
        took[took.len() * 99 / 100],
        took[took.len() - 1]
    );
    let fold = cluster.assert_equal_to_fold().await;
    assert_eq!(fold.web().tasks().len(), 64 * each);
    println!("{} commits, writers {:?}", fold.commits, fold.writers);
}
