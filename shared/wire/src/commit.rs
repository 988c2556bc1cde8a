//! A commit: one message, a batch of CloudEvents, everything that one append decided.

use std::{borrow::Cow, fmt, sync::Arc};

use maestro_domain::{
    Actor, EffectChange, EntityRef, Event, Message, MessageChange, Project, ProjectChange, Session, SessionChange,
    Task, TaskChange, Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::CommandId;

/// An event to be written, with what the ledger keeps about it.
pub struct NewEvent<'a> {
    pub id: ulid::Ulid,
    pub source: &'a str,
    pub time: Timestamp,
    pub actor: &'a Actor,
    pub command: CommandId,
    pub digest: &'a str,
    pub traceparent: Option<&'a str>,
    pub event: &'a Event,
}

/// An event as the ledger holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded {
    pub id: String,
    pub time: Timestamp,
    pub actor: Actor,
    pub command: CommandId,
    pub digest: String,
    /// The trace that its command belonged to.
    pub traceparent: Option<String>,
    pub event: Event,
}

/// What one message of the ledger says.
#[derive(Clone, Debug, PartialEq, Default)]
pub struct Decoded {
    pub events: Vec<Recorded>,
    /// Types of events that this program does not know. A viewer may go on; a decider may not.
    pub unknown: Vec<String>,
    /// The ledger speaks of itself.
    pub ledger: Option<LedgerCreated>,
}

/// What a ledger says about itself; its last words count.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LedgerCreated {
    /// Another id is another ledger: what was seen of the one before binds nobody.
    pub ledger_id: String,
    /// It was filled from a backup.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore: Option<LedgerRestore>,
}

/// How far a ledger is filled from a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LedgerRestore {
    /// The backup's id.
    pub backup: String,
    /// Everything of it is there. False: nobody may serve this ledger yet.
    pub finished: bool,
}

/// A message of the ledger that is not a commit.
#[derive(Debug, thiserror::Error)]
#[error("this is not a commit: {0}")]
pub struct CommitError(#[from] serde_json::Error);

/// One CloudEvent 1.0 in JSON, its data unread.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RawEvent<'a> {
    /// `1.0`
    #[serde(borrow)]
    pub specversion: Cow<'a, str>,
    /// A ULID.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// The replica that wrote it.
    #[serde(borrow)]
    pub source: Cow<'a, str>,
    /// `maestro.task.completed`
    #[serde(rename = "type", borrow)]
    pub kind: Cow<'a, str>,
    /// `task/t12`
    #[serde(borrow)]
    pub subject: Cow<'a, str>,
    pub time: Timestamp,
    #[serde(borrow)]
    pub actor: Cow<'a, str>,
    pub commandid: CommandId,
    #[serde(borrow, default)]
    pub commanddigest: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Cow<'a, str>>,
    /// `change` and `after`.
    #[serde(borrow, deserialize_with = "borrowed")]
    #[schemars(with = "serde_json::Value")]
    pub data: Cow<'a, RawValue>,
}

/// The text as it stands in the message: serde's way with `Cow` copies it.
fn borrowed<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'a, RawValue>, D::Error> {
    <&'de RawValue>::deserialize(deserializer).map(Cow::Borrowed)
}

#[derive(Serialize)]
struct DataOut<'a, C, A> {
    change: &'a C,
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<&'a Arc<A>>,
}

#[derive(Deserialize)]
#[serde(bound = "C: Deserialize<'de>, A: Deserialize<'de>")]
struct DataIn<C, A> {
    change: C,
    #[serde(default = "none")]
    after: Option<Arc<A>>,
}

fn none<A>() -> Option<Arc<A>> {
    None
}

/// An event as it is written: [`RawEvent`] without what that needs for reading.
#[derive(Serialize)]
struct EventOut<'a> {
    specversion: &'static str,
    id: Text<ulid::Ulid>,
    source: &'a str,
    #[serde(rename = "type")]
    kind: Text<Kind>,
    subject: Text<EntityRef>,
    time: Timestamp,
    actor: Text<&'a Actor>,
    commandid: CommandId,
    commanddigest: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    traceparent: Option<&'a str>,
    data: Data<'a>,
}

/// A value as the text that it is shown as.
struct Text<T>(T);

impl<T: fmt::Display> Serialize for Text<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

struct Kind(&'static str, &'static str);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(entity, kind) = self;
        write!(f, "maestro.{entity}.{kind}")
    }
}

struct Data<'a>(&'a Event);

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Event::Project { change, after } => DataOut { change, after: after.as_ref() }.serialize(serializer),
            Event::Task { change, after, .. } => DataOut { change, after: after.as_ref() }.serialize(serializer),
            Event::Session { change, after, .. } => DataOut { change, after: after.as_ref() }.serialize(serializer),
            Event::Message { change, after, .. } => DataOut { change, after: after.as_ref() }.serialize(serializer),
            Event::Effect { change } => DataOut::<_, ()> { change, after: None }.serialize(serializer),
        }
    }
}

/// Writes a commit.
///
/// # Errors
/// Never for events of the model; serde's, for form's sake.
pub fn encode_commit(events: &[NewEvent<'_>]) -> serde_json::Result<Vec<u8>> {
    let mut batch = vec![b'['];
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            batch.push(b',');
        }
        encode_event(event, &mut batch)?;
    }
    batch.push(b']');
    Ok(batch)
}

/// Appends one CloudEvent of a commit to `out`; a commit is `[`, its events with `,` between them, and `]`.
///
/// # Errors
/// As [`encode_commit`].
pub fn encode_event(new: &NewEvent<'_>, out: &mut Vec<u8>) -> serde_json::Result<()> {
    let (entity, kind) = new.event.kind();
    let event = EventOut {
        specversion: "1.0",
        id: Text(new.id),
        source: new.source,
        kind: Text(Kind(entity, kind)),
        subject: Text(new.event.entity()),
        time: new.time,
        actor: Text(new.actor),
        commandid: new.command,
        commanddigest: new.digest,
        traceparent: new.traceparent,
        data: Data(new.event),
    };
    serde_json::to_writer(out, &event)
}

/// The first message of a ledger.
///
/// # Errors
/// Never; serde's, for form's sake.
pub fn encode_ledger(id: &str, source: &str, event: ulid::Ulid, time: Timestamp) -> serde_json::Result<Vec<u8>> {
    encode_ledger_words(&LedgerCreated { ledger_id: id.to_owned(), restore: None }, source, event, time)
}

/// Whatever a ledger says about itself.
///
/// # Errors
/// As [`encode_ledger`].
pub fn encode_ledger_words(
    words: &LedgerCreated,
    source: &str,
    event: ulid::Ulid,
    time: Timestamp,
) -> serde_json::Result<Vec<u8>> {
    let data = serde_json::value::to_raw_value(words)?;
    serde_json::to_vec(&[RawEvent {
        specversion: "1.0".into(),
        id: event.to_string().into(),
        source: source.into(),
        kind: "maestro.ledger.created".into(),
        subject: "ledger".into(),
        time,
        actor: Actor::SYSTEM.into(),
        commandid: CommandId(event),
        commanddigest: "".into(),
        traceparent: None,
        data: Cow::Owned(data),
    }])
}

/// Reads a commit.
///
/// # Errors
/// When it is not a batch of CloudEvents, or an event of a known type has another shape.
pub fn decode_commit(bytes: &[u8]) -> Result<Decoded, CommitError> {
    let batch: Vec<RawEvent<'_>> = serde_json::from_slice(bytes)?;
    let mut decoded = Decoded { events: Vec::with_capacity(batch.len()), ..Decoded::default() };
    for raw in batch {
        let entity = raw.kind.strip_prefix("maestro.").and_then(|rest| rest.split_once('.'));
        let json = raw.data.get();
        let event = match entity {
            Some(("ledger", "created")) => {
                decoded.ledger = Some(serde_json::from_str(json)?);
                continue;
            }
            Some(("project", kind)) if ProjectChange::KINDS.contains(&kind) => {
                let DataIn::<ProjectChange, Project> { change, after } = serde_json::from_str(json)?;
                Event::Project { change, after }
            }
            Some(("task", kind)) if TaskChange::KINDS.contains(&kind) => {
                let DataIn::<TaskChange, Task> { change, after } = serde_json::from_str(json)?;
                let EntityRef::Task(id) = subject(&raw)? else { return Err(mismatch(&raw)) };
                Event::Task { id, change, after }
            }
            Some(("session", kind)) if SessionChange::KINDS.contains(&kind) => {
                let DataIn::<SessionChange, Session> { change, after } = serde_json::from_str(json)?;
                let EntityRef::Session(id) = subject(&raw)? else { return Err(mismatch(&raw)) };
                Event::Session { id, change, after }
            }
            Some(("message", kind)) if MessageChange::KINDS.contains(&kind) => {
                let DataIn::<MessageChange, Message> { change, after } = serde_json::from_str(json)?;
                let EntityRef::Message(id) = subject(&raw)? else { return Err(mismatch(&raw)) };
                Event::Message { id, change, after }
            }
            Some(("effect", kind)) if EffectChange::KINDS.contains(&kind) => {
                let DataIn::<EffectChange, ()> { change, .. } = serde_json::from_str(json)?;
                Event::Effect { change }
            }
            Some(_) | None => {
                decoded.unknown.push(raw.kind.into_owned());
                continue;
            }
        };
        decoded.events.push(Recorded {
            id: raw.id.into_owned(),
            time: raw.time,
            actor: raw.actor.parse().map_err(|e| CommitError(serde::de::Error::custom(e)))?,
            command: raw.commandid,
            digest: raw.commanddigest.into_owned(),
            traceparent: raw.traceparent.map(Cow::into_owned),
            event,
        });
    }
    Ok(decoded)
}

/// What a timeline tells of one event: who, when, about what, and the change as it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    pub id: String,
    pub time: Timestamp,
    pub actor: Actor,
    /// `task/t12`
    pub entity: String,
    pub change: serde_json::Map<String, serde_json::Value>,
    /// How long the event's data is in the commit; what is told of it is no longer.
    pub bytes: usize,
}

#[derive(Deserialize)]
struct Change {
    change: serde_json::Map<String, serde_json::Value>,
}

/// Reads the events of a commit whose index is `wanted`, in their order; the others are skipped unread.
///
/// # Errors
/// When it is not a batch of CloudEvents.
pub fn decode_told(bytes: &[u8], wanted: impl Fn(u16) -> bool) -> Result<Vec<(u16, Told)>, CommitError> {
    let batch: Vec<&RawValue> = serde_json::from_slice(bytes)?;
    // Nobody asks for what is beyond: a commit closes long before.
    let numbered = batch.into_iter().enumerate().map_while(|(index, raw)| Some((u16::try_from(index).ok()?, raw)));
    let of_interest = numbered.filter(|(index, _)| wanted(*index));
    of_interest
        .map(|(index, raw)| {
            let raw: RawEvent<'_> = serde_json::from_str(raw.get())?;
            let Change { change } = serde_json::from_str(raw.data.get())?;
            let actor = raw.actor.parse().map_err(|e| CommitError(serde::de::Error::custom(e)))?;
            let (id, entity) = (raw.id.into_owned(), raw.subject.into_owned());
            Ok((index, Told { id, time: raw.time, actor, entity, change, bytes: raw.data.get().len() }))
        })
        .collect()
}

fn subject(raw: &RawEvent<'_>) -> Result<EntityRef, CommitError> {
    raw.subject.parse().map_err(|e| CommitError(serde::de::Error::custom(e)))
}

fn mismatch(raw: &RawEvent<'_>) -> CommitError {
    CommitError(serde::de::Error::custom(format!("a {} about {}", raw.kind, raw.subject)))
}
