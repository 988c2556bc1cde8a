//! Replicas come and go; nobody who asks notices.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use maestro_client::Seen;
use maestro_tests::cluster::{Cluster, DEADLINE, ask, command, data, eventually, new_id, request, size, web};
use maestro_wire::{ErrorCode, Query, ServerInfoGet, WaitRequest, WaitTasks};
use serde_json::json;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_drains_and_no_client_sees_an_error() {
    let mut cluster = Cluster::start(2);
    cluster.project().await;
    let stop = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for n in 0..8 {
        let caller = cluster.caller(&format!("c{n}")).await;
        let (stop, count) = (Arc::clone(&stop), Arc::clone(&count));
        clients.spawn(async move {
            let mut ids = Vec::new();
            while !stop.load(Ordering::Relaxed) {
                let id = new_id();
                let create = request("task", "create", &json!({ "title": "x" }));
                let reply = caller.command(&web(), &create, id, &Seen::default(), DEADLINE).await;
                let reply = reply.unwrap_or_else(|error| panic!("c{n}: {error:?}"));
                assert!(!data(&reply)["id"].is_null());
                ids.push(id);
                let status = Query::TaskList(maestro_wire::TaskList { limit: Some(5), ..Default::default() });
                ask(&caller, &status, &Seen { seq: reply.seq, ledger: reply.ledger }).await;
                count.fetch_add(1, Ordering::Relaxed);
            }
            (n, ids)
        });
    }
    for round in 0..size(3, 20) {
        let wanted = count.load(Ordering::Relaxed) + 40;
        eventually("load", || async { (count.load(Ordering::Relaxed) >= wanted).then_some(()) }).await;
        let index = round % 2;
        tokio::task::block_in_place(|| {
            let replica = &mut cluster.replicas[index];
            let began = std::time::Instant::now();
            replica.stop();
            println!("drained in {:?}", began.elapsed());
            assert!(!replica.log().contains("left without an answer"), "{}", replica.log());
        });
        let wanted = count.load(Ordering::Relaxed) + 40;
        eventually("load beside", || async { (count.load(Ordering::Relaxed) >= wanted).then_some(()) }).await;
        tokio::task::block_in_place(|| {
            cluster.replicas[index].launch();
            cluster.replicas[index].await_ready();
        });
    }
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    while let Some(done) = clients.join_next().await {
        let (n, ids) = done.unwrap();
        acknowledged.extend(ids.into_iter().map(|id| (format!("c{n}"), id)));
    }
    let fold = cluster.assert_equal_to_fold().await;
    assert_eq!(fold.web().tasks().len(), acknowledged.len());
    for (user, id) in acknowledged {
        assert_eq!(fold.commits_of(&user, id), 1);
    }
}

/// A long poll is answered at a drain, so that its sender asks another replica at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_long_poll_ends_at_the_drain_and_can_be_repeated() {
    let mut cluster = Cluster::start(2);
    cluster.project().await;
    let caller = cluster.caller("ann").await;
    command(&caller, &request("task", "create", &json!({ "title": "x" }))).await.unwrap();
    let wait = || WaitRequest::Tasks(WaitTasks { tasks: vec!["t1".parse().unwrap()], ..WaitTasks::default() });
    let mut polls = JoinSet::new();
    for _ in 0..16 {
        let caller = caller.clone();
        let request = wait();
        polls.spawn(async move {
            let mut drained = 0;
            loop {
                match caller.wait(&web(), &request, &maestro_client::Seen::default(), 30_000).await {
                    Ok(reply) if data(&reply)["reached"] == true => return drained,
                    Ok(_) => {}
                    Err(error) => {
                        assert_eq!((error.code, error.retryable), (ErrorCode::Unavailable, true), "{error:?}");
                        drained += 1;
                    }
                }
            }
        });
    }
    // All of them have been heard when a command sent after them is answered by both.
    for _ in 0..40 {
        ask(&caller, &Query::ServerInfoGet(ServerInfoGet {}), &Seen::default()).await;
    }
    tokio::task::block_in_place(|| cluster.replicas[0].stop());
    let log = cluster.replicas[0].log();
    assert!(!log.contains("left without an answer"), "{log}");
    command(&caller, &request("task", "cancel", &json!({ "task": "t1" }))).await.unwrap();
    let mut drained = 0;
    while let Some(done) = polls.join_next().await {
        drained += done.unwrap();
    }
    println!("{drained} of 16 long polls were ended by the drain");
    assert!(drained > 0, "none of 16 long polls was with the server that drained");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_comes_late_answers_like_the_others() {
    let mut cluster = Cluster::start(1);
    cluster.project().await;
    let caller = cluster.caller("ann").await;
    for n in 0..50 {
        command(&caller, &request("task", "create", &json!({ "title": format!("n {n}") }))).await.unwrap();
    }
    cluster.add("server-2", &[]);
    cluster.await_ready();
    tokio::task::block_in_place(|| cluster.replicas[0].stop());
    let info = ask(&caller, &Query::ServerInfoGet(ServerInfoGet {}), &Seen::default()).await;
    assert_eq!(info["replica"], "server-2");
    cluster.assert_equal_to_fold().await;
}
