//! Spans of a real stack in a real collector: `make otel`, which builds the programs with the feature.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

#[path = "otel/collector.rs"]
mod collector;

use std::net::TcpListener;
use std::time::{Duration, Instant};

use collector::{Collector, Span};
use futures::SinkExt as _;
use maestro_tests::stack::{Answer, Place, Stack, answer};
use rustix::process::Signal;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
/// Much less than a batch may take, and much more than a command needs.
const AT_ONCE: Duration = Duration::from_secs(20);

/// Batches go out soon, and one to a collector that does not answer is not given up before the test is.
fn place(endpoint: &str) -> Place {
    Place::new()
        .with_variable("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
        .with_variable("OTEL_EXPORTER_OTLP_TIMEOUT", "120000")
        .with_variable("OTEL_BSP_SCHEDULE_DELAY", "50")
}

fn stack(endpoint: &str) -> Stack {
    let stack = Stack::start_in(place(endpoint), &[]);
    stack.maestro(&["project", "create", "web"]).data();
    stack
}

/// Runs a command as a part of `traceparent`.
fn within(stack: &Stack, traceparent: &str, arguments: &[&str]) -> Answer {
    let mut command = stack.place().command();
    answer(command.env("TRACEPARENT", traceparent).args(["--json", "--project", "web"]).args(arguments))
}

/// A span of the trace, below `parent`.
fn below(collector: &Collector, parent: &Span, service: &str, name: &str) -> Span {
    collector.wait_for(service, name, |span| span.trace == parent.trace && span.parent == parent.id)
}

#[test]
fn one_trace_leads_from_the_command_line_to_the_commands_of_the_agent() {
    let collector = Collector::start();
    let stack = stack(&collector.url());
    let context = format!("00-{TRACE}-{CALLER}-01");
    within(&stack, &context, &["task", "create", "look at it"]).data();
    let maestro = collector.wait_for("maestro", "maestro task create", |span| span.trace == TRACE);
    assert_eq!((maestro.parent.as_str(), maestro.version.as_str()), (CALLER, env!("CARGO_PKG_VERSION")));
    let command = below(&collector, &maestro, "maestro-server", "command task.create");
    below(&collector, &command, "maestro-server", "commit");

    let agent = ["--", "sh", "-c", "\"$MAESTRO_BIN\" task log t1 seen"];
    let spawn = [&["session", "spawn", "--agent", "shell", "--task", "t1"], &agent[..]].concat();
    within(&stack, &context, &spawn).data();
    let maestro = collector.wait_for("maestro", "maestro session spawn", |span| span.trace == TRACE);
    let command = below(&collector, &maestro, "maestro-server", "command session.spawn");
    let order = below(&collector, &command, "maestro-server", "order session");
    let start = below(&collector, &order, "maestro-spawner", "start session");
    below(&collector, &start, "maestro-server", "query session.manifest");
    below(&collector, &start, "maestro-server", "command session.starting");
    below(&collector, &start, "maestro-server", "command session.active");
    let report = below(&collector, &start, "maestro", "maestro task log");
    below(&collector, &report, "maestro-server", "command task.log");
}

#[test]
fn without_a_context_or_with_a_bad_one_a_trace_begins_and_a_refusal_is_seen() {
    let collector = Collector::start();
    let stack = stack(&collector.url());
    for (bad, title) in [("", "one"), ("nonsense", "two"), ("00-0-0-01", "three"), ("ü", "four")] {
        within(&stack, bad, &["task", "create", title]).data();
    }
    assert_eq!(within(&stack, "nonsense", &["task", "get", "t99"]).error(), "task_not_found");
    let refused = |span: &Span| span.error.as_deref() == Some("task_not_found");
    let maestro = collector.wait_for("maestro", "maestro task get", refused);
    assert!(refused(&below(&collector, &maestro, "maestro-server", "query task.get")));
    let spans = collector.spans();
    let created: Vec<&Span> = spans.iter().filter(|span| span.name == "maestro task create").collect();
    assert!(created.len() == 4 && created.iter().all(|span| span.parent.is_empty()), "{created:#?}");
}

#[test]
fn what_a_browser_commands_is_a_trace() {
    let collector = Collector::start();
    let stack = stack(&collector.url());
    let token = std::fs::read_to_string(stack.home().join("token")).unwrap();
    let url = stack.file().bridge_url.unwrap().replacen("http", "ws", 1);
    let mut request = format!("{url}/ws").into_client_request().unwrap();
    request.headers_mut().insert("Authorization", format!("Bearer {}", token.trim()).parse().unwrap());
    let cmd = json!({
        "type": "cmd", "id": ulid::Ulid::generate().to_string(), "entity": "task", "verb": "create",
        "project": "web", "data": { "title": "from the page" },
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let _socket = runtime.block_on(async {
        let (mut socket, _) = tokio_tungstenite::connect_async(request).await.unwrap();
        socket
            .send(Message::text(json!({ "type": "hello", "version": 1, "project": "web" }).to_string()))
            .await
            .unwrap();
        socket.send(Message::text(cmd.to_string())).await.unwrap();
        socket
    });
    let browser = collector.wait_for("maestro-bridge", "browser task.create", |span| span.parent.is_empty());
    below(&collector, &browser, "maestro-server", "command task.create");
}

/// What a stopped collector is to others: connections are taken, and nobody reads.
#[test]
fn a_collector_that_hangs_costs_its_spans_only() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    everything_works(&format!("http://{}", silent.local_addr().unwrap()));
}

#[test]
fn a_collector_that_is_absent_or_no_address_at_all_costs_its_spans_only() {
    let gone = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    everything_works(&format!("http://{gone}"));
    everything_works("https://127.0.0.1:1");
    everything_works("no address");
}

fn everything_works(endpoint: &str) {
    let mut stack = stack(endpoint);
    let begun = Instant::now();
    let answer = within(&stack, "", &["task", "create", "one"]);
    assert_eq!((answer.data()["id"].as_str(), answer.stderr.as_str()), (Some("t1"), ""));
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
    let spawned = within(&stack, "", &["session", "spawn", "--agent", "shell", "--task", "t1", "--", "true"]);
    let id = spawned.data()["id"].as_str().unwrap().to_owned();
    let deadline = Instant::now() + AT_ONCE;
    while within(&stack, "", &["session", "info", &id]).data()["status"] != "exited" {
        assert!(Instant::now() < deadline, "the session does not end");
    }
    let begun = Instant::now();
    assert!(stack.end_with(Signal::TERM).success());
    assert!(begun.elapsed() < AT_ONCE, "{:?}", begun.elapsed());
}
