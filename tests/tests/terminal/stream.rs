//! Output through everything that happens to the broker, and hostile requests to a holder.

use std::time::Duration;

use base64::Engine;
use maestro_client::{Client, Headers, Mode, Options, connect};
use maestro_wire::Reply;
use serde_json::{Value, json};

use crate::kit::{Scene, await_that};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn client(scene: &Scene) -> Client {
    connect(Options::new(&scene.stack.nats_url("edge"), Mode::OneShot).unwrap()).await.unwrap()
}

/// A command in the name of a session, in its first epoch.
pub fn report(scene: &Scene, id: &str, what: &str, data: &Value) {
    block_on(async {
        let body =
            json!({ "type": "maestro.v1.command", "id": ulid::Ulid::generate().to_string(), "epoch": 1, "data": data });
        let subject = format!("maestro.v1.cmd.web.{id}.{what}");
        let client = client(scene).await;
        let answer =
            client.request(&subject, &Headers::new(), body.to_string().into(), Duration::from_secs(5)).await.unwrap();
        let reply = Reply::decode(answer.payload()).unwrap();
        assert!(reply.success, "{:?}", reply.error);
    });
}

#[test]
fn a_broker_that_is_killed_leaves_no_hole_in_the_output() {
    let scene = Scene::new();
    let script = "i=1; while test $i -le 1500; do echo number $i; i=$((i+1)); sleep 0.004; done";
    let id = scene.session(script);
    for _ in 0..2 {
        std::thread::sleep(Duration::from_millis(1500));
        let before = scene.stack.kill("nats-server");
        scene.stack.await_restart("nats-server", before);
    }
    scene.until(&id, &["exited"]);
    let all = || scene.maestro(&["session", "logs", &id, "--all"]);
    await_that(|| all().stdout.contains("\"code\":0"), || "the end is not told".to_owned());
    let lines: Vec<Value> = all().stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["missing"].is_null()), "a gap");
    let text: String = lines.iter().filter_map(|line| line["text"].as_str()).collect();
    let expected: String = (1..=1500).map(|i| format!("number {i}\r\n")).collect();
    assert!(text == expected, "{} bytes of {}", text.len(), expected.len());
}

#[test]
fn hostile_requests_are_refused_and_the_terminal_goes_on() {
    let scene = Scene::new();
    let id = scene.session("PS1='ready> ' exec sh -i");
    block_on(async {
        let client = client(&scene).await;
        let ask = async |verb: &str, headers: Headers, body: Vec<u8>| {
            let subject = format!("maestro.v1.term.web.{id}.1.{verb}");
            let answer = client.request(&subject, &headers, body.into(), Duration::from_secs(5)).await.unwrap();
            Reply::decode(answer.payload()).unwrap()
        };
        let plain = Headers::new;
        for (verb, headers, body, code) in [
            ("resize", plain(), b"".to_vec(), "malformed_json"),
            ("resize", plain(), b"{\"cols\":-1,\"rows\":70000}".to_vec(), "malformed_json"),
            ("in", plain(), vec![b'x'; 100_000], "too_large"),
            ("in", plain().with("Maestro-Size", "huge"), b"x".to_vec(), "invalid_value"),
            ("in", plain().with("Maestro-Input", "shout"), b"x".to_vec(), "invalid_value"),
        ] {
            let reply = ask(verb, headers, body).await;
            assert_eq!(reply.error.unwrap().code.to_string(), code, "{verb}");
        }
        for size in ["{\"cols\":1,\"rows\":1}", "{\"cols\":65535,\"rows\":65535}"] {
            assert!(ask("resize", plain(), size.as_bytes().to_vec()).await.success);
        }
        let typed =
            ask("in", plain().with("Maestro-Size", "100x30"), b"\x03printf 'a\\377\\033[999;999Hb\\033[9'\r".to_vec());
        assert!(typed.await.success);
        let typed = ask("in", plain(), b"\recho still there\r".to_vec()).await;
        assert!(typed.success);
        let begun = std::time::Instant::now();
        loop {
            let screen: maestro_wire::ScreenView = ask("screen", plain(), Vec::new()).await.parse().unwrap();
            assert!(base64::engine::general_purpose::STANDARD.decode(&screen.state).is_ok());
            if screen.text.lines().any(|line| line.ends_with("still there") && !line.contains("echo")) {
                assert_eq!((screen.cols, screen.rows), (100, 30));
                break;
            }
            assert!(begun.elapsed() < crate::kit::SOON, "{}", screen.text);
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    assert_eq!(scene.maestro(&["session", "info", &id]).data()["status"], "active");
}
