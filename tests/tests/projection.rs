//! The projection is disposable: deleted, damaged, of another ledger, it comes back equal, and the server says why.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::fs;
use std::path::{Path, PathBuf};

use maestro_client::{Caller, Seen};
use maestro_tests::cluster::{Cluster, Snapshot, ask, command, data, eventually, request, seed, snapshot, web};
use maestro_wire::{ErrorCode, Place, Query, ServerInfoGet};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

/// A text that is found again in the file.
const NEEDLE: &str = "needle-in-the-description-of-a-task";

async fn fill(caller: &Caller, tasks: usize) {
    let call = async |entity: &str, verb: &str, payload: Value| {
        let reply = command(caller, &request(entity, verb, &payload)).await;
        data(&reply.unwrap_or_else(|error| panic!("{entity}.{verb} {payload}: {error:?}")))
    };
    let mut before: Option<String> = None;
    for n in 0..tasks {
        let depends: Vec<_> = before.iter().filter(|_| n % 3 == 0).collect();
        let task = call(
            "task",
            "create",
            json!({
                "title": format!("task {n}"), "description": format!("{NEEDLE} {n}"), "acceptance": ["works"],
                "labels": ["rust"], "dependsOn": depends, "subtasks": [{ "title": "part", "description": "of it" }],
            }),
        )
        .await;
        let id = task["id"].as_str().unwrap().to_owned();
        call("task", "log", json!({ "task": id, "message": format!("step {n}") })).await;
        match n % 5 {
            0 => drop(call("task", "start", json!({ "task": id, "force": true })).await),
            1 => drop(call("task", "update", json!({ "task": id, "technicalNotes": format!("notes {n}") })).await),
            2 => drop(call("task", "cancel", json!({ "task": id, "reason": "no need" })).await),
            3 => drop(call("task", "delete", json!({ "task": id, "force": true })).await),
            _ => drop(call("subtask", "complete", json!({ "task": id, "subtask": "st1" })).await),
        }
        before = (n % 5 != 2 && n % 5 != 3).then_some(id);
    }
    call("session", "spawn", json!({ "role": "worker", "name": "Worker: a", "prompt": "go", "pool": "none" })).await;
    call("message", "send", json!({ "to": "ann", "body": "hello" })).await;
}

/// A server with something in its projection, durable and at rest.
async fn filled(tasks: usize) -> (Cluster, Caller, Snapshot) {
    let cluster = Cluster::start(1);
    cluster.project().await;
    let caller = cluster.caller("ann").await;
    fill(&caller, tasks).await;
    let before = snapshot(&caller, &Seen::default()).await;
    assert_eq!(before.tasks.len(), tasks - tasks / 5, "every fifth task is deleted");
    assert!(before.events.len() > 3 * tasks, "{} events", before.events.len());
    (cluster, caller, before)
}

fn restart(cluster: &mut Cluster) {
    tokio::task::block_in_place(|| {
        cluster.replicas[0].launch();
        cluster.replicas[0].await_ready();
    });
}

fn stop(cluster: &mut Cluster) {
    tokio::task::block_in_place(|| cluster.replicas[0].stop());
}

async fn rebuilt(caller: &Caller) -> Option<String> {
    let info = ask(caller, &Query::ServerInfoGet(ServerInfoGet {}), &Seen::default()).await;
    info["rebuilt"].as_str().map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_uses_it_and_a_deleted_one_comes_back_equal() {
    let (mut cluster, caller, before) = filled(60).await;
    stop(&mut cluster);
    restart(&mut cluster);
    assert_eq!(rebuilt(&caller).await, None);
    assert_eq!(snapshot(&caller, &Seen::default()).await, before, "a plain restart changed something");
    stop(&mut cluster);
    fs::remove_dir_all(cluster.replicas[0].data()).unwrap();
    restart(&mut cluster);
    assert_eq!(snapshot(&caller, &Seen::default()).await, before, "the rebuilt projection differs");
    cluster.assert_equal_to_fold().await;
    tokio::task::block_in_place(|| cluster.replicas[0].kill());
    restart(&mut cluster);
    assert_eq!(rebuilt(&caller).await, None, "a SIGKILL alone is no damage");
    assert_eq!(snapshot(&caller, &Seen::default()).await, before, "the projection after SIGKILL differs");
}

/// Where the pages with the needle begin.
fn pages_in_use(bytes: &[u8]) -> Vec<usize> {
    let pages: std::collections::BTreeSet<_> = places(bytes).iter().map(|at| at / 4096 * 4096).collect();
    pages.into_iter().rev().collect()
}

/// Where the needle stands in the file.
fn places(bytes: &[u8]) -> Vec<usize> {
    let needle = NEEDLE.as_bytes();
    (0..bytes.len() - needle.len()).filter(|&at| &bytes[at..at + needle.len()] == needle).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_changed_byte_is_found_told_and_mended() {
    let (mut cluster, caller, before) = filled(60).await;
    stop(&mut cluster);
    let path = cluster.projection(0);
    let whole = fs::read(&path).unwrap();
    let needles = places(&whole);
    assert!(!needles.is_empty(), "the texts are not in the file as they are");
    let mut random = StdRng::seed_from_u64(seed());
    let mut offsets = vec![0, 20, 64, 128, whole.len() / 2];
    offsets.extend((0..4).map(|_| needles[random.random_range(0..needles.len())] + 3));
    // The first byte of a page is its type, and redb does not take every other one with composure.
    offsets.extend((0..4).map(|_| random.random_range(1..whole.len() / 4096) * 4096));
    offsets.extend(pages_in_use(&whole).into_iter().take(4));
    offsets.extend((0..4).map(|_| random.random_range(0..whole.len())));
    let mut found = 0;
    for (n, &offset) in offsets.iter().enumerate() {
        let mut bytes = whole.clone();
        bytes[offset] ^= 0x04;
        fs::write(&path, &bytes).unwrap();
        let logged = cluster.replicas[0].log().len();
        restart(&mut cluster);
        let why = rebuilt(&caller).await;
        let log = cluster.replicas[0].log().split_off(logged);
        println!("byte {offset}: {why:?}");
        if let Some(why) = &why {
            found += usize::from(offset > 4096);
            assert!(log.contains("the projection is built anew"), "{why}, and the log says nothing:\n{log}");
        }
        // An old page that nobody points to may be damaged unseen; what is answered may not.
        assert_eq!(snapshot(&caller, &Seen::default()).await, before, "byte {offset} ({n}) changed an answer");
        stop(&mut cluster);
    }
    assert!(found > 0, "no damage behind the header was found");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_truncated_file_is_told_and_mended() {
    let (mut cluster, caller, before) = filled(30).await;
    stop(&mut cluster);
    let path = cluster.projection(0);
    let whole = fs::read(&path).unwrap();
    for length in [0, 1, 100, 4096, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..length]).unwrap();
        let logged = cluster.replicas[0].log().len();
        restart(&mut cluster);
        let why = rebuilt(&caller).await;
        println!("{length} of {} bytes: {why:?}", whole.len());
        assert!(why.is_some_and(|why| !why.is_empty()), "cut to {length} bytes and nothing said");
        let log = cluster.replicas[0].log().split_off(logged);
        assert!(log.contains("the projection is built anew"), "{log}");
        assert_eq!(snapshot(&caller, &Seen::default()).await, before, "cut to {length} bytes");
        stop(&mut cluster);
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

fn store(cluster: &Cluster) -> PathBuf {
    cluster.nats.dir().join("store")
}

/// Puts a copy of the broker's store back, as a backup would be.
fn restore(cluster: &mut Cluster, backup: &Path) {
    tokio::task::block_in_place(|| {
        cluster.nats.kill();
        fs::remove_dir_all(store(cluster)).unwrap();
        copy(backup, &store(cluster));
        cluster.nats.restart();
    });
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_was_restored_shorter_is_told_and_followed() {
    let (mut cluster, caller, before) = filled(20).await;
    stop(&mut cluster);
    let backup = cluster.dir().join("backup");
    tokio::task::block_in_place(|| {
        cluster.nats.stop();
        copy(&store(&cluster), &backup);
        cluster.nats.restart();
    });
    restart(&mut cluster);
    for n in 0..5 {
        command(&caller, &request("task", "create", &json!({ "title": format!("lost {n}") }))).await.unwrap();
    }
    stop(&mut cluster);
    let longer = cluster.dir().join("longer.redb");
    fs::copy(cluster.projection(0), &longer).unwrap();
    restore(&mut cluster, &backup);
    restart(&mut cluster);
    let why = rebuilt(&caller).await;
    assert!(why.as_ref().is_some_and(|why| why.contains("the ledger ends at")), "{why:?}");
    assert_eq!(snapshot(&caller, &Seen::default()).await, before, "the shorter ledger is answered");
    // It grows past where the projection was, with other words.
    for n in 0..5 {
        command(&caller, &request("task", "create", &json!({ "title": format!("other {n}") }))).await.unwrap();
    }
    let now = snapshot(&caller, &Seen::default()).await;
    stop(&mut cluster);
    fs::copy(&longer, cluster.projection(0)).unwrap();
    restart(&mut cluster);
    let why = rebuilt(&caller).await;
    assert!(why.as_ref().is_some_and(|why| why.contains("another message")), "{why:?}");
    assert_eq!(snapshot(&caller, &Seen::default()).await, now);
    cluster.assert_equal_to_fold().await;
}

/// The same under a server that runs: it must notice by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_server_notices_that_its_ledger_was_restored_shorter() {
    let (mut cluster, caller, before) = filled(20).await;
    stop(&mut cluster);
    let backup = cluster.dir().join("backup");
    tokio::task::block_in_place(|| {
        cluster.nats.stop();
        copy(&store(&cluster), &backup);
        cluster.nats.restart();
    });
    restart(&mut cluster);
    for n in 0..5 {
        command(&caller, &request("task", "create", &json!({ "title": format!("lost {n}") }))).await.unwrap();
    }
    restore(&mut cluster, &backup);
    let why = eventually("the rebuild", || async {
        let info = caller.query(&Place::None, &Query::ServerInfoGet(ServerInfoGet {}), &Seen::default(), SHORT).await;
        let info = data(&info.ok()?);
        info["rebuilt"].as_str().map(str::to_owned)
    })
    .await;
    assert!(why.contains("the ledger ends at"), "{why}");
    assert_eq!(snapshot(&caller, &Seen::default()).await, before);
    command(&caller, &request("task", "create", &json!({ "title": "after" }))).await.unwrap();
    cluster.assert_equal_to_fold().await;
}

const SHORT: std::time::Duration = std::time::Duration::from_secs(5);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ledger_that_was_made_anew_is_told_and_followed() {
    let (mut cluster, caller, _) = filled(10).await;
    stop(&mut cluster);
    tokio::task::block_in_place(|| {
        cluster.nats.kill();
        fs::remove_dir_all(store(&cluster)).unwrap();
        cluster.nats.restart();
    });
    restart(&mut cluster);
    let why = rebuilt(&caller).await;
    assert!(why.as_ref().is_some_and(|why| why.contains("made anew")), "{why:?}");
    let refused = caller
        .query(&Place::Project(web()), &Query::TaskList(Default::default()), &Seen::default(), SHORT)
        .await
        .unwrap_err();
    assert_eq!(refused.code, ErrorCode::ProjectNotFound);
    // What a caller has seen of another ledger binds nobody.
    let create = request("project", "create", &json!({ "title": "Web" }));
    let seen = Seen { seq: Some(1_000_000), ledger: Some("of another time".to_owned()) };
    caller.command(&web(), &create, maestro_tests::cluster::new_id(), &seen, SHORT).await.unwrap();
    fill(&caller, 10).await;
    cluster.assert_equal_to_fold().await;
}
