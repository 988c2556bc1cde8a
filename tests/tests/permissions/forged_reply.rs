//! The broker does not check reply subjects. Whoever may ask could name a stream's subject, or a request to
//! JetStream, as the place for the answer, and let someone with more rights write there.

use std::collections::BTreeMap;

use async_nats::Client;
use futures::StreamExt as _;
use maestro_tests::nats::{NatsServer, USERS, create_streams, streams};
use serde_json::Value;

/// Requests that are answered, with a body or without one (a message that is not there: an empty 404).
const VEHICLES: &[(&str, &str)] = &[
    ("maestro.v1.cmd.web.s1.task.start", "x"),
    ("maestro.v1.qry.web.s1.task.list", "x"),
    ("maestro.v1.wait.web.s1.events", "x"),
    ("maestro.v1.box.web.s1.task.complete", "x"),
    ("maestro.v1.term.web.s1.1.screen", "x"),
    ("maestro.v1.node.host.info", "x"),
    ("$JS.API.DIRECT.GET.TERM", r#"{"seq":1}"#),
    ("$JS.API.DIRECT.GET.TERM", r#"{"seq":99}"#),
    ("$JS.API.DIRECT.GET.TERM.maestro.v1.term.web.s1.1.out", ""),
    ("$JS.API.CONSUMER.MSG.NEXT.SPAWN.gpu_shell", r#"{"batch":1,"no_wait":true}"#),
];

const LEDGER_TARGETS: &[&str] = &[
    "maestro.v1.evt.web",
    "$JS.API.STREAM.DELETE.EVENTS",
    "$JS.API.STREAM.PURGE.EVENTS",
    "$JS.API.STREAM.DELETE.INBOX",
];
const WORK_TARGETS: &[&str] = &[
    "maestro.v1.spawn.gpu.shell",
    "maestro.v1.term.web.s1.1.out",
    "$KV.LIVE.web.s1",
    "$KV.NODES.host",
    "$O.RECORDINGS.M.name",
    "$JS.API.STREAM.DELETE.SPAWN",
    "$JS.API.STREAM.PURGE.TERM",
];

/// Answers everything at once, on whatever reply subject it is given: the most gullible responder there is.
async fn gullible(client: Client, subjects: &[&'static str]) {
    for &subject in subjects {
        let mut requests = client.subscribe(subject).await.unwrap();
        let client = client.clone();
        tokio::spawn(async move {
            while let Some(request) = requests.next().await {
                if let Some(reply) = request.reply {
                    client.publish(reply, request.payload).await.unwrap();
                }
            }
        });
    }
    client.request("$SRV.PING.nobody", "".into()).await.unwrap_err();
}

/// Stream -> last sequence, first sequence and the moment of creation, as the owners of the streams see them.
async fn picture(server: &NatsServer) -> BTreeMap<String, [Value; 3]> {
    let (core, work) = (server.connect("core").await, server.connect("core-work").await);
    let mut picture = BTreeMap::new();
    for (account, config) in streams(1) {
        let name = config["name"].as_str().unwrap();
        let client = if account == "CORE" { &core } else { &work };
        let reply = client.request(format!("$JS.API.STREAM.INFO.{name}"), "".into()).await.unwrap();
        let mut info: Value = serde_json::from_slice(&reply.payload).unwrap();
        let parts = [info["state"]["last_seq"].take(), info["state"]["first_seq"].take(), info["created"].take()];
        picture.insert(name.to_owned(), parts);
    }
    picture
}

/// A stack with one message in EVENTS, TERM and SPAWN, and responders for every service.
async fn stack(server: &NatsServer) {
    create_streams(server, 1).await;
    let (core, work, spawner) =
        (server.connect("core").await, server.connect("core-work").await, server.connect("spawner").await);
    core.request("maestro.v1.evt.web", "commit".into()).await.unwrap();
    spawner.request("maestro.v1.term.web.s1.1.out", "output".into()).await.unwrap();
    work.request("maestro.v1.spawn.gpu.shell", "start".into()).await.unwrap();
    let consumer = r#"{"stream_name":"SPAWN","config":{"durable_name":"gpu_shell","ack_policy":"explicit"}}"#;
    spawner.request("$JS.API.CONSUMER.CREATE.SPAWN.gpu_shell", consumer.into()).await.unwrap();
    gullible(core, &["maestro.v1.cmd.>", "maestro.v1.qry.>", "maestro.v1.wait.>"]).await;
    gullible(spawner, &["maestro.v1.node.host.>", "maestro.v1.term.web.s1.1.screen"]).await;
}

/// Every vehicle with every forged reply subject, then every vehicle honestly, twice, so that answers had their time.
async fn attack(attacker: &Client, targets: &[&'static str]) {
    for &(subject, body) in VEHICLES {
        for &target in targets {
            attacker.publish_with_reply(subject, target, body.into()).await.unwrap();
        }
    }
    for _ in 0..2 {
        for &(subject, body) in VEHICLES.iter().filter(|(subject, _)| !subject.contains("MSG.NEXT")) {
            attacker.request(subject, body.into()).await.unwrap_or_else(|error| panic!("{subject}: {error}"));
        }
    }
}

#[tokio::test]
async fn edge_can_write_nowhere_by_a_forged_reply() {
    let server = NatsServer::secured();
    stack(&server).await;
    let before = picture(&server).await;
    let edge = server.connect("edge").await;
    attack(&edge, &[LEDGER_TARGETS, WORK_TARGETS].concat()).await;
    let mut after = picture(&server).await;
    // What it may do openly: leave commands in the inbox.
    after.insert("INBOX".into(), before["INBOX"].clone());
    assert_eq!(after, before);
}

#[tokio::test]
async fn a_reply_does_not_become_somebody_elses_command() {
    let server = NatsServer::secured();
    stack(&server).await;
    let edge = server.connect("edge").await;
    let core = server.connect("core").await;
    let mut commands = core.subscribe("maestro.v1.cmd.web.s9.>").await.unwrap();
    core.request("$SRV.PING.nobody", "".into()).await.unwrap_err();
    attack(&edge, &["maestro.v1.cmd.web.s9.task.delete"]).await;
    edge.publish("maestro.v1.cmd.web.s9.last", "".into()).await.unwrap();
    let first = commands.next().await.unwrap();
    assert_eq!(first.subject.as_str(), "maestro.v1.cmd.web.s9.last", "{:?}", first.payload);
}

#[tokio::test]
async fn a_spawner_cannot_reach_the_ledger_by_a_forged_reply() {
    let server = NatsServer::secured();
    stack(&server).await;
    let before = picture(&server).await;
    let spawner = server.connect("spawner").await;
    for &(subject, body) in VEHICLES {
        for &target in LEDGER_TARGETS {
            spawner.publish_with_reply(subject, target, body.into()).await.unwrap();
        }
    }
    for subject in [
        "maestro.v1.cmd.web.s1.task.start",
        "maestro.v1.box.web.s1.task.complete",
        "$JS.API.DIRECT.GET.TERM.maestro.v1.term.web.s1.1.out",
    ] {
        spawner.request(subject, "".into()).await.unwrap();
    }
    let after = picture(&server).await;
    assert_eq!(after["EVENTS"], before["EVENTS"]);
    assert_eq!(after["INBOX"][2], before["INBOX"][2]);
}

/// The control: where everybody shares one account, the same attack succeeds. Without this the tests above could
/// be passing because the attack is not one.
#[tokio::test]
async fn in_a_single_account_the_attack_works() {
    let server = NatsServer::start();
    stack(&server).await;
    let before = picture(&server).await;
    let attacker = server.connect(USERS[3].0).await;
    attack(&attacker, &["maestro.v1.evt.web", "maestro.v1.spawn.gpu.shell"]).await;
    let after = picture(&server).await;
    assert_ne!(after["EVENTS"], before["EVENTS"]);
    assert_ne!(after["SPAWN"], before["SPAWN"]);
    attacker.publish_with_reply(VEHICLES[7].0, "$JS.API.STREAM.DELETE.KV_NODES", VEHICLES[7].1.into()).await.unwrap();
    attack(&attacker, &[]).await;
    assert_eq!(picture(&server).await["KV_NODES"], [Value::Null, Value::Null, Value::Null]);
}
