//! The shape of a backup: a tar archive that says first what it is and last what must be in it.
//!
//! ```text
//! maestro-backup.json          what this is: format, version, ledger, when ([`Head`])
//! streams/EVENTS/000001.jsonl  messages of a stream, one a line, in their order ([`Record`])
//! streams/…
//! manifest.json                every entry before it, with its length and SHA-256 ([`Manifest`])
//! ```
//!
//! A change that an older program would misread gets the next version; a program reads every version up to its own.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use maestro_client::Headers;
use maestro_domain::Timestamp;
use maestro_wire::{ErrorBody, ErrorCode};
use serde::{Deserialize, Serialize};

/// What [`Head::format`] says.
pub const FORMAT: &str = "maestro-backup";
/// The version that is written, and the newest that is read.
pub const VERSION: u32 = 1;
pub const HEAD: &str = "maestro-backup.json";
pub const MANIFEST: &str = "manifest.json";

/// The streams of a backup, in its order. INBOX comes before EVENTS: a command that is decided in between is in both, and
/// its id says that it is the same. What is about things that run now (SPAWN, LIVE, NODES) is in no backup.
pub const STREAMS: [&str; 4] = ["INBOX", "EVENTS", "TERM", "OBJ_RECORDINGS"];

/// The first entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Head {
    /// `maestro-backup`
    pub format: String,
    pub version: u32,
    /// A ULID; tells this backup from every other.
    pub id: String,
    pub created_at: Timestamp,
    /// The version of the Maestro that wrote it.
    pub maestro: String,
    /// The greatest `Maestro-Model` that may stand in it.
    pub model: u32,
    /// The id of the ledger it was taken from.
    pub ledger: String,
}

/// The last entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Every other entry, in the archive's order.
    pub entries: Vec<Entry>,
}

/// What must be true of one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    pub name: String,
    pub bytes: u64,
    /// Lower-case hexadecimal.
    pub sha256: String,
    /// How many lines it has, when it holds messages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messages: Option<u64>,
}

/// One message of a stream.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// Its sequence in the stream that it was read from.
    pub seq: u64,
    pub subject: String,
    /// When the stream took it.
    pub time: Timestamp,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// The body, when it is UTF-8.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The body otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base64: Option<String>,
}

impl Record {
    pub fn new(seq: u64, subject: &str, time: Timestamp, headers: &Headers, body: &[u8]) -> Self {
        let (text, base64) = match std::str::from_utf8(body) {
            Ok(text) => (Some(text.to_owned()), None),
            Err(_) => (None, Some(STANDARD.encode(body))),
        };
        let headers = headers.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Self { seq, subject: subject.to_owned(), time, headers, text, base64 }
    }

    /// The body as it was.
    pub fn body(&self) -> Result<Bytes, ErrorBody> {
        match (&self.text, &self.base64) {
            (Some(text), None) => Ok(Bytes::copy_from_slice(text.as_bytes())),
            (None, Some(base64)) => match STANDARD.decode(base64) {
                Ok(bytes) => Ok(bytes.into()),
                Err(error) => Err(damaged(format!("message {} of {}: {error}", self.seq, self.subject))),
            },
            (None, None) | (Some(_), Some(_)) => Err(damaged(format!("message {} has not one body", self.seq))),
        }
    }
}

/// The name of a stream's segment, counting from 1.
pub fn segment(stream: &str, number: u32) -> String {
    format!("streams/{stream}/{number:06}.jsonl")
}

/// The stream that an entry belongs to; `None`: none of this version.
pub fn stream_of(entry: &str) -> Option<&'static str> {
    let (stream, _) = entry.strip_prefix("streams/")?.split_once('/')?;
    STREAMS.into_iter().find(|known| *known == stream)
}

/// The file is no backup, or not all of it is there.
pub fn damaged(what: impl std::fmt::Display) -> ErrorBody {
    ErrorBody::new(ErrorCode::BackupDamaged, format!("the backup cannot be trusted: {what}"))
        .suggest("take another backup, or another copy of this one: nothing was changed")
}

/// Somebody newer wrote it.
pub fn too_new(what: impl std::fmt::Display) -> ErrorBody {
    let ours = env!("CARGO_PKG_VERSION");
    ErrorBody::new(ErrorCode::BackupTooNew, format!("the backup is newer than this Maestro ({ours}): {what}"))
        .suggest("install the Maestro that wrote it, or a newer one: nothing was changed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_comes_back_whatever_it_is() {
        let headers = Headers::new().with("A", "b");
        for body in [&b""[..], b"[]", "ö\n\u{1b}[0m\"\\".as_bytes(), &[0xff, 0, 7]] {
            let record = Record::new(7, "a.b", Timestamp::from_millis(1), &headers, body);
            let line = serde_json::to_string(&record).unwrap();
            assert!(!line.contains('\n'), "{line}");
            let read: Record = serde_json::from_str(&line).unwrap();
            assert_eq!((&read, read.body().unwrap().as_ref()), (&record, body));
        }
        let none = r#"{"seq":1,"subject":"a","time":"1970-01-01T00:00:00.001Z"}"#;
        assert_eq!(serde_json::from_str::<Record>(none).unwrap().body().unwrap_err().code, ErrorCode::BackupDamaged);
    }

    #[test]
    fn entries_name_their_stream() {
        assert_eq!(stream_of(&segment("TERM", 12)), Some("TERM"));
        assert_eq!((stream_of("streams/OTHER/000001.jsonl"), stream_of(HEAD)), (None, None));
    }
}
