//! Connecting says what is wrong, at once, and comes back after an outage.
#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod kit;

use std::time::{Duration, Instant};

use kit::{OPEN, SOON, Server, eventually};
use maestro_client::{ConnectError, Mode, Options, connect};

const USERS: &str = "authorization { users: [ { user: edge, password: right } ] }";

fn options(url: &str, mode: Mode) -> Options {
    Options::new(url, mode).unwrap()
}

#[tokio::test]
async fn a_refused_connection_fails_at_once() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let started = Instant::now();
    let error = connect(options(&format!("nats://127.0.0.1:{port}"), Mode::OneShot)).await.unwrap_err();
    assert!(matches!(error, ConnectError::Refused { .. }), "{error:?}");
    assert!(error.to_string().contains(&port.to_string()));
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn wrong_credentials_are_told_apart_and_end_a_daemons_patience() {
    let server = Server::start(USERS);
    for mode in [Mode::OneShot, Mode::Daemon] {
        let error = connect(options(&server.url_as("edge", "wrong"), mode)).await.unwrap_err();
        assert!(matches!(error, ConnectError::Credentials { .. }), "{error:?}");
        assert!(!format!("{error:?} {error}").contains("wrong"));
    }
    assert!(connect(options(&server.url_as("edge", "right"), Mode::OneShot)).await.unwrap().is_connected());
}

#[tokio::test]
async fn a_listener_that_says_nothing_times_out() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let options = Options { timeout: Duration::from_millis(200), ..options(&url, Mode::OneShot) };
    assert!(matches!(connect(options).await.unwrap_err(), ConnectError::TimedOut { .. }));
}

#[tokio::test]
async fn an_old_server_is_named_with_the_version_needed() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    let fake = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(b"INFO {\"version\":\"2.9.10\",\"max_payload\":1048576,\"proto\":1}\r\n").await.unwrap();
        let mut buffer = [0; 1024];
        while socket.read(&mut buffer).await.unwrap() > 0 {
            socket.write_all(b"PONG\r\n").await.unwrap();
        }
    };
    let error = tokio::select! {
        connected = connect(options(&url, Mode::OneShot)) => connected.unwrap_err(),
        () = fake => panic!("the fake server ended"),
    };
    let ConnectError::ServerTooOld { found, needed } = error else { panic!("{error:?}") };
    assert_eq!((found.as_str(), needed), ("2.9.10", "2.14"));
}

#[tokio::test]
async fn the_second_address_serves_when_the_first_is_down() {
    let server = Server::start(OPEN);
    let mut options = options("nats://127.0.0.1:1", Mode::OneShot);
    options.addresses.push(server.url().parse().unwrap());
    assert!(connect(options).await.unwrap().is_connected());
}

#[tokio::test]
async fn a_daemon_comes_back_and_its_count_starts_again() {
    let mut server = Server::start(OPEN);
    let client = server.client().await;
    assert!(client.connected_unbroken_for().is_some());
    server.kill();
    eventually("the loss is noticed", || !client.is_connected()).await;
    assert_eq!(client.connected_unbroken_for(), None);
    let back = Instant::now();
    server.restart();
    eventually("the connection is back", || client.is_connected()).await;
    assert!(client.connected_unbroken_for().unwrap() <= back.elapsed());
    assert_eq!(client.link().borrow().losses, 1);
}

/// The name of a container that is gone leads nowhere.
#[tokio::test]
async fn a_name_that_leads_nowhere_keeps_nobody_from_the_next_broker() {
    let mut first = Server::start(OPEN);
    let other = Server::start(OPEN);
    let addresses = format!("{},nats://gone.invalid:4222,{}", first.url(), other.url());
    let client = connect(options(&addresses, Mode::Daemon)).await.unwrap();
    first.kill();
    // The other one may be found before anybody looks.
    eventually("the other broker is found", || client.link().borrow().losses == 1 && client.is_connected()).await;
}

#[tokio::test]
async fn a_daemon_waits_for_a_broker_that_is_not_there_yet() {
    let mut server = Server::start(OPEN);
    server.kill();
    let url = server.url();
    let connecting = tokio::spawn(connect(options(&url, Mode::Daemon)));
    tokio::task::yield_now().await;
    server.restart();
    assert!(tokio::time::timeout(SOON, connecting).await.unwrap().unwrap().unwrap().is_connected());
}

#[tokio::test]
async fn refused_credentials_after_a_reconnect_surface() {
    let mut server = Server::start(USERS);
    let client = server.connect(&server.url_as("edge", "right"), Mode::Daemon).await;
    server.kill();
    server.reconfigure("authorization { users: [ { user: edge, password: other } ] }");
    server.restart();
    let mut link = client.link();
    tokio::time::timeout(SOON, link.wait_for(|link| link.credentials_refused)).await.unwrap().unwrap();
}

/// A command line that waits for something (`maestro wait`, `maestro events --follow`) says itself how long.
#[tokio::test]
async fn a_command_line_comes_back_after_an_outage_longer_than_fifty_tries() {
    let mut server = Server::start(OPEN);
    let client = server.connect(&server.url(), Mode::OneShot).await;
    server.kill();
    eventually("the loss is noticed", || !client.is_connected()).await;
    tokio::time::sleep(Duration::from_secs(17)).await;
    server.restart();
    eventually("it is back", || client.is_connected()).await;
    client.confirm(SOON).await.unwrap();
}
