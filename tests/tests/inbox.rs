//! Commands that wait in the broker for a server: whoever drains them may end, and one project holds up no other.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::time::Duration;

use maestro_client::{Bytes, Caller, Client, Headers, Order, QueueConfig, Seen};
use maestro_domain::{ProjectId, Timestamp};
use maestro_tests::cluster::{Cluster, ask, command, eventually, new_id, request, web};
use maestro_wire::{CommandId, EventList, MessageList, Place, Query, TaskList};
use serde_json::{Value, json};

const WITHIN: Duration = Duration::from_secs(20);

async fn titles(caller: &Caller, project: &ProjectId) -> Vec<String> {
    let list = Query::TaskList(TaskList { sort: maestro_wire::TaskSort::Created, ..TaskList::default() });
    let reply = caller.query(&Place::Project(project.clone()), &list, &Seen::default(), WITHIN).await.unwrap();
    let page: Value = serde_json::from_str(reply.data.unwrap().get()).unwrap();
    page["items"].as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

async fn api(client: &Client, path: &str, body: &Value) -> Value {
    let subject = format!("$JS.API.{path}");
    let answer = client.request(&subject, &Headers::new(), body.to_string().into(), WITHIN).await.unwrap();
    let answer: Value = serde_json::from_slice(answer.payload()).unwrap();
    assert!(answer.get("error").is_none(), "{path} {body}: {answer}");
    answer
}

/// The ledger takes no more than this many commits of one project; -1: as many as come.
async fn limit(core: &Client, commits: i64) {
    let mut config = core.stream_info("EVENTS").await.unwrap().config;
    config["max_msgs_per_subject"] = json!(commits);
    config["discard_new_per_subject"] = json!(commits > 0);
    api(core, "STREAM.UPDATE.EVENTS", &config).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_project_that_cannot_be_decided_now_holds_up_its_own_commands_alone() {
    let cluster = Cluster::start(2);
    cluster.project().await;
    let (ann, core) = (cluster.caller("ann").await, cluster.client("core").await);
    let stuck: ProjectId = "stuck".parse().unwrap();
    let create = |title: &str| request("task", "create", &json!({ "title": title }));
    ann.command(
        &stuck,
        &request("project", "create", &json!({ "title": "Stuck" })),
        new_id(),
        &Seen::default(),
        WITHIN,
    )
    .await
    .unwrap();
    for n in 0..10 {
        ann.command(&stuck, &create(&format!("before {n}")), new_id(), &Seen::default(), WITHIN).await.unwrap();
    }
    let commits = core.subjects("EVENTS", "maestro.v1.evt.stuck").await.unwrap()["maestro.v1.evt.stuck"];
    limit(&core, i64::try_from(commits).unwrap()).await;
    for (project, title) in [(&stuck, "one"), (&web(), "first"), (&stuck, "two"), (&web(), "second")] {
        ann.queue(project, &create(title), new_id(), WITHIN).await.unwrap();
    }
    eventually("the commands of the other project", || async {
        (titles(&ann, &web()).await == ["first", "second"]).then_some(())
    })
    .await;
    eventually("an inbox without them", || async {
        (core.stream_info("INBOX").await.unwrap().messages == 2).then_some(())
    })
    .await;
    assert_eq!(titles(&ann, &stuck).await.len(), 10);
    limit(&core, -1).await;
    eventually("an empty inbox", || async { (core.stream_info("INBOX").await.unwrap().messages == 0).then_some(()) })
        .await;
    assert_eq!(titles(&ann, &stuck).await[10..], ["one", "two"]);
}

/// The consumers that an earlier version made are changed when this one starts: what a killed replica had in hand is
/// another one's after seconds.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_replica_had_in_hand_is_soon_another_ones() {
    let mut cluster = Cluster::start(1);
    let core = cluster.client("core").await;
    let wait = async |of: &str| {
        let info = api(&core, &format!("CONSUMER.INFO.{of}"), &json!({})).await;
        Duration::from_nanos(info["config"]["ack_wait"].as_u64().unwrap())
    };
    tokio::task::block_in_place(|| cluster.replicas[0].stop());
    for (stream, name, subject, at_once, seconds) in
        [("INBOX", "drain", "maestro.v1.box.>", 1, 30), ("EVENTS", "performer", "maestro.v1.evt.*", 256, 10)]
    {
        let mut config = QueueConfig::new(stream, name, Some(subject));
        config.ack_wait = Duration::from_secs(seconds);
        config.from_start = stream == "INBOX";
        config.order = Order::Single { pin_ttl: Duration::from_secs(5), at_once };
        drop(core.work_queue(config).await.unwrap());
        assert_eq!(wait(&format!("{stream}.{name}")).await, Duration::from_secs(seconds));
    }
    tokio::task::block_in_place(|| {
        cluster.replicas[0].launch();
        cluster.replicas[0].await_ready();
    });
    for consumer in ["INBOX.drain", "EVENTS.performer"] {
        eventually("a short wait", || async { (wait(consumer).await <= Duration::from_secs(3)).then_some(()) }).await;
    }
}

/// However wrong the time of its id is, and whatever is in it: who heard that it waits hears that it was refused, once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_recorded_whatever_the_time_of_the_command_is() {
    let cluster = Cluster::start(1);
    cluster.project().await;
    let (ann, core) = (cluster.caller("ann").await, cluster.client("core").await);
    command(&ann, &request("task", "create", &json!({ "title": "one" }))).await.unwrap();
    let now = i64::try_from(ulid::Ulid::generate().timestamp_ms()).unwrap();
    for hours in [-8 * 24, 48] {
        let id = CommandId::derived(Timestamp::from_millis(now + hours * 3_600_000), "of another time");
        let log = request("task", "log", &json!({ "task": "t1", "message": format!("{hours} hours") }));
        ann.queue(&web(), &log, id, WITHIN).await.unwrap();
    }
    let edge = cluster.client("edge").await;
    let body = Bytes::from_static(b"{}");
    edge.append("maestro.v1.box.web.ann.task.log", body, &Headers::new(), None, WITHIN).await.unwrap();
    eventually("an empty inbox", || async { (core.stream_info("INBOX").await.unwrap().messages == 0).then_some(()) })
        .await;
    let mail = ask(&ann, &Query::MessageList(MessageList::default()), &Seen::default()).await;
    assert_eq!(mail["items"].as_array().unwrap().len(), 3, "{mail}");
    let events = ask(&ann, &Query::EventList(EventList::default()), &Seen::default()).await.to_string();
    for words in ["-192 hours", "48 hours"] {
        assert!(events.contains(words), "the words of the report are kept: {events}");
    }
}
