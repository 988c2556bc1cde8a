//! Plays `story.txt` through the decider: its commands and commits as this version writes them.

use maestro_domain::*;
use maestro_wire::*;
use serde_json::{Value, json};

const SOURCE: &str = "maestro-server/laptop";
const START: i64 = 1_763_856_000_000;

struct Step {
    actor: Actor,
    epoch: Option<u32>,
    id: CommandId,
    at: Timestamp,
    request: Request,
    events: Vec<Event>,
}

/// The commits by name, each the commands decided in it.
fn play() -> Vec<(String, Vec<Step>)> {
    let mut commits: Vec<(String, Vec<Step>)> = Vec::new();
    let mut state = State::default();
    let mut now = Timestamp::from_millis(START);
    for line in include_str!("story.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[') {
            commits.push((format!("{:02}-{}", commits.len() + 1, name.trim_end_matches(']')), Vec::new()));
            continue;
        }
        if let Some(seconds) = line.strip_prefix("+ ") {
            now = now.plus_secs(seconds.parse().unwrap());
            continue;
        }
        let (who, rest) = line.split_once(' ').unwrap();
        let (verb, payload) = rest.split_once(' ').unwrap();
        let (entity, name) = verb.split_once('.').unwrap();
        let payload = payload.replace("$last", &state.counters().2.to_string());
        let mut deserializer = serde_json::Deserializer::from_str(&payload);
        let request = Request::deserialize_payload(entity, name, &mut deserializer).expect(verb).unwrap();
        let actor: Actor = who.parse().unwrap();
        let epoch = actor.session().and_then(|id| state.session(id)).map(|session| session.epoch);
        let caller = Caller { actor: actor.clone(), epoch };
        let command = Command { project: "web".parse().unwrap(), caller, request: request.clone() };
        let events = decide(&state, &command, now).unwrap_or_else(|refusal| panic!("{line}: {refusal}"));
        for event in &events {
            state.apply(event).unwrap();
        }
        let id = CommandId::derived(now, line);
        commits.last_mut().unwrap().1.push(Step { actor, epoch, id, at: now, request, events });
        now = now.plus_secs(1);
    }
    commits
}

pub fn commits() -> Vec<(String, Value)> {
    let mut number = 0_u128;
    let mut commits = Vec::new();
    for (name, steps) in play() {
        let mut batch = Vec::new();
        for step in &steps {
            for event in &step.events {
                number += 1;
                let digest = digest(&step.request);
                let new = NewEvent {
                    id: ulid::Ulid::from_parts(u64::try_from(step.at.as_millis()).unwrap(), number),
                    source: SOURCE,
                    time: step.at,
                    actor: &step.actor,
                    command: step.id,
                    digest: &digest,
                    traceparent: (number == 1).then_some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
                    event,
                };
                let bytes = encode_commit(&[new]).unwrap();
                batch.extend(serde_json::from_slice::<Vec<Value>>(&bytes).unwrap());
            }
        }
        commits.push((name, Value::Array(batch)));
    }
    commits
}

/// The first command of each verb, with the subject it is sent on and its digest.
pub fn commands() -> Vec<(String, Value)> {
    let project: ProjectId = "web".parse().unwrap();
    let steps = play().into_iter().flat_map(|(_, steps)| steps);
    steps
        .map(|step| {
            let verb = step.request.verb();
            let envelope = CommandEnvelope {
                expires_at: Some(step.at.plus_secs(5)),
                epoch: step.epoch,
                min_seq: Some(7),
                ledger: Some("01JDLEDGER".to_owned()),
                ..CommandEnvelope::new(step.id, &step.request)
            };
            let file = json!({
                "subject": Subject::command(&project, &step.actor, verb).to_string(),
                "digest": digest(&step.request),
                "envelope": serde_json::from_slice::<Value>(&envelope.encode()).unwrap(),
            });
            (format!("{}.{}", verb.0, verb.1), file)
        })
        .collect()
}

pub fn ledger() -> Value {
    let event = ulid::Ulid::from_parts(u64::try_from(START).unwrap(), 0);
    let bytes = encode_ledger("01JDLEDGER", SOURCE, event, Timestamp::from_millis(START)).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// Reads a commit as its types and writes it again.
pub fn again(bytes: &[u8]) -> Value {
    let raw: Vec<RawEvent<'_>> = serde_json::from_slice(bytes).unwrap();
    let decoded = decode_commit(bytes).unwrap();
    assert!(decoded.unknown.is_empty(), "{:?}", decoded.unknown);
    if let Some(ledger) = decoded.ledger {
        let bytes = encode_ledger(&ledger.ledger_id, &raw[0].source, raw[0].id.parse().unwrap(), raw[0].time).unwrap();
        return serde_json::from_slice(&bytes).unwrap();
    }
    let new = |(raw, recorded): (&RawEvent<'_>, &Recorded)| {
        let new = NewEvent {
            id: recorded.id.parse().unwrap(),
            source: &raw.source,
            time: recorded.time,
            actor: &recorded.actor,
            command: recorded.command,
            digest: &recorded.digest,
            traceparent: raw.traceparent.as_deref(),
            event: &recorded.event,
        };
        serde_json::from_slice::<Vec<Value>>(&encode_commit(&[new]).unwrap()).unwrap().remove(0)
    };
    Value::Array(raw.iter().zip(&decoded.events).map(new).collect())
}

/// The entities as the story leaves them before its end.
pub fn state() -> State {
    let mut state = State::default();
    let mut commits = play();
    let end = commits.iter().position(|(name, _)| name.ends_with("-end")).unwrap();
    commits.truncate(end);
    for event in commits.iter().flat_map(|(_, steps)| steps).flat_map(|step| &step.events) {
        state.apply(event).unwrap();
    }
    state
}
