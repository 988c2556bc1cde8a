//! The ledger is the truth: what was acknowledged is in it once, whoever asked, however many servers decide.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]
#![expect(clippy::print_stdout, reason = "a test says what it has measured")]

use std::collections::BTreeSet;
use std::time::Instant;

use maestro_client::{Headers, Seen};
use maestro_tests::cluster::{Cluster, DEADLINE, Fold, ask, command, data, new_id, request, size};
use maestro_wire::{CommandEnvelope, ErrorCode, Query, Reply, TaskList};
use serde_json::json;
use tokio::task::JoinSet;

/// Processes at once, and creates of each.
fn load() -> (usize, usize) {
    (size(16, 32), size(8, 50))
}

async fn creates_by_command_line(servers: usize) {
    let (processes, each) = load();
    let cluster = Cluster::start(servers);
    cluster.project().await;
    let cli = cluster.cli("ann");
    let began = Instant::now();
    let acknowledged: Vec<String> = tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..processes)
                .map(|worker| {
                    let cli = &cli;
                    scope.spawn(move || {
                        let create = |n: usize| {
                            let title = format!("task {worker}/{n}");
                            let said = cli.run(&["--timeout", "60s", "task", "create", &title, "--desc", "what"]);
                            assert_eq!(said.code, 0, "{said:?}");
                            let document = said.document();
                            assert_eq!(document["data"]["title"], title);
                            document["data"]["id"].as_str().unwrap().to_owned()
                        };
                        (0..each).map(create).collect::<Vec<_>>()
                    })
                })
                .collect();
            workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
        })
    });
    println!("{servers} servers: {} creates by processes in {:?}", acknowledged.len(), began.elapsed());
    let unique: BTreeSet<_> = acknowledged.iter().cloned().collect();
    assert_eq!(acknowledged.len(), processes * each);
    assert_eq!(unique.len(), acknowledged.len(), "an id was given twice");
    let fold = cluster.assert_equal_to_fold().await;
    let stored: BTreeSet<String> = fold.web().tasks().keys().map(ToString::to_string).collect();
    assert_eq!(stored, unique, "what is stored is not what was acknowledged");
    let titles: BTreeSet<_> = fold.web().tasks().values().map(|task| task.title.to_string()).collect();
    assert_eq!(titles.len(), processes * each, "a create was stored twice");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creates_of_many_processes_are_stored_once_by_one_server() {
    creates_by_command_line(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creates_of_many_processes_are_stored_once_by_two_servers() {
    creates_by_command_line(2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn creates_of_many_processes_are_stored_once_by_three_servers() {
    creates_by_command_line(3).await;
}

/// Changes the limit of the ledger's stream as an operator would.
async fn limit(cluster: &Cluster, max_bytes: u64) {
    let core = cluster.nats.connect("core").await;
    let info = core.request("$JS.API.STREAM.INFO.EVENTS", "".into()).await.unwrap();
    let info: serde_json::Value = serde_json::from_slice(&info.payload).unwrap();
    let mut config = info["config"].clone();
    config["max_bytes"] = max_bytes.into();
    let reply = core.request("$JS.API.STREAM.UPDATE.EVENTS", config.to_string().into()).await.unwrap();
    let reply: serde_json::Value = serde_json::from_slice(&reply.payload).unwrap();
    assert!(reply["error"].is_null(), "{reply}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_ledger_says_so_reads_go_on_and_it_works_again_with_room() {
    let cluster = Cluster::start(2);
    cluster.project().await;
    let caller = cluster.caller("ann").await;
    command(&caller, &request("task", "create", &json!({ "title": "before" }))).await.unwrap();
    let core = cluster.client("core").await;
    limit(&cluster, core.stream_info("EVENTS").await.unwrap().bytes + 40_000).await;
    // Texts that do not compress to nothing.
    let noise = |n: usize| (0..400).map(|i| format!("{:x}", (n * 7919 + i) * 2_654_435_761)).collect::<String>();
    let mut stored = vec!["before".to_owned()];
    let mut refused = Vec::new();
    let mut calls = JoinSet::new();
    for n in 0..60 {
        let (caller, title) = (caller.clone(), format!("big {n}"));
        let create = request("task", "create", &json!({ "title": title, "description": noise(n) }));
        calls.spawn(async move { (title, command(&caller, &create).await) });
    }
    while let Some(done) = calls.join_next().await {
        match done.unwrap() {
            (title, Ok(_)) => stored.push(title),
            (title, Err(error)) => {
                assert_eq!(error.code, ErrorCode::LedgerFull, "{error:?}");
                assert!(error.suggestion.is_some() && error.retryable);
                refused.push(title);
            }
        }
    }
    // Whoever asks alone now hears it too, and reads go on.
    let mut n = 1000;
    let alone = loop {
        let create = request("task", "create", &json!({ "title": format!("big {n}"), "description": noise(n) }));
        match command(&caller, &create).await {
            Ok(_) => stored.push(format!("big {n}")),
            Err(error) => break error,
        }
        n += 1;
        assert!(n < 1100, "40,000 bytes hold more than 100 tasks of this size");
    };
    assert_eq!(alone.code, ErrorCode::LedgerFull);
    // Longer than what was refused: less might still fit.
    let said = cluster.cli("ann").run(&["task", "create", "one more", "--desc", &noise(100 * n)]);
    assert_eq!((said.code, said.document()["error"].as_str().unwrap()), (6, "ledger_full"), "{said:?}");
    let said = cluster.cli("ann").run(&["task", "list", "--limit", "1000"]);
    assert_eq!(said.document()["data"]["items"].as_array().unwrap().len(), stored.len(), "{said:?}");
    let fold = cluster.assert_equal_to_fold().await;
    let titles = |fold: &Fold| {
        let mut titles: Vec<_> = fold.web().tasks().values().map(|task| task.title.to_string()).collect();
        titles.sort();
        titles
    };
    stored.sort();
    assert_eq!(titles(&fold), stored, "what is stored is not what was acknowledged");
    println!("{} stored, {} refused together", stored.len(), refused.len());
    limit(&cluster, 1 << 30).await;
    command(&caller, &request("task", "create", &json!({ "title": "after" }))).await.unwrap();
    stored.push("after".to_owned());
    stored.sort();
    assert_eq!(titles(&cluster.assert_equal_to_fold().await), stored);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_overloaded_server_says_so_and_takes_nothing_of_what_it_refused() {
    let cluster = Cluster::with(maestro_tests::nats::NatsServer::secured(), 1, &["--mailbox", "1"]);
    cluster.project().await;
    let client = cluster.client("edge").await;
    let mut calls = JoinSet::new();
    for n in 0..size(400, 4000) {
        let client = client.clone();
        calls.spawn(async move {
            let id = new_id();
            let envelope = CommandEnvelope::new(id, &request("task", "create", &json!({ "title": format!("n {n}") })));
            let subject = "maestro.v1.cmd.web.ann.task.create";
            // One attempt: a client of ours would try again.
            let answer = client.request(subject, &Headers::new(), envelope.encode().into(), DEADLINE).await.unwrap();
            (id, Reply::decode(answer.payload()).unwrap())
        });
    }
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    while let Some(done) = calls.join_next().await {
        let (id, reply) = done.unwrap();
        match reply.error.as_ref() {
            None => taken.push((id, data(&reply)["id"].as_str().unwrap().to_owned())),
            Some(error) => {
                assert_eq!((error.code, error.retryable), (ErrorCode::Overloaded, true), "{error:?}");
                refused.push(id);
            }
        }
    }
    println!("{} taken, {} refused", taken.len(), refused.len());
    assert!(!refused.is_empty(), "a mailbox of one was never full");
    assert!(!taken.is_empty(), "nothing was taken");
    let fold = cluster.assert_equal_to_fold().await;
    for (id, task) in &taken {
        assert_eq!(fold.commits_of("ann", *id), 1, "{task} was acknowledged");
    }
    for id in &refused {
        assert_eq!(fold.commits_of("ann", *id), 0, "a refused command is in the ledger");
    }
    assert_eq!(fold.web().tasks().len(), taken.len());
    // A client that tries again gets through.
    let caller = cluster.caller("ann").await;
    let mut calls = JoinSet::new();
    for n in 0..16 {
        let caller = caller.clone();
        calls.spawn(async move {
            command(&caller, &request("task", "create", &json!({ "title": format!("again {n}") }))).await
        });
    }
    while let Some(done) = calls.join_next().await {
        done.unwrap().unwrap();
    }
    let again = Query::TaskList(TaskList { text: Some("again".into()), ..TaskList::default() });
    let rows = ask(&caller, &again, &Seen::default()).await;
    assert_eq!(rows["items"].as_array().unwrap().len(), 16);
}
