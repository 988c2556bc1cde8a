//! One commit as every client gets it: a frame, made once.

use axum::extract::ws::Utf8Bytes;
use maestro_client::Delivered;
use maestro_wire::header::EXPECTED_LAST_SUBJECT_SEQUENCE;
use serde::Serialize;
use serde_json::value::RawValue;

const SUBJECT: &str = "maestro.v1.evt.";

/// A message of the stream EVENTS. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Commit {
    pub seq: u64,
    /// The project, or `_`.
    pub project: Box<str>,
    /// The frame, ready to send.
    pub frame: Utf8Bytes,
    /// It is about a project itself.
    pub about_project: bool,
}

#[derive(Serialize)]
struct Frame<'a> {
    r#type: &'static str,
    project: &'a str,
    seq: u64,
    /// The commit of this project before this one (0: none), by the guard it was appended under: a client that
    /// has another one as its last has missed something.
    #[serde(skip_serializing_if = "Option::is_none")]
    prev: Option<u64>,
    events: &'a RawValue,
}

impl Commit {
    /// A message that is no JSON is passed on without events, so that the chain of sequences has no hole.
    pub fn read(delivered: &Delivered) -> Self {
        let project = delivered.subject().strip_prefix(SUBJECT).unwrap_or_default();
        let prev = delivered.header(EXPECTED_LAST_SUBJECT_SEQUENCE).and_then(|text| text.parse().ok());
        Self::new(project, delivered.stream_seq, prev, delivered.payload())
    }

    fn new(project: &str, seq: u64, prev: Option<u64>, payload: &[u8]) -> Self {
        let events = serde_json::from_slice::<&RawValue>(payload).ok().filter(|json| json.get().starts_with('['));
        if events.is_none() {
            tracing::warn!(project, seq, "a message of the ledger is not a list of events");
        }
        let text = events.map_or("[]", RawValue::get);
        let events = serde_json::from_str(text).unwrap_or(RawValue::NULL);
        let frame = serde_json::to_string(&Frame { r#type: "commit", project, seq, prev, events }).unwrap_or_default();
        let about_project = text.contains("\"maestro.project.");
        Self { seq, project: project.into(), frame: frame.into(), about_project }
    }
}

#[cfg(test)]
impl Commit {
    pub fn example(project: &str, seq: u64, payload: &str) -> Self {
        Self::new(project, seq, None, payload.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_pass_as_they_are_and_rubbish_leaves_no_hole() {
        let frame = |payload: &str| Commit::new("web", 7, Some(5), payload.as_bytes()).frame.to_string();
        assert_eq!(
            frame(r#"[{"type":"maestro.x.y","data":{"n":1.50}}]"#),
            r#"{"type":"commit","project":"web","seq":7,"prev":5,"events":[{"type":"maestro.x.y","data":{"n":1.50}}]}"#
        );
        for rubbish in ["", "{}", "[1", "\u{0}"] {
            assert!(frame(rubbish).ends_with(r#""events":[]}"#), "{rubbish:?}");
        }
    }
}
