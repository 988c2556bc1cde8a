//! Nobody there, or somebody too old: it is said in time, with the next command to type; reports wait and are applied once.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use maestro_client::Seen;
use maestro_domain::{EntityRef, TaskId};
use maestro_tests::cluster::{Cli, Cluster, Replica, ask, command, eventually, request, snapshot};
use maestro_tests::nats::NatsServer;
use maestro_wire::{MessageList, Query};
use serde_json::{Value, json};

/// What cannot wait.
const ASKING: &[&[&str]] = &[
    &["task", "list"],
    &["task", "get", "t1"],
    &["task", "create", "x"],
    &["task", "start", "t1"],
    &["task", "next", "--claim"],
    &["status"],
    &["project", "list"],
    &["session", "list"],
    &["message", "list"],
];

/// Everything that asks ends with 6, within the timeout, with a code, a message and the next command.
fn told(cli: &Cli, code: &str) {
    for words in ASKING {
        let mut all = vec!["--timeout", "1s"];
        all.extend(*words);
        let began = Instant::now();
        let said = cli.run(&all);
        // Generous against a busy machine; a connection attempt alone would hang for minutes.
        assert!(began.elapsed() < Duration::from_secs(20), "{words:?} took {:?}", began.elapsed());
        let document = said.document();
        assert_eq!((said.code, document["error"].as_str().unwrap()), (6, code), "{words:?}: {said:?}");
        assert!(document["message"].as_str().is_some_and(|text| !text.is_empty()), "{said:?}");
        assert!(document["suggestion"].as_str().is_some_and(|text| !text.is_empty()), "{said:?}");
        let next = document["details"]["commands"][0].as_str();
        assert!(next.is_some_and(|command| command.starts_with("maestro ")), "{said:?}");
    }
}

fn dead_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn without_a_broker() {
    let cli = Cli::new(&format!("nats://edge:x@127.0.0.1:{}", dead_port()), "ann");
    told(&cli, "connection_refused");
    let said = cli.run(&["--timeout", "500ms", "task", "log", "t1", "half way"]);
    let document = said.document();
    assert_eq!((said.code, &document["queued"], &document["data"]["queuedIn"]), (0, &json!(true), &json!("outbox")));
}

/// It is patient: a broker may come a moment later. Told to stop it stops all the same.
#[test]
fn a_server_that_waits_for_its_broker_stops_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let dead = format!("nats://core:x@127.0.0.1:{}", dead_port());
    let mut replica = Replica::start(dir.path(), "server-1", &dead, &dead, &[]);
    replica.await_handlers();
    let began = Instant::now();
    replica.terminate();
    let status = replica.wait();
    assert_eq!(status.code(), Some(0), "after {:?}: {}", began.elapsed(), replica.log());
    assert!(!replica.ready_path().exists());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_a_broker_and_without_a_server() {
    let nats = NatsServer::secured();
    let cluster = Cluster::with(nats, 0, &[]);
    tokio::task::block_in_place(|| told(&cluster.cli("ann"), "no_server"));
}

/// A broker of another age: it greets and knows no more.
fn old_broker(version: &'static str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { break };
            std::thread::spawn(move || {
                let info = json!({
                    "server_id": "OLD", "server_name": "old", "version": version, "proto": 1, "go": "go1.19",
                    "host": "127.0.0.1", "port": port, "headers": true, "max_payload": 1_048_576, "jetstream": true,
                    "client_id": 1,
                });
                let _gone = write!(stream, "INFO {info}\r\n");
                let reader = BufReader::new(stream.try_clone().unwrap());
                for line in reader.lines() {
                    let Ok(line) = line else { break };
                    if line.starts_with("PING") && stream.write_all(b"PONG\r\n").is_err() {
                        break;
                    }
                }
            });
        }
    });
    port
}

#[test]
fn an_older_broker_is_told_with_the_version_that_is_needed() {
    for version in ["2.9.10", "2.13.4"] {
        let port = old_broker(version);
        let cli = Cli::new(&format!("nats://edge:x@127.0.0.1:{port}"), "ann");
        let said = cli.run(&["task", "list"]);
        let document = said.document();
        assert_eq!((said.code, document["error"].as_str().unwrap()), (6, "broker_too_old"), "{said:?}");
        let message = document["message"].as_str().unwrap();
        assert!(message.contains(version) && message.contains("2.14"), "{message}");
        let said = cli.plain(&["-p", "web", "task", "list"], b"");
        assert!(said.code == 6 && said.err.contains("2.14") && said.err.contains(version), "{said:?}");
        let dir = tempfile::tempdir().unwrap();
        let address = |user: &str| format!("nats://{user}:x@127.0.0.1:{port}");
        let mut replica = Replica::start(dir.path(), "server-1", &address("core"), &address("core-work"), &[]);
        let status = replica.wait();
        assert_eq!(status.code(), Some(1), "{}", replica.log());
        let log = replica.log();
        assert!(log.contains("2.14") && log.contains(version), "{log}");
    }
}

async fn timeline(cluster: &Cluster, task: &str) -> Vec<Value> {
    let id: TaskId = task.parse().unwrap();
    let caller = cluster.caller("auditor").await;
    let list = Query::EventList(maestro_wire::EventList {
        entity: Some(EntityRef::Task(id)),
        limit: Some(500),
        ..Default::default()
    });
    let mut page = ask(&caller, &list, &Seen::default()).await;
    let mut items = std::mem::take(page["items"].as_array_mut().unwrap());
    items.reverse();
    items
}

/// Reports that were made while no server was there: applied once, in their order; what is refused later is told.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_wait_for_a_server_and_are_applied_once_in_order() {
    let mut cluster = Cluster::start(2);
    cluster.project().await;
    let ann = cluster.caller("ann").await;
    let create = |title: &str| request("task", "create", &json!({ "title": title }));
    command(&ann, &create("one")).await.unwrap();
    command(&ann, &create("two")).await.unwrap();
    command(&ann, &request("task", "start", &json!({ "task": "t1" }))).await.unwrap();
    command(&ann, &request("task", "cancel", &json!({ "task": "t2" }))).await.unwrap();
    tokio::task::block_in_place(|| cluster.replicas.iter_mut().for_each(Replica::stop));
    let cli = cluster.cli("ann");
    let queued = |words: &[&str]| {
        let mut all = vec!["--timeout", "700ms"];
        all.extend(words);
        let said = cli.run(&all);
        let document = said.document();
        assert_eq!((said.code, &document["queued"]), (0, &json!(true)), "{words:?}: {said:?}");
        assert!(document.get("seq").is_none(), "{said:?}");
        document["data"]["queuedIn"].as_str().unwrap().to_owned()
    };
    let mut wanted = Vec::new();
    tokio::task::block_in_place(|| {
        for n in 0..8 {
            let message = format!("step {n}");
            assert_eq!(queued(&["task", "log", "t1", &message]), "inbox");
            wanted.push(message);
        }
        assert_eq!(queued(&["task", "complete", "t1", "--summary", "all done"]), "inbox");
        // The task is cancelled: refused, once a server hears it.
        assert_eq!(queued(&["task", "complete", "t2", "--summary", "too late"]), "inbox");
        for replica in &mut cluster.replicas {
            replica.launch();
            replica.await_ready();
        }
    });
    let last = eventually("the refusal on the timeline", || async {
        let entries = timeline(&cluster, "t2").await;
        entries.into_iter().find(|entry| entry["kind"] == "queued_refused")
    })
    .await;
    assert!(last.to_string().contains("too late"), "the words of the report are kept: {last}");
    let entries = timeline(&cluster, "t1").await;
    let kinds: Vec<_> = entries.iter().map(|entry| entry["kind"].as_str().unwrap()).collect();
    let logged: Vec<_> =
        entries.iter().filter(|e| e["kind"] == "progress").map(|e| e["message"].as_str().unwrap().to_owned()).collect();
    assert_eq!(logged, wanted, "not once, or not in order: {kinds:?}");
    assert_eq!(kinds.last(), Some(&"completed"), "{kinds:?}");
    let told = ask(&ann, &Query::MessageList(MessageList::default()), &Seen::default()).await;
    let told = told["items"].as_array().unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0]["body"].as_str().unwrap().contains("task.complete"), "{told:?}");
    // Another start finds the inbox empty: nothing is applied again.
    let before = snapshot(&ann, &Seen::default()).await;
    let last = cluster.last_seq().await;
    tokio::task::block_in_place(|| {
        for replica in &mut cluster.replicas {
            replica.stop();
            replica.launch();
            replica.await_ready();
        }
    });
    let core = cluster.client("core").await;
    eventually("the empty inbox", || async { (core.stream_info("INBOX").await.ok()?.messages == 0).then_some(()) })
        .await;
    assert_eq!(cluster.last_seq().await, last);
    assert_eq!(snapshot(&ann, &Seen::default()).await, before);
    cluster.assert_equal_to_fold().await;
}

/// While a caller has reports that wait, its next ones wait behind them; when the broker is back they go out in order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reports_wait_for_a_broker_too() {
    let mut cluster = Cluster::start(1);
    cluster.project().await;
    let ann = cluster.caller("ann").await;
    command(&ann, &request("task", "create", &json!({ "title": "one" }))).await.unwrap();
    let cli = cluster.cli("ann");
    let log = |message: &str| cli.run(&["--timeout", "1s", "task", "log", "t1", message]).document();
    tokio::task::block_in_place(|| {
        cluster.nats.kill();
        for n in 0..3 {
            let document = log(&format!("step {n}"));
            assert_eq!(
                (&document["queued"], &document["data"]["queuedIn"]),
                (&json!(true), &json!("outbox")),
                "{document}"
            );
        }
        cluster.nats.restart();
    });
    // The next command of the caller sends them first.
    eventually("the outbox", || async {
        let said = tokio::task::block_in_place(|| cli.run(&["--timeout", "20s", "task", "get", "t1"]));
        if said.code != 0 {
            return None;
        }
        let entries = timeline(&cluster, "t1").await;
        (entries.iter().filter(|entry| entry["kind"] == "progress").count() >= 3).then_some(())
    })
    .await;
    let document = tokio::task::block_in_place(|| log("step 3"));
    assert_eq!(document["success"], true);
    let logged = eventually("the last step", || async {
        let entries = timeline(&cluster, "t1").await;
        let logged: Vec<_> = entries.iter().filter(|entry| entry["kind"] == "progress").cloned().collect();
        (logged.len() >= 4).then_some(logged)
    })
    .await;
    let logged: Vec<_> = logged.iter().map(|entry| entry["message"].as_str().unwrap()).collect();
    assert_eq!(logged, ["step 0", "step 1", "step 2", "step 3"]);
    cluster.assert_equal_to_fold().await;
}

/// Refused when it was sent late, from the home: the next command says so, the timeline keeps it, a message tells it, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_that_waited_for_a_broker_is_refused_where_its_sender_finds_it() {
    let mut cluster = Cluster::start(1);
    cluster.project().await;
    let ann = cluster.caller("ann").await;
    for title in ["one", "two"] {
        command(&ann, &request("task", "create", &json!({ "title": title }))).await.unwrap();
    }
    command(&ann, &request("task", "cancel", &json!({ "task": "t2" }))).await.unwrap();
    let cli = cluster.cli("ann");
    tokio::task::block_in_place(|| {
        cluster.nats.kill();
        for words in [&["task", "complete", "t2", "--summary", "too late"][..], &["task", "log", "t1", "in time"]] {
            let document = cli.run(&[&["--timeout", "1s"], words].concat()).document();
            assert_eq!(
                (&document["queued"], &document["data"]["queuedIn"]),
                (&json!(true), &json!("outbox")),
                "{document}"
            );
        }
        cluster.nats.restart();
    });
    let mut said = String::new();
    let entry = eventually("the refusal on the timeline", || {
        let output = tokio::task::block_in_place(|| cli.run(&["--timeout", "20s", "task", "get", "t1"]));
        said.push_str(&output.err);
        let cluster = &cluster;
        async move { timeline(cluster, "t2").await.into_iter().find(|entry| entry["kind"] == "queued_refused") }
    })
    .await;
    assert!(entry.to_string().contains("too late"), "{entry}");
    assert_eq!(said.matches("was refused").count(), 1, "{said}");
    let mail = ask(&ann, &Query::MessageList(MessageList::default()), &Seen::default()).await;
    let mail = mail["items"].as_array().unwrap();
    assert!(mail.len() == 1 && mail[0]["body"].as_str().unwrap().contains("task.complete"), "{mail:?}");
    let logged = timeline(&cluster, "t1").await.into_iter().filter(|entry| entry["kind"] == "progress").count();
    assert_eq!(logged, 1, "a refused one does not hold up those behind it");
}
