//! Figures, compressed files, and connections that ask for nothing.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::json;
use tokio::io::AsyncWriteExt as _;

use super::client::{Picture, next_of, open_with_token, read_until, say};
use super::stack::{Bob, Stack};

#[tokio::test(flavor = "multi_thread")]
async fn the_figures_tell_what_happened_to_whoever_may_ask() {
    let stack = Stack::start();
    Bob::of(&stack).await.project("web").await;
    let mut socket = open_with_token(&stack).await;
    say(&mut socket, Picture::default().hello("web")).await;
    next_of(&mut socket, "snapshot").await;
    say(&mut socket, json!({ "type": "nonsense" })).await;
    next_of(&mut socket, "error").await;
    assert_eq!(stack.get("/", &[("Host", "evil.example")]).status, 403);
    assert_eq!(stack.get("/metrics", &[]).status, 401);
    let answer = stack.get("/metrics", &[("Authorization", &format!("Bearer {}", stack.token()))]);
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
    for line in [
        "maestro_bridge_ready 1",
        "maestro_bridge_clients 1",
        "maestro_bridge_bad_frames_total 1",
        "maestro_bridge_snapshots_total 1",
        "maestro_bridge_refused_total{why=\"host\"} 1",
        "maestro_bridge_refused_total{why=\"unknown\"} 1",
        // Of the whole system, as the bridge hears it.
        concat!("maestro_server_up{replica=\"server-1\",version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        "maestro_server_serving{replica=\"server-1\"} 1",
        "maestro_server_lag{replica=\"server-1\"} 0",
        "maestro_stream_max_bytes{stream=\"EVENTS\"} 8589934592",
        "maestro_stream_max_bytes{stream=\"SPAWN\"} 268435456",
    ] {
        assert!(answer.body.contains(line), "{line} is not in\n{}", answer.body);
    }
}

#[test]
fn files_come_compressed_to_whoever_takes_it_and_are_kept() {
    let stack = Stack::start();
    let page = stack.get("/", &[]);
    let Some(script) = page.body.split('"').find(|part| part.starts_with("/assets/") && part.ends_with(".js")) else {
        // The page was not built: a placeholder is served.
        assert!(page.body.contains("not built"));
        return;
    };
    let plain = stack.get(script, &[]);
    assert_eq!((plain.status, plain.header("content-encoding")), (200, None));
    assert_eq!(plain.header("vary"), Some("Accept-Encoding"));
    assert!(plain.header("cache-control").unwrap().contains("immutable"));
    let length = |encoding: &str| {
        let answer = stack.get(script, &[("Accept-Encoding", encoding)]);
        let coding = answer.header("content-encoding").map(str::to_owned);
        (coding, answer.header("content-length").unwrap().parse::<usize>().unwrap())
    };
    let whole = plain.header("content-length").unwrap().parse::<usize>().unwrap();
    for (encoding, coding) in [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip")] {
        let (found, bytes) = length(encoding);
        assert_eq!(found.as_deref(), Some(coding), "{encoding}");
        assert!(bytes * 2 < whole, "{bytes} of {whole}");
    }
    assert_eq!(length("identity").0, None);
    assert_eq!(stack.get(&format!("{script}.br"), &[]).status, 404);
}

/// Slow-loris: a request that never ends is ended, and so is a connection without any.
#[test]
fn a_connection_that_asks_for_nothing_is_closed() {
    let stack = Stack::start();
    let mut connections: Vec<TcpStream> = (0..50).map(|_| TcpStream::connect(stack.host()).unwrap()).collect();
    for (n, stream) in connections.iter_mut().enumerate() {
        stream.set_read_timeout(Some(Duration::from_secs(40))).unwrap();
        if n % 2 == 0 {
            stream.write_all(b"GET / HTTP/1.1\r\nHost: ").unwrap();
        }
    }
    assert_eq!(stack.get("/healthz", &[]).status, 200, "others are served meanwhile");
    for stream in &mut connections {
        let mut answer = Vec::new();
        // Closed, or answered that it took too long: not waiting for ever.
        let ended = stream.read_to_end(&mut answer);
        assert!(ended.is_ok() || ended.is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset));
    }
}

/// Ten thousand that ask for nothing: their places go to whoever comes later, and nobody else notices.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_that_asks_for_nothing_keeps_nobody_out() {
    const SILENT: usize = 10_000;
    const PLACES: usize = 2048;
    let stack = Stack::start();
    let bob = Bob::of(&stack).await;
    bob.project("web").await;
    let mut picture = Picture::default();
    let mut bystander = open_with_token(&stack).await;
    say(&mut bystander, picture.hello("web")).await;
    read_until(&mut bystander, &mut picture, |picture| picture.snapshots == 1).await;

    let mut crowd = std::collections::VecDeque::new();
    for n in 0..SILENT {
        // As many as this process may have open; the bridge has dropped the older ones.
        if crowd.len() > PLACES + 500 {
            crowd.pop_front();
        }
        let mut stream = tokio::net::TcpStream::connect(stack.host()).await.unwrap();
        if n % 3 == 0 {
            // It may have made room already.
            let _ = stream.write_all(b"GET / HTTP/1.1\r\nHost: ").await;
        }
        crowd.push_back(stream);
        if n % 2_000 == 1_999 {
            let title = format!("while {n} wait");
            bob.task("web", &title).await;
            read_until(&mut bystander, &mut picture, |picture| picture.has_title(&title)).await;
            let mut late = open_with_token(&stack).await;
            say(&mut late, Picture::default().hello("web")).await;
            next_of(&mut late, "snapshot").await;
        }
    }
    let token = format!("Bearer {}", stack.token());
    let figures = tokio::task::spawn_blocking(move || stack.get("/metrics", &[("Authorization", &token)]).body);
    let figures = figures.await.unwrap();
    let count = |name: &str| {
        let line = figures.lines().find_map(|line| line.strip_prefix(name)?.trim().parse::<usize>().ok());
        line.unwrap_or_else(|| panic!("{name} is not in\n{figures}"))
    };
    assert!(count("maestro_bridge_refused_total{why=\"silent\"}") >= SILENT - PLACES - 10, "{figures}");
    assert_eq!((picture.resyncs, picture.snapshots), (0, 1), "the bystander was not disturbed");
}

/// So does a crowd that asks for what anybody may have: it gets its answers and no places.
#[test]
fn a_crowd_that_was_answered_keeps_nobody_out() {
    const PLACES: usize = 2048;
    let stack = Stack::start();
    let mut crowd = Vec::new();
    for _ in 0..PLACES {
        let mut stream = TcpStream::connect(stack.host()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", stack.host()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        crowd.push(stream);
    }
    assert_eq!(stack.get("/healthz", &[]).status, 200);
    let token = format!("Bearer {}", stack.token());
    assert_eq!(stack.get("/metrics", &[("Authorization", &token)]).status, 200);
    for stream in &mut crowd {
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert!(String::from_utf8_lossy(&rest).contains("connection: close"), "whoever is unknown keeps no place");
    }
}

/// Whoever may enter keeps its connection: a browser, a program, Prometheus.
#[test]
fn a_connection_of_somebody_known_stays() {
    let stack = Stack::start();
    let mut stream = TcpStream::connect(stack.host()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let request = format!(
        "GET /api/session HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\r\n",
        stack.host(),
        stack.token()
    );
    for _ in 0..3 {
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let mut chunk = [0; 1024];
        while !answer.contains("\"version\"") {
            let count = stream.read(&mut chunk).unwrap();
            assert_ne!(count, 0, "closed after {answer}");
            answer += &String::from_utf8_lossy(&chunk[..count]);
        }
        assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("connection: close"), "{answer}");
    }
}
