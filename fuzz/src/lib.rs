//! What a fuzzer feeds: each target reads any bytes as one of the formats that come from outside. It must not panic, and
//! what it accepts must come back the same when it is written and read again.
//!
//! `make fuzz` runs each under libFuzzer; `tests/tests/fuzz.rs` runs the same functions for a moment in every test run.

pub mod corpus;

use std::path::Path;

use maestro_runtime::{ConfigFile, Partial};
use maestro_wire::{
    CommandEnvelope, ErrorBody, NewEvent, QueryEnvelope, Reply, Subject, WaitEnvelope, decode_command, decode_commit,
    decode_query, decode_told, decode_wait, digest, encode_commit,
};

/// Reads any bytes.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Target); 9] = [
    ("command", command),
    ("query", query),
    ("wait", wait),
    ("commit", commit),
    ("reply", reply),
    ("subject", subject),
    ("frame", frame),
    ("config", config),
    ("profile", profile),
];

/// The first line says which verb, the rest is the payload.
fn verb(input: &[u8]) -> Option<(&str, &str, &[u8])> {
    let end = input.iter().position(|byte| *byte == b'\n')?;
    let (entity, verb) = std::str::from_utf8(&input[..end]).ok()?.split_once('.')?;
    Some((entity, verb, &input[end + 1..]))
}

/// A refusal has a code and words, and can be sent.
fn told(error: &ErrorBody) {
    assert!(!error.message.is_empty(), "{error:?}");
    let reply = Reply::decode(&Reply::refused(error.clone()).encode()).expect("a refusal can be read");
    assert_eq!(reply.error.expect("a refusal has a reason").code, error.code);
}

pub fn command(input: &[u8]) {
    let Some((entity, verb, payload)) = verb(input) else { return };
    match decode_command(entity, verb, payload) {
        Err(error) => told(&error),
        Ok((envelope, request)) => {
            let mut again = CommandEnvelope::new(envelope.id, &request);
            again.epoch = envelope.epoch;
            again.min_seq = envelope.min_seq;
            again.ledger.clone_from(&envelope.ledger);
            let written = again.encode();
            // What was written in canonical form may be longer than what came.
            if written.len() > maestro_wire::header::MAX_COMMAND {
                return;
            }
            let (other, same) = decode_command(entity, verb, &written).expect("what was written can be read");
            assert_eq!((same, other.id), (request.clone(), envelope.id));
            assert_eq!((other.epoch, other.min_seq, other.ledger), (envelope.epoch, envelope.min_seq, envelope.ledger));
            assert_eq!(digest(&request).len(), 16);
        }
    }
}

pub fn query(input: &[u8]) {
    let Some((entity, verb, payload)) = verb(input) else { return };
    match decode_query(entity, verb, payload) {
        Err(error) => told(&error),
        Ok((_, query)) => {
            let written = QueryEnvelope::new(&query).encode();
            let (_, same) = decode_query(entity, verb, &written).expect("what was written can be read");
            assert_eq!(same, query);
        }
    }
}

/// The first line says what is waited for.
pub fn wait(input: &[u8]) {
    let Some(end) = input.iter().position(|byte| *byte == b'\n') else { return };
    let Ok(what) = std::str::from_utf8(&input[..end]) else { return };
    match decode_wait(what, &input[end + 1..]) {
        Err(error) => told(&error),
        Ok((envelope, request)) => {
            let written = WaitEnvelope::new(&request, envelope.timeout_ms).encode();
            let (_, same) = decode_wait(what, &written).expect("what was written can be read");
            assert_eq!(same, request);
        }
    }
}

pub fn commit(input: &[u8]) {
    // Whoever only tells a timeline reads less; it must not fall over what the others refuse.
    let told = decode_told(input, |index| index % 2 == 0);
    let Ok(decoded) = decode_commit(input) else { return };
    if decoded.unknown.is_empty() && decoded.ledger.is_none() {
        let told = told.expect("what can be applied can be told");
        assert_eq!(told.len(), decoded.events.len().div_ceil(2));
    }
    let new: Vec<NewEvent<'_>> = decoded
        .events
        .iter()
        .filter_map(|recorded| {
            Some(NewEvent {
                id: recorded.id.parse().ok()?,
                source: "fuzz",
                time: recorded.time,
                actor: &recorded.actor,
                command: recorded.command,
                digest: &recorded.digest,
                traceparent: None,
                event: &recorded.event,
            })
        })
        .collect();
    // Ids that are none of ours are read and never written.
    if new.len() == decoded.events.len() {
        let written = encode_commit(&new).expect("events can be written");
        let again = decode_commit(&written).expect("what was written can be read");
        let events =
            |decoded: &maestro_wire::Decoded| decoded.events.iter().map(|e| e.event.clone()).collect::<Vec<_>>();
        assert_eq!(events(&again), events(&decoded));
    }
}

pub fn reply(input: &[u8]) {
    let Ok(reply) = Reply::decode(input) else { return };
    let again = Reply::decode(&reply.encode()).expect("what was written can be read");
    assert_eq!((again.success, again.seq, &again.ledger), (reply.success, reply.seq, &reply.ledger));
    if let Err(error) = reply.into_result() {
        let _ = serde_json::to_string(&error).expect("a refusal can be written");
    }
}

pub fn subject(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Ok(subject) = text.parse::<Subject>() else { return };
    let written = subject.to_string();
    assert_eq!(written.parse::<Subject>().expect("what was written can be read"), subject);
    assert!(!written.contains([' ', '*', '>', '\r', '\n', '\t']), "{written:?} is no subject to publish on");
}

pub fn frame(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    if let Err(error) = maestro_bridge::check_frame(text) {
        told(&error);
    }
}

pub fn config(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let path = Path::new("config.toml");
    match ConfigFile::parse(path, text) {
        Ok(file) => {
            if let Ok(settings) = Partial::from_file(&file, path) {
                assert!(!settings.resolve().list().is_empty());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty() && !error.hint().is_empty()),
    }
}

/// The first line is the profile's name.
pub fn profile(input: &[u8]) {
    let Ok(text) = std::str::from_utf8(input) else { return };
    let Some((name, text)) = text.split_once('\n') else { return };
    if let Err(mistake) = maestro_spawner::check_profile(name, text) {
        assert!(!mistake.is_empty());
    }
}
