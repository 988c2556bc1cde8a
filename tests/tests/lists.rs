//! Lists of long texts come in pages that the broker carries, and whoever names one of them gets it.

use std::time::Duration;

use maestro_client::Seen;
use maestro_tests::cluster::{Cluster, ask, command, new_id, request};
use maestro_wire::{MessageList, ProjectList, Query};
use serde_json::json;

const WITHIN: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_long_texts_end_where_the_broker_carries_them() {
    let cluster = Cluster::start(1);
    cluster.project().await;
    let (ann, bob) = (cluster.caller("ann").await, cluster.caller("bob").await);
    let long = "a \"line\" of text\n".repeat(900);
    for _ in 0..120 {
        let quotes = "\"".repeat(8_000);
        command(&bob, &request("message", "send", &json!({ "to": "ann", "body": quotes }))).await.unwrap();
    }
    for n in 0..40 {
        let create = request("project", "create", &json!({ "title": "Long", "overview": long, "goals": long }));
        let id = format!("long-{n:02}").parse().unwrap();
        ann.command(&id, &create, new_id(), &Seen::default(), WITHIN).await.unwrap();
    }
    let (mut messages, mut cursor) = (Vec::new(), None);
    loop {
        let list = Query::MessageList(MessageList { limit: Some(1000), cursor });
        let page = ask(&ann, &list, &Seen::default()).await;
        messages.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
        cursor = page["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(messages, (1..=120).map(|n| format!("m{n}")).collect::<Vec<_>>());
    let (mut projects, mut cursor) = (0, None);
    loop {
        let list = Query::ProjectList(ProjectList { limit: Some(1000), cursor, ..ProjectList::default() });
        let page = ask(&ann, &list, &Seen::default()).await;
        projects += page["items"].as_array().unwrap().len();
        cursor = page["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(projects, 41);
    let cli = cluster.cli("ann");
    let read = |id: &str| tokio::task::block_in_place(|| cli.run(&["--timeout", "20s", "message", "read", id]));
    let one = read("m119");
    assert_eq!((one.code, one.document()["data"]["items"].as_array().unwrap().len()), (0, 1), "{one:?}");
    assert_eq!(read("m119").code, 3, "it is read by now");
}
