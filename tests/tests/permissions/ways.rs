//! The ways that the product needs: across the accounts and back.

use std::time::Duration;

use async_nats::{Client, Message};
use futures::StreamExt as _;
use maestro_tests::nats::{Flavour, Layout, NatsServer, create_streams};

const SOON: Duration = Duration::from_secs(5);

/// Hears one message, waits, and answers with the reply subject that it saw.
async fn answer_one(responder: Client, subject: &'static str, after: Duration) -> tokio::task::JoinHandle<Message> {
    let mut requests = responder.queue_subscribe(subject, "maestro".into()).await.unwrap();
    // A round trip, so that the subscription is known before anyone asks.
    responder.request("$SRV.PING.nobody", "".into()).await.unwrap_err();
    tokio::spawn(async move {
        let request = requests.next().await.expect("a request arrives");
        tokio::time::sleep(after).await;
        let reply = request.reply.clone().expect("a request has a reply subject");
        responder.publish(reply.clone(), reply.to_string().into()).await.unwrap();
        responder.flush().await.unwrap();
        request
    })
}

/// A direct get with many answers, the last of them empty.
async fn read_batch(client: &Client, stream: &str, ask: &'static str) -> Vec<String> {
    let inbox = client.new_inbox();
    let mut answers = client.subscribe(inbox.clone()).await.unwrap();
    client.publish_with_reply(format!("$JS.API.DIRECT.GET.{stream}"), inbox, ask.into()).await.unwrap();
    let mut bodies = Vec::new();
    loop {
        let answer = tokio::time::timeout(SOON, answers.next()).await.unwrap().unwrap();
        if answer.payload.is_empty() {
            return bodies;
        }
        bodies.push(String::from_utf8(answer.payload.to_vec()).unwrap());
    }
}

#[tokio::test]
async fn commands_queries_and_waits_cross_into_core_and_the_replies_come_back() {
    let server = NatsServer::secured();
    let core = server.connect("core").await;
    for user in ["edge", "spawner"] {
        let client = server.connect(user).await;
        for (listen, ask) in [
            ("maestro.v1.cmd.>", "maestro.v1.cmd.web.s1.task.start"),
            ("maestro.v1.qry.>", "maestro.v1.qry.web.s1.task.list"),
            ("maestro.v1.wait.>", "maestro.v1.wait.web.s1.events"),
        ] {
            let heard = answer_one(core.clone(), listen, Duration::ZERO).await;
            let reply = client.request(ask, "body".into()).await.unwrap();
            let request = heard.await.unwrap();
            assert_eq!(request.subject.as_str(), ask);
            assert_eq!(request.payload, "body");
            assert!(reply.payload.starts_with(b"_R_."), "{user}: core saw the reply subject {:?}", reply.payload);
        }
    }
}

#[tokio::test]
async fn without_a_server_the_asker_learns_at_once() {
    let server = NatsServer::secured();
    for user in ["edge", "spawner"] {
        let client = server.connect(user).await;
        let error = client.request("maestro.v1.cmd.web.s1.task.start", "".into()).await.unwrap_err();
        assert_eq!(error.kind(), async_nats::RequestErrorKind::NoResponders, "{user}: {error}");
    }
}

#[tokio::test]
async fn a_replica_may_answer_what_another_replica_received() {
    let server = NatsServer::secured();
    let (first, home, edge) =
        (server.connect("core").await, server.connect("core").await, server.connect("edge").await);
    let mut requests = first.subscribe("maestro.v1.cmd.>").await.unwrap();
    let mut handed = home.subscribe("maestro.v1.peer.home").await.unwrap();
    for client in [&first, &home] {
        client.request("$SRV.PING.nobody", "".into()).await.unwrap_err();
    }
    let asked = tokio::spawn(async move { edge.request("maestro.v1.cmd.web.s1.task.start", "".into()).await });
    let reply = requests.next().await.unwrap().reply.unwrap();
    // The broker refuses `_R_` as a message's own reply subject, therefore it travels in the body.
    first.publish("maestro.v1.peer.home", reply.to_string().into()).await.unwrap();
    let reply = String::from_utf8(handed.next().await.unwrap().payload.to_vec()).unwrap();
    home.publish(reply, "from the home".into()).await.unwrap();
    assert_eq!(asked.await.unwrap().unwrap().payload, "from the home");
}

#[tokio::test]
async fn a_box_command_is_acknowledged_by_the_stream_in_core() {
    let server = NatsServer::secured();
    create_streams(&server, 1).await;
    for (seq, user) in [(1, "edge"), (2, "spawner")] {
        let client = server.connect(user).await;
        let ack = client.request("maestro.v1.box.web.s1.task.complete", "late".into()).await.unwrap();
        let ack: serde_json::Value = serde_json::from_slice(&ack.payload).unwrap();
        assert_eq!(ack, serde_json::json!({"stream": "INBOX", "seq": seq}), "{user}");
    }
}

#[tokio::test]
async fn a_reply_may_take_as_long_as_the_threshold_and_no_longer() {
    let late = Duration::from_millis(1500);
    let ask = async |layout: Layout| {
        let server = NatsServer::with(layout);
        let heard = answer_one(server.connect("core").await, "maestro.v1.wait.>", late).await;
        let edge = server.connect("edge").await;
        let reply = tokio::time::timeout(late * 2, edge.request("maestro.v1.wait.web.s1.events", "".into())).await;
        heard.await.unwrap();
        reply.is_ok_and(|reply| reply.is_ok())
    };
    assert!(ask(Layout::new(Flavour::Secured)).await, "a reply within the threshold was dropped");
    // The same with a threshold below the wait: the setting is what lets long polls through.
    let short = Layout::new(Flavour::Secured).edit("response_threshold: \"45s\"", "response_threshold: \"500ms\"");
    assert!(!ask(short).await, "the threshold has no effect");
}

#[tokio::test]
async fn edge_reaches_holders_and_spawners_and_reads_terminals() {
    let server = NatsServer::secured();
    create_streams(&server, 1).await;
    let (spawner, edge) = (server.connect("spawner").await, server.connect("edge").await);
    for subject in ["maestro.v1.term.web.s1.1.in", "maestro.v1.term.web.s1.1.screen", "maestro.v1.node.host.info"] {
        let heard = answer_one(spawner.clone(), subject, Duration::ZERO).await;
        let reply = edge.request(subject, "".into()).await.unwrap();
        heard.await.unwrap();
        assert!(reply.payload.starts_with(b"_R_."), "{subject}: {:?}", reply.payload);
    }

    let mut tail = edge.subscribe("maestro.v1.term.web.s1.1.out").await.unwrap();
    edge.request("maestro.v1.cmd.web.s1.task.list", "".into()).await.unwrap_err();
    let jetstream = async_nats::jetstream::new(spawner.clone());
    for chunk in ["one", "two", "three"] {
        jetstream.publish("maestro.v1.term.web.s1.1.out", chunk.into()).await.unwrap().await.unwrap();
    }
    let live = tokio::time::timeout(SOON, tail.next()).await.unwrap().unwrap();
    assert_eq!(live.payload, "one");

    let ask = r#"{"seq":1,"batch":512,"next_by_subj":"maestro.v1.term.web.s1.1.out"}"#;
    let chunks = read_batch(&edge, "TERM", ask).await;
    assert_eq!(chunks, ["one", "two", "three"]);
}

#[tokio::test]
async fn a_spawner_takes_work_holds_a_lease_and_stores_a_recording() {
    let server = NatsServer::secured();
    create_streams(&server, 1).await;
    let work = async_nats::jetstream::new(server.connect("core-work").await);
    let (client, denials) = server.connect_watched("spawner").await;
    let spawner = async_nats::jetstream::new(client.clone());

    work.publish("maestro.v1.spawn.gpu.shell", "start s1".into()).await.unwrap().await.unwrap();
    let config = async_nats::jetstream::consumer::pull::Config {
        durable_name: Some("gpu_shell".into()),
        filter_subject: "maestro.v1.spawn.gpu.shell".into(),
        max_deliver: 3,
        ..Default::default()
    };
    let stream = spawner.get_stream_no_info("SPAWN").await.unwrap();
    let consumer = stream.create_consumer(config).await.unwrap();
    let mut batch = consumer.fetch().max_messages(1).messages().await.unwrap();
    let message = tokio::time::timeout(SOON, batch.next()).await.unwrap().unwrap().unwrap();
    assert_eq!(message.payload, "start s1");
    message.double_ack().await.unwrap();

    let lease = spawner.get_key_value("LIVE").await.unwrap();
    let revision = lease.create("web.s1", "nonce".into()).await.unwrap();
    lease.update("web.s1", "nonce".into(), revision).await.unwrap();
    assert_eq!(lease.get("web.s1").await.unwrap().unwrap(), "nonce");

    let recordings = spawner.get_object_store("RECORDINGS").await.unwrap();
    for text in ["first try", "second try"] {
        recordings.put("web.s1.1", &mut text.as_bytes()).await.unwrap();
    }
    client.publish("marker", "".into()).await.unwrap();
    assert_eq!(denials.before("\"marker\"").await, Vec::<String>::new());

    let nodes = spawner.get_key_value("NODES").await.unwrap();
    for host in ["alpha", "beta"] {
        nodes.put(host, host.into()).await.unwrap();
    }

    let edge = server.connect("edge").await;
    let list = r#"{"multi_last":["$KV.NODES.>"],"batch":512}"#;
    assert_eq!(read_batch(&edge, "KV_NODES", list).await, ["alpha", "beta"]);
    let edge = async_nats::jetstream::new(edge);
    let leases = edge.get_stream_no_info("KV_LIVE").await.unwrap();
    assert_eq!(leases.direct_get_last_for_subject("$KV.LIVE.web.s1").await.unwrap().payload, "nonce");
    let pieces = edge.get_stream_no_info("OBJ_RECORDINGS").await.unwrap();
    let piece = pieces.direct_get_next_for_subject("$O.RECORDINGS.C.>", None).await.unwrap();
    assert_eq!(piece.payload, "second try");
}
