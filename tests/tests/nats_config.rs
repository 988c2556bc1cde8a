//! The configurations and stream definitions in `nats/`, given to a real nats-server.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use maestro_tests::nats::{Cluster, Flavour, Layout, NatsServer, create_streams, nats_server_binary, streams};
use serde_json::Value;

fn assert_as_defined(replicas: usize, created: &[Value]) {
    let defined = streams(replicas);
    assert_eq!(created.len(), defined.len());
    for ((_, defined), created) in defined.iter().zip(created) {
        for (field, value) in defined.as_object().unwrap() {
            assert_eq!(&created[field], value, "{}: {field}", defined["name"]);
        }
    }
}

#[tokio::test]
async fn one_server_takes_every_stream_as_it_is_defined() {
    let server = NatsServer::secured();
    let created = create_streams(&server, 1).await;
    assert_as_defined(1, &created);
    let term = created.iter().find(|config| config["name"] == "TERM").unwrap();
    assert_eq!(term["persist_mode"], "async");
}

/// What a start does with streams that are there: ask, compare, update. Not create: the broker counts the bytes of a
/// stream a second time before it notices that the stream exists.
#[tokio::test]
async fn a_second_start_finds_the_streams_and_may_update_them() {
    let mut server = NatsServer::secured();
    create_streams(&server, 1).await;
    server.restart();
    let (core, work) = (server.connect("core").await, server.connect("core-work").await);
    for (account, mut config) in streams(1) {
        let client = if account == "CORE" { &core } else { &work };
        let name = config["name"].as_str().unwrap().to_owned();
        let ask = async |subject: String, body: Vec<u8>| -> Value {
            serde_json::from_slice(&client.request(subject, body.into()).await.unwrap().payload).unwrap()
        };
        let found = ask(format!("$JS.API.STREAM.INFO.{name}"), Vec::new()).await;
        for (field, value) in config.as_object().unwrap() {
            assert_eq!(&found["config"][field], value, "{name}: {field}");
        }
        config["max_bytes"] = (config["max_bytes"].as_i64().unwrap() / 2).into();
        let updated = ask(format!("$JS.API.STREAM.UPDATE.{name}"), serde_json::to_vec(&config).unwrap()).await;
        assert_eq!(updated["config"]["max_bytes"], config["max_bytes"], "{name}: {}", updated["error"]);
    }
}

#[tokio::test]
async fn a_cluster_of_three_takes_every_stream_with_three_replicas() {
    let servers = NatsServer::cluster(Flavour::Secured);
    let created = create_streams(&servers[0], 3).await;
    assert_as_defined(3, &created);
    let term = created.iter().find(|config| config["name"] == "TERM").unwrap();
    assert!(term["persist_mode"].is_null(), "{}", term["persist_mode"]);
}

#[test]
fn nats_server_accepts_both_configurations() {
    let routes = ["127.0.0.1:6001", "127.0.0.1:6002", "127.0.0.1:6003"].map(str::to_owned);
    let cluster = Some(Cluster { routes, password: "s".into(), member: 0 });
    for cluster in [None, cluster] {
        let dir = tempfile::tempdir().unwrap();
        let mut layout = Layout::new(Flavour::Secured);
        layout.cluster = cluster;
        layout.write(dir.path(), 4222);
        let output =
            Command::new(nats_server_binary()).arg("-t").arg("-c").arg(dir.path().join("nats.conf")).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

/// One request to the monitoring port, which is on for this test only.
fn monitoring(server: &NatsServer, path: &str) -> Value {
    let ports = server.dir().read_dir().unwrap().map(|entry| entry.unwrap().path());
    let ports = ports.into_iter().find(|path| path.extension().is_some_and(|ext| ext == "ports")).unwrap();
    let ports: Value = serde_json::from_slice(&std::fs::read(ports).unwrap()).unwrap();
    let address = ports["monitoring"][0].as_str().unwrap().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    serde_json::from_str(answer.split_once("\r\n\r\n").unwrap().1).unwrap()
}

#[test]
fn the_laptop_listens_on_loopback_syncs_always_and_pings_often() {
    // `-1` takes a free port only where no host is named.
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let edited = format!("{free}\" # {{{{monitor_port}}}}");
    let server = NatsServer::with(Layout::new(Flavour::Secured).edit("{{monitor_port}}\"", &edited));
    let vars = monitoring(&server, "/varz");
    assert_eq!(vars["host"], "127.0.0.1");
    assert_eq!(vars["http_host"], "127.0.0.1");
    assert_eq!(vars["jetstream"]["config"]["sync_always"], true);
    assert_eq!(vars["ping_interval"], 5_000_000_000_i64);
    assert_eq!(vars["ping_max"], 1);
    assert_eq!(vars["max_payload"], 1 << 20);
    assert_eq!(vars["write_deadline"], 10_000_000_000_i64);
}

#[test]
fn there_is_no_monitoring_port_unless_asked() {
    let server = NatsServer::secured();
    assert!(!server.log().contains("http monitor"), "{}", server.log());
}

#[test]
fn replies_may_take_longer_than_a_long_poll() {
    let accounts = include_str!("../../nats/accounts.conf");
    for kind in ["cmd", "qry", "wait", "box"] {
        let export = format!("{{ service: \"maestro.v1.{kind}.>\", response_threshold: \"");
        let (_, rest) = accounts.split_once(&export).unwrap_or_else(|| panic!("{kind} is exported with a threshold"));
        let seconds: u64 = rest.split_once("s\"").unwrap().0.parse().unwrap();
        assert!(seconds > 30, "{kind}: a reply after 30 s would be dropped at {seconds} s");
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_there_after_sigkill() {
    let mut server = NatsServer::secured();
    create_streams(&server, 1).await;
    let port = server.port();
    let core = async_nats::jetstream::new(server.connect("core").await);
    for seq in 1..=20 {
        let ack = core.publish("maestro.v1.evt.web", "commit".into()).await.unwrap().await.unwrap();
        assert_eq!(ack.sequence, seq);
    }
    server.kill();
    server.restart();
    assert_eq!(server.port(), port);
    let core = async_nats::jetstream::new(server.connect("core").await);
    let events = core.get_stream("EVENTS").await.unwrap();
    assert_eq!(events.cached_info().state.last_sequence, 20);
}

#[tokio::test]
async fn a_frozen_server_answers_after_it_thawed() {
    let server = NatsServer::start();
    let client = server.connect("anyone").await;
    let jetstream = async_nats::jetstream::new(client);
    server.freeze();
    let frozen = tokio::time::timeout(Duration::from_millis(300), jetstream.query_account()).await;
    assert!(frozen.is_err(), "a stopped process answered");
    server.thaw();
    jetstream.query_account().await.unwrap();
}
