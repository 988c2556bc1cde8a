//! A purged project is forgotten, whatever was asked at the same moment, and the ledger can still be read from its
//! beginning.

use maestro_client::{Headers, Seen};
use maestro_domain::ProjectId;
use maestro_tests::cluster::{Cluster, ask, command, data, eventually, new_id, request};
use maestro_wire::{ErrorCode, Place, Query, ServerInfoGet, TaskList};
use serde_json::json;
use tokio::task::JoinSet;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_among_other_commands_leaves_a_ledger_that_can_be_read() {
    let mut cluster = Cluster::start(1);
    cluster.project().await;
    let caller = cluster.caller("ann").await;
    let kept = command(&caller, &request("task", "create", &json!({ "title": "kept" }))).await.unwrap();
    let shop: ProjectId = "shop".parse().unwrap();
    let create = request("project", "create", &json!({ "title": "Shop" }));
    let within = std::time::Duration::from_secs(20);
    for round in 0..5 {
        caller.command(&shop, &create, new_id(), &Seen::default(), within).await.unwrap();
        // All of these are in the mailbox at once, so a group holds some before the purge and some behind it.
        let mut at_once = JoinSet::new();
        for n in 0..40 {
            let (caller, shop) = (caller.clone(), shop.clone());
            let request = if n == 20 {
                request("project", "purge", &json!({ "confirm": "shop" }))
            } else {
                request("task", "create", &json!({ "title": format!("{round}/{n}") }))
            };
            at_once.spawn(async move {
                let answer = caller.command(&shop, &request, new_id(), &Seen::default(), within).await;
                (n, answer.map(|reply| data(&reply)).map_err(|error| error.code))
            });
        }
        while let Some(answer) = at_once.join_next().await {
            match answer.unwrap() {
                (20, answer) => assert_eq!(answer.unwrap()["deleted"], "project"),
                (_, answer) => assert!(matches!(answer, Ok(_) | Err(ErrorCode::ProjectNotFound)), "{answer:?}"),
            }
        }
    }
    // From its beginning: nothing of the projection is left.
    tokio::task::block_in_place(|| {
        cluster.replicas[0].stop();
        std::fs::remove_file(cluster.projection(0)).unwrap();
        cluster.replicas[0].launch();
        cluster.replicas[0].await_ready();
    });
    let info = ask(&caller, &Query::ServerInfoGet(ServerInfoGet {}), &Seen::default()).await;
    assert_eq!(info["rebuilt"], json!(null), "it was read in one go: {info}");
    let list = Query::TaskList(TaskList::default());
    let tasks = ask(&caller, &list, &Seen::default()).await;
    assert_eq!(tasks["items"][0]["title"], data(&kept)["title"]);
    let gone = caller.query(&Place::Project(shop.clone()), &list, &Seen::default(), within).await.unwrap_err();
    assert_eq!(gone.code, ErrorCode::ProjectNotFound);
    // The name is free again.
    caller.command(&shop, &create, new_id(), &Seen::default(), within).await.unwrap();
}

/// The name is free again, and its first session is `s1` once more: it must not find what another `s1` wrote.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_purge_takes_the_terminals_and_recordings_of_its_project_alone() {
    let cluster = Cluster::start(1);
    let caller = cluster.caller("ann").await;
    let within = std::time::Duration::from_secs(20);
    let create = request("project", "create", &json!({ "title": "A shop" }));
    let spawner = cluster.client("spawner").await;
    let store = spawner.objects("RECORDINGS");
    for name in ["shop", "shopping"] {
        caller.command(&name.parse().unwrap(), &create, new_id(), &Seen::default(), within).await.unwrap();
        let out = format!("maestro.v1.term.{name}.s1.1.out");
        spawner.append(&out, "old".into(), &Headers::new(), None, within).await.unwrap();
        store.put(&format!("{name}.s1.1.cast"), &mut &b"{}"[..]).await.unwrap();
    }
    let shop: ProjectId = "shop".parse().unwrap();
    let purge = request("project", "purge", &json!({ "confirm": "shop" }));
    caller.command(&shop, &purge, new_id(), &Seen::default(), within).await.unwrap();
    eventually("what the terminals of the project wrote is gone", || async {
        let text = spawner.read_last("TERM", "maestro.v1.term.shop.s1.1.out").await.unwrap();
        let recording = store.get("shop.s1.1.cast").await.unwrap();
        (text.is_none() && recording.is_none()).then_some(())
    })
    .await;
    assert!(spawner.read_last("TERM", "maestro.v1.term.shopping.s1.1.out").await.unwrap().is_some());
    assert!(store.get("shopping.s1.1.cast").await.unwrap().is_some());
}
