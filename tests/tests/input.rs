//! Whatever comes in: an error code, a server that goes on, and nothing stored.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use maestro_client::{Caller, Headers};
use maestro_domain::Timestamp;
use maestro_tests::cluster::{Cluster, DEADLINE, command, data, new_id, request};
use maestro_wire::{CommandId, ErrorBody, ErrorCode, Reply};
use serde_json::{Value, json};

/// Sends bytes as they are.
async fn raw(caller: &Caller, subject: &str, payload: Vec<u8>) -> Reply {
    let answer = caller.client().request(subject, &Headers::new(), payload.into(), DEADLINE).await;
    let answer = answer.unwrap_or_else(|error| panic!("{subject}: {error}"));
    Reply::decode(answer.payload()).unwrap_or_else(|error| panic!("{subject}: {error}"))
}

fn envelope(id: &str, data: &Value) -> Vec<u8> {
    json!({ "type": "maestro.v1.command", "id": id, "data": data }).to_string().into_bytes()
}

fn error(reply: Reply, what: &str) -> ErrorBody {
    let error = reply.error.unwrap_or_else(|| panic!("{what} was accepted"));
    assert!(!reply.success && !error.message.is_empty(), "{what}: {error:?}");
    error
}

/// A server with a project, three tasks in a row, one cancelled, and a session of epoch 1.
async fn prepared() -> (Cluster, Caller) {
    let cluster = Cluster::start(1);
    cluster.project().await;
    let caller = cluster.caller("ann").await;
    for (verb, payload) in [
        ("create", json!({ "title": "one" })),
        ("create", json!({ "title": "two", "dependsOn": ["t1"] })),
        ("create", json!({ "title": "three", "dependsOn": ["t2"] })),
        ("create", json!({ "title": "four" })),
        ("cancel", json!({ "task": "t4" })),
    ] {
        command(&caller, &request("task", verb, &payload)).await.unwrap();
    }
    let spawn = json!({ "role": "worker", "name": "w", "pool": "nobody", "tasks": ["t1"] });
    let session = command(&caller, &request("session", "spawn", &spawn)).await.unwrap();
    assert_eq!(data(&session)["id"], "s1");
    (cluster, caller)
}

/// The server serves, and the ledger is where it was.
async fn unharmed(cluster: &Cluster, caller: &Caller, last: u64, what: &str) {
    assert_eq!(cluster.last_seq().await, last, "{what} was stored");
    let list = json!({ "type": "maestro.v1.query", "data": {} }).to_string();
    let reply = raw(caller, "maestro.v1.qry.web.ann.task.list", list.into_bytes()).await;
    assert!(reply.success, "after {what}: {:?}", reply.error);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn payloads_that_are_none() {
    let (cluster, caller) = prepared().await;
    let last = cluster.last_seq().await;
    let subject = "maestro.v1.cmd.web.ann.task.create";
    let id = || new_id().to_string();
    let title = |title: Value| envelope(&id(), &json!({ "title": title }));
    let text = |text: &str| text.as_bytes().to_vec();
    let with = |field: &str, value: Value| envelope(&id(), &json!({ "title": "x", field: value }));
    let whole = |field: &str, value: Value| {
        let mut whole = json!({ "type": "maestro.v1.command", "id": id(), "data": { "title": "x" } });
        whole[field] = value;
        whole.to_string().into_bytes()
    };
    use ErrorCode as E;
    let cases: Vec<(&str, Vec<u8>, E)> = vec![
        ("nothing", vec![], E::MalformedJson),
        ("half of it", text("{\"type\":\"maestro.v1.command\""), E::MalformedJson),
        ("bytes", vec![0xff, 0x00, 0xfe], E::MalformedJson),
        ("bytes in a string", [text("{\"type\":\""), vec![0xff], text("\"}")].concat(), E::MalformedJson),
        ("a list", text("[]"), E::InvalidValue),
        ("a list of its fields", list_of_fields(), E::InvalidValue),
        ("data that is a list of its fields", envelope(&id(), &json!(["x"])), E::InvalidValue),
        ("null", text("null"), E::InvalidValue),
        ("a number", text("7"), E::InvalidValue),
        ("two documents", [title(json!("x")), title(json!("x"))].concat(), E::MalformedJson),
        ("a deep nest", text(&"[".repeat(200_000)), E::MalformedJson),
        ("no type", text("{}"), E::MissingRequiredField),
        ("no id", json!({ "type": "maestro.v1.command", "data": {} }).to_string().into(), E::MissingRequiredField),
        ("no data", json!({ "type": "maestro.v1.command", "id": id() }).to_string().into(), E::MissingRequiredField),
        ("another version", whole("type", json!("maestro.v2.command")), E::UnsupportedVersion),
        ("a query", whole("type", json!("maestro.v1.query")), E::UnsupportedVersion),
        ("a type that is a number", whole("type", json!(1)), E::InvalidValue),
        ("an unknown field outside", whole("what", json!(1)), E::UnknownField),
        ("an epoch that is a word", whole("epoch", json!("one")), E::InvalidValue),
        ("a negative epoch", whole("epoch", json!(-1)), E::InvalidValue),
        ("data that is a word", whole("data", json!("x")), E::InvalidValue),
        ("data that is null", whole("data", Value::Null), E::InvalidValue),
        ("a time that is none", whole("expiresAt", json!("soon")), E::InvalidValue),
        ("no title", envelope(&id(), &json!({})), E::MissingRequiredField),
        ("an empty title", title(json!("")), E::InvalidTitle),
        ("a blank title", title(json!(" \u{a0}\t")), E::InvalidTitle),
        ("a title of 201", title(json!("x".repeat(201))), E::InvalidTitle),
        ("a title of 400,000", title(json!("x".repeat(400_000))), E::InvalidTitle),
        ("a title of two lines", title(json!("a\nb")), E::InvalidTitle),
        ("a title with NUL", title(json!("a\u{0}b")), E::InvalidTitle),
        ("a title with escape", title(json!("a\u{1b}[31mb")), E::InvalidTitle),
        ("a title with bell", title(json!("a\u{7}b")), E::InvalidTitle),
        ("a title with C1", title(json!("a\u{9b}b")), E::InvalidTitle),
        ("a title that is a number", title(json!(7)), E::InvalidValue),
        ("a title that is a list", title(json!(["x"])), E::InvalidValue),
        ("a title twice", envelope_text(&id(), "{\"title\":\"a\",\"title\":\"b\"}"), E::InvalidValue),
        ("an unknown field", with("colour", json!("red")), E::UnknownField),
        ("an unknown priority", with("priority", json!("urgent")), E::InvalidPriority),
        ("a label that is none", with("labels", json!(["a b"])), E::InvalidLabel),
        ("a dot in an id", with("dependsOn", json!(["t1.t2"])), E::InvalidTaskId),
        ("a star for an id", with("dependsOn", json!(["*"])), E::InvalidTaskId),
        ("a rest for an id", with("dependsOn", json!([">"])), E::InvalidTaskId),
        ("an id with a zero", with("dependsOn", json!(["t01"])), E::InvalidTaskId),
        ("an id of nothing", with("dependsOn", json!([""])), E::InvalidTaskId),
        ("an id beyond counting", with("dependsOn", json!(["t99999999999"])), E::InvalidTaskId),
        ("an unknown task", with("dependsOn", json!(["t77"])), E::TaskNotFound),
        ("a cancelled task", with("dependsOn", json!(["t4"])), E::InvalidDependency),
        ("a description of 70,000", with("description", json!("x".repeat(70_000))), E::TooLarge),
        ("more than a command may have", with("description", json!("x".repeat(600_000))), E::TooLarge),
        ("an id that is no ULID", envelope("7", &json!({ "title": "x" })), E::InvalidCommandId),
        ("an id that is too great", envelope(&"8".repeat(26), &json!({ "title": "x" })), E::InvalidCommandId),
    ];
    let mut wrong = Vec::new();
    for (what, payload, code) in cases {
        let reply = raw(&caller, subject, payload).await;
        match reply.error {
            Some(told) if told.code == code => {}
            other => wrong.push(format!("{what}: {code} expected, {other:?}")),
        }
        unharmed(&cluster, &caller, last + wrong.len() as u64, what).await;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What some readers of JSON take for an object.
fn list_of_fields() -> Vec<u8> {
    let id = new_id().to_string();
    json!(["maestro.v1.command", id, null, null, null, null, null, { "title": "x" }]).to_string().into_bytes()
}

fn envelope_text(id: &str, data: &str) -> Vec<u8> {
    format!("{{\"type\":\"maestro.v1.command\",\"id\":\"{id}\",\"data\":{data}}}").into_bytes()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn subjects_that_are_none() {
    let (cluster, caller) = prepared().await;
    let last = cluster.last_seq().await;
    let create = || envelope(&new_id().to_string(), &json!({ "title": "x" }));
    let list = || json!({ "type": "maestro.v1.query", "data": {} }).to_string().into_bytes();
    let wait = || json!({ "type": "maestro.v1.wait", "timeoutMs": 10, "data": {} }).to_string().into_bytes();
    use ErrorCode as E;
    let cases: Vec<(&str, Vec<u8>, Vec<E>)> = vec![
        ("maestro.v1.cmd.web.ann.task.explode", create(), vec![E::UnknownCommand]),
        ("maestro.v1.cmd.web.ann.dragon.create", create(), vec![E::UnknownCommand]),
        ("maestro.v1.cmd.web.ann.task", create(), vec![E::UnknownCommand]),
        ("maestro.v1.cmd.web.ann.task.create.twice", create(), vec![E::UnknownCommand]),
        ("maestro.v1.cmd.web", create(), vec![E::UnknownCommand]),
        ("maestro.v1.cmd.Web.ann.task.create", create(), vec![E::InvalidProjectId]),
        ("maestro.v1.cmd.$web.ann.task.create", create(), vec![E::InvalidProjectId]),
        ("maestro.v1.cmd.web.Ann.task.create", create(), vec![E::InvalidActor]),
        ("maestro.v1.cmd.web.s0.task.create", create(), vec![E::InvalidActor]),
        ("maestro.v1.cmd.web.system.task.create", create(), vec![E::NotPermitted]),
        ("maestro.v1.cmd._.ann.task.create", create(), vec![E::MissingProject]),
        ("maestro.v1.cmd.nowhere.ann.task.create", create(), vec![E::ProjectNotFound]),
        (
            "maestro.v1.cmd.web.s99.task.create",
            create(),
            vec![E::StaleSession, E::SessionNotFound, E::MissingRequiredField],
        ),
        ("maestro.v1.cmd.web.s1.task.create", create(), vec![E::StaleSession, E::MissingRequiredField]),
        ("maestro.v1.qry.web.ann.task.explode", list(), vec![E::UnknownCommand]),
        ("maestro.v1.qry.web.ann", list(), vec![E::UnknownCommand]),
        ("maestro.v1.qry.nowhere.ann.task.list", list(), vec![E::ProjectNotFound]),
        ("maestro.v1.qry._.ann.task.list", list(), vec![E::MissingProject]),
        ("maestro.v1.qry.WEB.ann.task.list", list(), vec![E::InvalidProjectId]),
        ("maestro.v1.wait.web.ann.weather", wait(), vec![E::UnknownCommand]),
        ("maestro.v1.wait.nowhere.ann.events", wait(), vec![E::ProjectNotFound]),
        ("maestro.v1.wait.web.ann.events.more", wait(), vec![E::UnknownCommand]),
    ];
    for (subject, payload, codes) in cases {
        let told = error(raw(&caller, subject, payload).await, subject);
        assert!(codes.contains(&told.code), "{subject}: {told:?}");
        unharmed(&cluster, &caller, last, subject).await;
    }
    // Verbs that only the server itself may use.
    let expire = json!({ "session": "s1", "epoch": 1, "deadline": "request" });
    for (verb, payload) in [
        ("session.expire", expire),
        ("effect.failed", json!({ "effect": "x", "entity": "session/s1", "error": "x" })),
        ("timeline.refuse", json!({ "to": "ann", "verb": "task.log", "code": "x", "message": "x" })),
    ] {
        let subject = format!("maestro.v1.cmd.web.ann.{verb}");
        let told = error(raw(&caller, &subject, envelope(&new_id().to_string(), &payload)).await, verb);
        assert!(matches!(told.code, E::NotPermitted | E::InvalidValue), "{verb}: {told:?}");
        unharmed(&cluster, &caller, last, verb).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn queries_that_are_none() {
    let (cluster, caller) = prepared().await;
    let last = cluster.last_seq().await;
    let ask = |data: Value| json!({ "type": "maestro.v1.query", "data": data }).to_string().into_bytes();
    use ErrorCode as E;
    let cases: Vec<(&str, Vec<u8>, E)> = vec![
        ("task.list", b"{".to_vec(), E::MalformedJson),
        ("task.list", ask(json!({ "status": ["finished"] })), E::InvalidStatus),
        ("task.list", ask(json!({ "priority": ["urgent"] })), E::InvalidPriority),
        ("task.list", ask(json!({ "colour": "red" })), E::UnknownField),
        ("task.list", ask(json!({ "cursor": "nonsense" })), E::InvalidCursor),
        ("task.list", ask(json!({ "cursor": "\u{0}" })), E::InvalidCursor),
        ("task.list", ask(json!({ "limit": -1 })), E::InvalidValue),
        ("task.list", ask(json!({ "assignee": "a b" })), E::InvalidActor),
        ("task.get", ask(json!({ "task": "t77" })), E::TaskNotFound),
        ("task.get", ask(json!({ "task": "t*" })), E::InvalidTaskId),
        ("task.get", ask(json!({})), E::MissingTaskId),
        ("session.get", ask(json!({ "session": "s77" })), E::SessionNotFound),
        ("session.get", ask(json!({})), E::MissingSession),
        ("event.list", ask(json!({ "entity": "dragon/d1" })), E::InvalidEntity),
    ];
    for (verb, payload, code) in cases {
        let what = format!("{verb} {}", String::from_utf8_lossy(&payload));
        let told = error(raw(&caller, &format!("maestro.v1.qry.web.ann.{verb}"), payload).await, &what);
        assert_eq!(told.code, code, "{what}: {told:?}");
        unharmed(&cluster, &caller, last, &what).await;
    }
    // Nobody waits for ever for what was never written.
    let future = json!({ "type": "maestro.v1.query", "minSeq": 1_000_000_000_u64, "data": {} }).to_string();
    let told = error(raw(&caller, "maestro.v1.qry.web.ann.task.list", future.into_bytes()).await, "the future");
    assert_eq!(told.code, E::StaleRead);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_rules_refuse() {
    let (cluster, caller) = prepared().await;
    let last = cluster.last_seq().await;
    use ErrorCode as E;
    let cases: Vec<(&str, Value, E)> = vec![
        ("task.depend", json!({ "task": "t1", "add": ["t3"] }), E::DependencyCycle),
        ("task.depend", json!({ "task": "t1", "add": ["t1"] }), E::DependencyCycle),
        ("task.depend", json!({ "task": "t1", "add": ["t77"] }), E::TaskNotFound),
        ("task.start", json!({ "task": "t2" }), E::DependenciesOpen),
        ("task.start", json!({ "task": "t4" }), E::InvalidTransition),
        ("task.delete", json!({ "task": "t1" }), E::HasDependants),
        ("task.update", json!({ "task": "t1" }), E::NoUpdates),
        ("subtask.complete", json!({ "task": "t1", "subtask": "st9" }), E::SubtaskNotFound),
        ("project.create", json!({ "title": "Web" }), E::ProjectExists),
        ("project.purge", json!({ "confirm": "wep" }), E::ConfirmationMissing),
        ("session.stop", json!({ "session": "s9" }), E::SessionNotFound),
        ("message.send", json!({ "to": "s9", "body": "x" }), E::SessionNotFound),
        ("session.spawn", json!({ "tasks": ["t1"] }), E::AlreadyAssigned),
    ];
    let mut wrong = Vec::new();
    for (verb, payload, code) in cases {
        let subject = format!("maestro.v1.cmd.web.ann.{verb}");
        let what = format!("{verb} {payload}");
        let reply = raw(&caller, &subject, envelope(&new_id().to_string(), &payload)).await;
        match reply.error {
            Some(told) if told.code == code => unharmed(&cluster, &caller, last, &what).await,
            other => wrong.push(format!("{what}: {code} expected, {other:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let circle = error(
        raw(
            &caller,
            "maestro.v1.cmd.web.ann.task.depend",
            envelope(&new_id().to_string(), &json!({ "task": "t1", "add": ["t3"] })),
        )
        .await,
        "the circle",
    );
    let text = format!("{} {:?}", circle.message, circle.details);
    assert!(["t1", "t2", "t3"].iter().all(|id| text.contains(id)), "the circle is not spelled out: {text}");
}

fn id_of_age(age: i64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_millis();
    let at = Timestamp::from_millis(i64::try_from(now).unwrap()).plus_secs(-age);
    CommandId::derived(at, &new_id().to_string()).to_string()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn command_ids_and_epochs_that_do_not_fit() {
    let (cluster, caller) = prepared().await;
    let last = cluster.last_seq().await;
    let subject = "maestro.v1.cmd.web.ann.task.create";
    let x = json!({ "title": "x" });
    const DAY: i64 = 24 * 3600;
    use ErrorCode as E;
    for (what, id, code) in [
        ("8 days old", id_of_age(8 * DAY), E::CommandExpired),
        ("of 1970", "0".repeat(26), E::CommandExpired),
        ("of next year", id_of_age(-365 * DAY), E::InvalidCommandId),
        ("of tomorrow", id_of_age(-DAY), E::InvalidCommandId),
    ] {
        let told = error(raw(&caller, subject, envelope(&id, &x)).await, what);
        assert_eq!(told.code, code, "{what}: {told:?}");
        unharmed(&cluster, &caller, last, what).await;
    }
    let given_up = json!({
        "type": "maestro.v1.command", "id": new_id(), "expiresAt": "2020-01-01T00:00:00Z", "data": x,
    });
    let told = error(raw(&caller, subject, given_up.to_string().into_bytes()).await, "what nobody waits for");
    assert_eq!(told.code, E::TimedOut);
    unharmed(&cluster, &caller, last, "what nobody waits for").await;
    // One that is six days old is taken, once; another command under its id is not.
    let id = id_of_age(6 * DAY);
    let first = raw(&caller, subject, envelope(&id, &x)).await;
    let after = cluster.last_seq().await;
    assert!(first.success && after == last + 1);
    let again = raw(&caller, subject, envelope(&id, &x)).await;
    assert_eq!((data(&again), again.seq), (data(&first), first.seq));
    for (subject, data) in
        [(subject, json!({ "title": "y" })), ("maestro.v1.cmd.web.ann.task.start", json!({ "task": "t1" }))]
    {
        let told = error(raw(&caller, subject, envelope(&id, &data)).await, "a reused id");
        assert_eq!(told.code, E::CommandIdReused, "{told:?}");
        unharmed(&cluster, &caller, after, "a reused id").await;
    }
    // The same id of somebody else is another command.
    let other = raw(&caller, "maestro.v1.cmd.web.ben.task.create", envelope(&id, &x)).await;
    assert!(other.success && data(&other)["id"] != data(&first)["id"]);
    let last = cluster.last_seq().await;
    // The session has not started: no epoch is its own yet, and none to come is.
    for epoch in [0, 2, 7, u32::MAX] {
        let mine = json!({
            "type": "maestro.v1.command", "id": new_id(), "epoch": epoch, "data": { "task": "t1", "message": "x" },
        });
        let reply = raw(&caller, "maestro.v1.cmd.web.s1.task.log", mine.to_string().into_bytes()).await;
        assert_eq!(error(reply, "another epoch").code, E::StaleSession, "epoch {epoch}");
        unharmed(&cluster, &caller, last, "another epoch").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_larger_than_the_broker_takes() {
    let (cluster, caller) = prepared().await;
    let last = cluster.last_seq().await;
    let huge = envelope(&new_id().to_string(), &json!({ "title": "x".repeat(10 << 20) }));
    let subject = "maestro.v1.cmd.web.ann.task.create";
    let told = caller.client().request(subject, &Headers::new(), huge.clone().into(), DEADLINE).await.unwrap_err();
    assert_eq!(ErrorBody::from(told).code, ErrorCode::TooLarge);
    unharmed(&cluster, &caller, last, "10 MB").await;
    let cli = cluster.cli("ann");
    let said = cli.plain(&["--json", "-p", "web", "task", "create", "-"], &vec![b'x'; 10 << 20]);
    let document = said.document();
    assert!(["too_large", "invalid_title"].contains(&document["error"].as_str().unwrap()), "{document}");
    let said = cli.plain(&["--json", "-p", "web", "task", "create", "x", "--desc", "-"], &vec![b'x'; 10 << 20]);
    assert_eq!(said.document()["error"], "too_large", "{said:?}");
    unharmed(&cluster, &caller, last, "10 MB by the command line").await;
    // A broker that is asked by somebody who ignores its limit cuts that connection, and nobody else's.
    let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", cluster.nats.port())).await.unwrap();
    let connect = json!({ "user": "edge", "pass": cluster.nats.password("edge"), "verbose": false });
    let mut bytes = format!("CONNECT {connect}\r\nPUB {subject} {}\r\n", huge.len()).into_bytes();
    bytes.extend(huge);
    bytes.extend(b"\r\n");
    // The broker hangs up in the middle.
    let _cut = tokio::io::AsyncWriteExt::write_all(&mut stream, &bytes).await;
    unharmed(&cluster, &caller, last, "10 MB past the limit").await;
}

/// Bytes at random, and commands with one part replaced: an answer each, and the server goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn noise() {
    use rand::{RngExt as _, SeedableRng as _};
    let (cluster, caller) = prepared().await;
    let mut random = rand::rngs::StdRng::seed_from_u64(maestro_tests::cluster::seed());
    let mut codes = BTreeSet::new();
    for _ in 0..maestro_tests::cluster::size(400, 20_000) {
        let verb = maestro_domain::Request::VERBS[random.random_range(0..maestro_domain::Request::VERBS.len())];
        let mut bytes = envelope(&new_id().to_string(), &json!({ "task": "t1", "title": "x", "message": "x" }));
        for _ in 0..random.random_range(1..4) {
            let at = random.random_range(0..bytes.len());
            bytes[at] = random.random();
        }
        let subject = format!("maestro.v1.cmd.web.ann.{}.{}", verb.0, verb.1);
        if let Some(error) = raw(&caller, &subject, bytes).await.error {
            assert_ne!(error.code, ErrorCode::Internal, "{error:?}");
            codes.insert(error.code.as_str());
        }
    }
    println!("codes: {codes:?}");
    cluster.assert_equal_to_fold().await;
}
