//! The wire as it was written by released versions: each file is read, and written back the same, for ever.
//!
//! `UPDATE_GOLDEN=1` adds what is missing and never touches what is there.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

#[path = "golden/answer.rs"]
mod answer;
#[path = "golden/story.rs"]
mod story;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::PathBuf,
};

use maestro_domain::{EffectChange, MessageChange, ProjectChange, Request, SessionChange, TaskChange};
use maestro_wire::*;
use serde_json::{Value, json};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1")
}

/// What this version writes, by the name of its golden file.
fn written() -> BTreeMap<String, Value> {
    let mut files = BTreeMap::from([("commit.ledger".to_owned(), story::ledger())]);
    for (name, commit) in story::commits() {
        files.insert(format!("commit.{name}"), commit);
    }
    for (verb, command) in story::commands() {
        files.entry(format!("command.{verb}")).or_insert(command);
    }
    files.extend(answer::questions());
    files.extend(answer::replies().into_iter().map(|(name, reply)| (format!("reply.{name}"), reply)));
    files
}

fn golden() -> BTreeMap<String, Value> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let read = |path: PathBuf| {
        let value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        (path.file_stem().unwrap().to_string_lossy().into_owned(), value)
    };
    files.map(read).collect()
}

fn of_kind(kind: &str) -> Vec<(String, Value)> {
    let prefix = format!("{kind}.");
    let files: Vec<_> =
        golden().into_iter().filter_map(|(name, v)| Some((name.strip_prefix(&prefix)?.to_owned(), v))).collect();
    assert!(!files.is_empty(), "there are no golden files of {kind}");
    files
}

fn bytes(value: &Value) -> Vec<u8> {
    serde_json::to_vec(value).unwrap()
}

#[test]
fn everything_that_is_written_has_a_golden_file() {
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::create_dir_all(folder()).unwrap();
        for (name, value) in written() {
            let path = folder().join(format!("{name}.json"));
            let text = serde_json::to_string_pretty(&value).unwrap() + "\n";
            match fs::File::create_new(&path) {
                Ok(mut file) => std::io::Write::write_all(&mut file, text.as_bytes()).unwrap(),
                Err(there) => assert_eq!(there.kind(), std::io::ErrorKind::AlreadyExists, "{}", path.display()),
            }
        }
    }
    let there = golden();
    let missing: Vec<_> = written().into_keys().filter(|name| !there.contains_key(name)).collect();
    assert!(missing.is_empty(), "no golden file for {missing:?}; add them with UPDATE_GOLDEN=1");
}

#[test]
fn every_command_query_and_kind_of_event_is_among_them() {
    let there = golden();
    let verbs = |kind: &str, verbs: &[(&str, &str)]| -> Vec<String> {
        verbs.iter().map(|(entity, verb)| format!("{kind}.{entity}.{verb}")).collect()
    };
    for name in [verbs("command", Request::VERBS), verbs("query", Query::VERBS)].concat() {
        assert!(there.contains_key(&name), "{name}");
    }
    let types = |(_, commit): (String, Value)| -> Vec<String> {
        commit.as_array().unwrap().iter().map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    };
    let seen: BTreeSet<String> = of_kind("commit").into_iter().flat_map(types).collect();
    let all = [
        ("project", ProjectChange::KINDS),
        ("task", TaskChange::KINDS),
        ("session", SessionChange::KINDS),
        ("message", MessageChange::KINDS),
        ("effect", EffectChange::KINDS),
        ("ledger", &["created"]),
    ];
    for kind in all.into_iter().flat_map(|(entity, kinds)| kinds.iter().map(move |k| format!("maestro.{entity}.{k}"))) {
        assert!(seen.contains(&kind), "{kind}");
    }
}

#[test]
fn commits_are_read_and_written_back_the_same() {
    for (name, commit) in of_kind("commit") {
        assert_eq!(story::again(&bytes(&commit)), commit, "{name}");
    }
}

#[test]
fn commands_are_read_and_written_back_the_same() {
    for (name, file) in of_kind("command") {
        let (entity, verb) = name.split_once('.').unwrap();
        let subject: Subject = file["subject"].as_str().unwrap().parse().unwrap();
        assert_eq!(subject.to_string(), file["subject"]);
        let (envelope, request) = decode_command(entity, verb, &bytes(&file["envelope"])).unwrap();
        assert_eq!(request.verb(), (entity, verb));
        assert_eq!(digest(&request), file["digest"], "{name}: a repetition would not be recognised");
        let again = CommandEnvelope { data: CommandEnvelope::new(envelope.id, &request).data, ..envelope };
        assert_eq!(serde_json::from_slice::<Value>(&again.encode()).unwrap(), file["envelope"], "{name}");
    }
}

#[test]
fn queries_and_waits_are_read_and_written_back_the_same() {
    for (name, file) in of_kind("query") {
        let (entity, verb) = name.split_once('.').unwrap();
        let (envelope, query) = decode_query(entity, verb, &bytes(&file)).unwrap();
        let again = QueryEnvelope { data: QueryEnvelope::new(&query).data, ..envelope };
        assert_eq!(serde_json::from_slice::<Value>(&again.encode()).unwrap(), file, "{name}");
    }
    for (what, file) in of_kind("wait") {
        let (envelope, wait) = decode_wait(&what, &bytes(&file)).unwrap();
        let again = WaitEnvelope { data: WaitEnvelope::new(&wait, 1).data, ..envelope };
        assert_eq!(serde_json::from_slice::<Value>(&again.encode()).unwrap(), file, "{what}");
    }
}

#[test]
fn replies_are_read_and_written_back_the_same() {
    for (name, file) in of_kind("reply") {
        let reply = Reply::decode(&bytes(&file)).unwrap();
        assert_eq!(reply.success, reply.error.is_none(), "{name}");
        assert_eq!(serde_json::from_slice::<Value>(&reply.encode()).unwrap(), file, "{name}");
    }
}

#[test]
fn readers_tolerate_what_later_versions_add() {
    for (name, commit) in of_kind("commit") {
        let mut newer = commit.clone();
        for event in newer.as_array_mut().unwrap() {
            event["addedlater"] = json!({"a": [1]});
            event["data"]["addedLater"] = json!(true);
        }
        assert_eq!(story::again(&bytes(&newer)), commit, "{name}");
    }
    for (name, mut file) in of_kind("reply") {
        file["addedLater"] = json!(true);
        assert!(Reply::decode(&bytes(&file)).is_ok(), "{name}");
    }
    let unknown = json!([{"specversion": "1.0", "id": "x", "source": "a", "type": "maestro.task.sung", "subject": "task/t1",
        "time": "2026-01-01T00:00:00Z", "actor": "ann", "commandid": "01JD0000000000000000000000", "data": {}}]);
    assert_eq!(decode_commit(&bytes(&unknown)).unwrap().unknown, ["maestro.task.sung"]);
}
