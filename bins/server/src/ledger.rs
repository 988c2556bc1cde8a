//! The ledger: one stream, one subject a project, one message a commit.

mod own;
mod recent;

use std::{sync::Arc, time::Duration};

use anyhow::{Context, bail};
use bytes::Bytes;
use maestro_client::{AppendError, Client, Delivered, Headers, ReadError, Stored};
use maestro_domain::{Event, ProjectId};
use maestro_wire::{CommitError, Decoded, Place, Recorded, Subject, decode_commit, encode_ledger, header};
use tokio::sync::OwnedSemaphorePermit;
use ulid::Ulid;

use crate::clock::now;

pub const STREAM: &str = "EVENTS";
const ACK_TIMEOUT: Duration = Duration::from_secs(2);

/// One commit as followers see it.
#[derive(Debug)]
pub struct Commit {
    pub project: ProjectId,
    pub seq: u64,
    /// The subject's last sequence that the writer expected: the link to the commit before.
    pub expected: Option<u64>,
    pub writer: String,
    pub model: u32,
    pub decoded: Decoded,
    /// Of the message, in bytes.
    pub size: usize,
    /// Of the message's bytes.
    pub digest: u64,
    /// Its share of what may lie between the follower and those who apply.
    pub room: Option<OwnedSemaphorePermit>,
}

impl Commit {
    /// Whether the project ends with it. A purge has a commit of its own.
    #[must_use]
    pub fn purges(&self) -> bool {
        matches!(self.decoded.events.first().map(|r| &r.event), Some(Event::Project { after: None, .. }))
    }
}

/// Access to the stream EVENTS as one replica.
#[derive(Clone)]
pub struct Ledger {
    client: Client,
    replica: Arc<str>,
    id: Arc<str>,
    own: Arc<own::Own>,
    recent: Arc<recent::Recent>,
}

impl Ledger {
    /// Reads the ledger's id; the first server of an empty ledger gives it one.
    pub async fn open(client: Client, replica: &str) -> anyhow::Result<Self> {
        let subject = Subject::ledger().to_string();
        for _ in 0..5 {
            if let Some(stored) = client.last_message(STREAM, &subject).await.context("reading the ledger's id")? {
                let decoded = decode_commit(&stored.payload).context("the ledger's first words")?;
                let Some(ledger) = decoded.ledger else { bail!("the subject {subject} holds something else") };
                if let Some(restore) = ledger.restore.filter(|restore| !restore.finished) {
                    let backup = restore.backup;
                    bail!("the ledger holds a part of backup {backup}: `maestro restore` it again, to its end");
                }
                let (own, recent) = Default::default();
                return Ok(Self { client, replica: replica.into(), id: ledger.ledger_id.into(), own, recent });
            }
            let id = Ulid::generate().to_string();
            let payload = encode_ledger(&id, replica, Ulid::generate(), now())?;
            let headers = commit_headers(replica);
            match client.append(&subject, payload.into(), &headers, Some(0), ACK_TIMEOUT).await {
                // Somebody else was first, or is about to be: read again.
                Ok(_) | Err(AppendError::Conflict { .. } | AppendError::Unknown) => {}
                Err(error) => return Err(error).context("founding the ledger"),
            }
        }
        bail!("the ledger could not be founded")
    }

    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    #[must_use]
    pub fn replica(&self) -> &str {
        &self.replica
    }

    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Appends a commit behind `expected`. What it says is kept for the follower, who then need not read it again.
    pub async fn append(
        &self,
        project: &ProjectId,
        payload: Bytes,
        expected: u64,
        events: Vec<Recorded>,
    ) -> Result<u64, AppendError> {
        let subject = Subject::events(project).to_string();
        let headers = commit_headers(&self.replica);
        let digest = digest(&payload);
        self.own.put(digest, events);
        let appended = self.client.append(&subject, payload, &headers, Some(expected), ACK_TIMEOUT).await;
        if matches!(appended, Err(AppendError::Conflict { last: Some(_) })) {
            self.own.take(digest);
        }
        Ok(appended?.seq)
    }

    /// The project's last sequence, by the stream's leader.
    pub async fn last_sequence(&self, project: &ProjectId) -> Result<u64, ReadError> {
        self.client.last_sequence(STREAM, &Subject::events(project).to_string()).await
    }

    /// The first commit of a project at or after `seq`, by the leader.
    pub async fn next_commit(&self, project: &ProjectId, seq: u64) -> Result<Option<Commit>, LedgerError> {
        let stored = self.client.next_message(STREAM, &Subject::events(project).to_string(), seq).await?;
        Ok(stored.map(|stored| from_stored(&stored)).transpose()?.flatten())
    }

    /// The commit at exactly this sequence, of this project.
    pub async fn commit_at(&self, project: &ProjectId, seq: u64) -> Result<Option<Decoded>, LedgerError> {
        let payload = self.payload_at(project, seq).await?;
        Ok(payload.map(|payload| decode_commit(&payload)).transpose()?)
    }

    /// The bytes of a commit that is known to be there; `None` when it was purged since.
    pub async fn payload_at(&self, project: &ProjectId, seq: u64) -> Result<Option<Bytes>, ReadError> {
        if let Some(payload) = self.recent.get(project, seq) {
            return Ok(Some(payload));
        }
        let stored = self.client.message_near(STREAM, seq).await?;
        let ours = stored.filter(|stored| stored.subject == Subject::events(project).to_string());
        Ok(ours.map(|stored| {
            // Whoever reads a timeline reads it again.
            self.recent.put(project, seq, &stored.payload);
            stored.payload
        }))
    }

    /// Reads a message that was followed; `None` for the ledger's words about itself.
    pub fn followed(&self, delivered: &Delivered) -> Result<Option<Commit>, CommitError> {
        let header = |name: &str| delivered.header(name).map(str::to_owned);
        let own = |digest| self.own.take(digest);
        let commit = read(delivered.subject(), delivered.stream_seq, header, delivered.payload(), own)?;
        if let Some(purged) = commit.as_ref().filter(|commit| commit.purges()) {
            self.recent.forget(&purged.project, purged.seq);
        }
        if let Some(commit) = commit.as_ref().filter(|_| delivered.pending < RECENT_BEHIND) {
            self.recent.put(&commit.project, commit.seq, delivered.payload());
        }
        Ok(commit)
    }
}

/// While more than this is still to be followed, commits are old news that nobody is about to ask for.
const RECENT_BEHIND: u64 = 256;

/// A commit could not be had.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error(transparent)]
    Commit(#[from] CommitError),
}

fn commit_headers(replica: &str) -> Headers {
    Headers::new()
        .with(header::CONTENT_TYPE, header::CLOUD_EVENTS_BATCH)
        .with(header::WRITER, replica)
        .with(header::MODEL, header::MODEL_VERSION)
}

fn from_stored(stored: &Stored) -> Result<Option<Commit>, CommitError> {
    let header = |name: &str| stored.headers.get(name).map(str::to_owned);
    read(&stored.subject, stored.seq, header, &stored.payload, |_| None)
}

fn read(
    subject: &str,
    seq: u64,
    header: impl Fn(&str) -> Option<String>,
    payload: &Bytes,
    own: impl Fn(u64) -> Option<Vec<Recorded>>,
) -> Result<Option<Commit>, CommitError> {
    let Ok(Subject::Events { place: Place::Project(project) }) = subject.parse() else { return Ok(None) };
    let model = header(header::MODEL).and_then(|text| text.parse().ok()).unwrap_or(1);
    // Words of a newer model are not read: whoever decides must stop here.
    let digest = digest(payload);
    let decoded = match own(digest) {
        _ if model > header::MODEL_VERSION => Decoded::default(),
        Some(events) => Decoded { events, ..Decoded::default() },
        None => decode_commit(payload)?,
    };
    Ok(Some(Commit {
        project,
        seq,
        expected: header(header::EXPECTED_LAST_SUBJECT_SEQUENCE).and_then(|text| text.parse().ok()),
        writer: header(header::WRITER).unwrap_or_default(),
        model,
        decoded,
        size: payload.len(),
        digest,
        room: None,
    }))
}

/// The digest of a message that the projection remembers beside its position.
#[must_use]
pub fn digest(payload: &[u8]) -> u64 {
    xxhash_rust::xxh3::xxh3_64(payload)
}
