//! Putting a backup back. The ledger says that it is being filled before the first commit is written and that it is whole
//! after the last, under a new id; in between no server serves it, so a restore that was interrupted is done again.

use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use maestro_client::{AppendError, Client, Headers};
use maestro_wire::{
    CommandId, ErrorBody, ErrorCode, Lease, LedgerCreated, LedgerRestore, NewEvent, Place, RestoreView, Subject,
    decode_commit, digest, encode_commit, encode_ledger_words, header,
};
use ulid::Ulid;

use super::{
    archive,
    door::{Door, broker, unavailable},
    format::{Head, Record, damaged},
    past::{Decided, Past},
};
use crate::{clock::now, ledger::STREAM};

/// Who writes what a restore writes.
const WRITER: &str = "restore";
/// How long a server or a holder may take to say that it is there.
const LISTEN: Duration = Duration::from_secs(1);
const ACK: Duration = Duration::from_secs(5);
/// How often one message is tried, and how long after.
const ATTEMPTS: u32 = 30;
const PAUSE: Duration = Duration::from_millis(200);
/// How often a restore says how far it is.
const TELL: Duration = Duration::from_secs(3);
/// Durable consumers of EVENTS: what they have seen was another ledger.
const CONSUMERS: [&str; 1] = ["performer"];

/// Restores `path` (the newest backup in it, when it is a directory) into what the connections lead to.
///
/// # Errors
/// `backup_damaged`, `backup_too_new`: nothing was changed. `still_running`, `target_not_empty`: likewise. Others:
/// a part is there, no server serves it, and the same command begins anew.
pub async fn restore(door: &Door, spawner: &Client, path: &Path, replace: bool) -> Result<RestoreView, ErrorBody> {
    let path = newest(path)?;
    let mut past = Past::default();
    let (head, manifest) =
        archive::read(&path, |_, stream, record| if stream == STREAM { past.take(&record) } else { Ok(()) })?;
    tracing::info!(backup = head.id, entries = manifest.entries.len(), projects = past.count(), "the backup is whole");

    nobody_runs(door, &past).await?;
    let target = Target::look(door).await?;
    let replaced = target.must_take(replace)?;
    let ledger = Ulid::generate().to_string();
    let words = |finished| LedgerCreated {
        ledger_id: ledger.clone(),
        restore: Some(LedgerRestore { backup: head.id.clone(), finished }),
    };
    speak(&door.core, target.words_at, &words(false)).await?;
    target.empty(door).await?;

    let mut filler = Filler { door, spawner, backup: &head.id, places: HashMap::new(), counts: BTreeMap::new() };
    let runtime = tokio::runtime::Handle::current();
    let of: u64 = manifest.entries.iter().filter_map(|entry| entry.messages).sum();
    let (mut done, mut told) = (0_u64, Instant::now());
    // The file is read again, message by message; nothing else is to be done meanwhile.
    let again = tokio::task::block_in_place(|| {
        archive::read(&path, |head: &Head, stream, record| {
            if told.elapsed() > TELL {
                told = Instant::now();
                tracing::info!(stream, messages = done, of, "restoring");
            }
            done += 1;
            runtime.block_on(filler.put(stream, &record)).map_err(|error| error.with("backup", head.id.as_str()))
        })
    })?;
    if again.1 != manifest {
        return Err(damaged("it was changed while it was restored; the same command begins anew"));
    }
    let reason = format!("restored from the backup of {}", head.created_at);
    let ends = past.end(&reason)?;
    for decided in ends.decided {
        filler.decide(decided).await?;
    }
    let counts = std::mem::take(&mut filler.counts);
    let last = door.core.last_sequence(STREAM, &Subject::ledger().to_string()).await.map_err(broker)?;
    speak(&door.core, last, &words(true)).await?;
    Ok(RestoreView {
        backup: head.id,
        created_at: head.created_at,
        ledger,
        projects: past.count(),
        streams: counts,
        lost: ends.lost,
        replaced,
    })
}

/// The file itself, or the last by name of a directory's backups.
fn newest(path: &Path) -> Result<PathBuf, ErrorBody> {
    let missing = |text: String| {
        ErrorBody::new(ErrorCode::FileNotFound, text).suggest("name the file that `maestro backup` wrote")
    };
    if !path.is_dir() {
        let there = path.is_file();
        return if there { Ok(path.to_path_buf()) } else { Err(missing(format!("`{}` is not there", path.display()))) };
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let ours = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.starts_with("maestro-") && name.ends_with(".tar")
    };
    entries.filter(ours).max().ok_or_else(|| missing(format!("there is no maestro-….tar in `{}`", path.display())))
}

/// A server would decide on half a ledger. A session that runs under an id that the ledger is about to give to another
/// would speak for that one.
async fn nobody_runs(door: &Door, past: &Past) -> Result<(), ErrorBody> {
    let servers = door.core.service_stats(header::SERVICE, LISTEN, |_| false).await;
    let servers = servers.map_err(|error| unavailable(format!("the broker: {error}")))?;
    if !servers.is_empty() {
        return Err(ErrorBody::new(
            ErrorCode::StillRunning,
            format!("{} maestro-server on this ledger: stop it before anything is restored", servers.len()),
        )
        .commands(["maestro down"]));
    }
    let leases = door.work.bucket("LIVE").list(LISTEN * 5).await;
    let leases = leases.map_err(|error| unavailable(format!("the leases cannot be read: {error}")))?;
    let strangers: Vec<String> = leases
        .iter()
        .filter(|entry| {
            let known = entry.key.split_once('.').and_then(|(project, session)| {
                let lease: Lease = serde_json::from_slice(&entry.value).ok()?;
                Some(past.knows(&project.parse().ok()?, session.parse().ok()?, lease.epoch))
            });
            // What is no lease is nobody's.
            known == Some(false)
        })
        .map(|entry| entry.key.replacen('.', "/", 1))
        .collect();
    if strangers.is_empty() {
        return Ok(());
    }
    let text = format!("sessions run that the backup does not know as running: {}", strangers.join(", "));
    Err(ErrorBody::new(ErrorCode::StillRunning, text)
        .with("sessions", strangers)
        .suggest("stop the spawners that run them (`maestro down` without --keep-sessions), then restore"))
}

/// What is there before.
struct Target {
    /// Subjects of projects.
    projects: Vec<String>,
    /// The sequence of the ledger's last words; 0: it has none.
    words_at: u64,
    /// A restore into it was not finished.
    begun: bool,
    /// Streams that hold something, with how many messages.
    held: Vec<(&'static str, u64)>,
}

impl Target {
    async fn look(door: &Door) -> Result<Self, ErrorBody> {
        let ledger = Subject::ledger().to_string();
        let words = door.core.last_message(STREAM, &ledger).await.map_err(broker)?;
        let decoded = words.as_ref().and_then(|stored| decode_commit(&stored.payload).ok()?.ledger);
        let begun = decoded.and_then(|words| words.restore).is_some_and(|restore| !restore.finished);
        let subjects = door.core.subjects(STREAM, Subject::ALL_EVENTS).await.map_err(broker)?;
        let projects: Vec<String> = subjects.into_keys().filter(|subject| *subject != ledger).collect();
        let mut held = Vec::new();
        for (client, stream) in [(&door.core, "INBOX"), (&door.work, "TERM"), (&door.work, "OBJ_RECORDINGS")] {
            let messages = client.stream_info(stream).await.map_err(broker)?.messages;
            if messages > 0 {
                held.push((stream, messages));
            }
        }
        Ok(Self { projects, words_at: words.map_or(0, |stored| stored.seq), begun, held })
    }

    /// Whether something is forgotten for the backup.
    fn must_take(&self, replace: bool) -> Result<bool, ErrorBody> {
        let empty = self.projects.is_empty() && self.held.is_empty();
        if empty || self.begun || replace {
            return Ok(!empty && !self.begun);
        }
        let names = |subject: &String| subject.rsplit('.').next().unwrap_or_default().to_owned();
        let projects: Vec<String> = self.projects.iter().map(names).collect();
        let held = self.held.iter().map(|(stream, messages)| format!("{messages} messages in {stream}"));
        let told: Vec<String> = projects.iter().map(|id| format!("project {id}")).chain(held).take(10).collect();
        Err(ErrorBody::new(ErrorCode::TargetNotEmpty, format!("it is not empty: {}", told.join(", ")))
            .with("projects", projects)
            .suggest("back it up first; then --replace forgets what is there"))
    }

    /// Nothing is left but the ledger's words about itself.
    async fn empty(&self, door: &Door) -> Result<(), ErrorBody> {
        for subject in &self.projects {
            door.core.purge(STREAM, subject, None).await.map_err(broker)?;
        }
        for consumer in CONSUMERS {
            door.core.forget_consumer(STREAM, consumer).await.map_err(broker)?;
        }
        if self.held.iter().any(|(stream, _)| *stream == "INBOX") {
            door.core.purge("INBOX", Subject::ALL_INBOX, None).await.map_err(broker)?;
        }
        for stream in ["TERM", "OBJ_RECORDINGS", "SPAWN"] {
            door.work.purge(stream, ">", None).await.map_err(broker)?;
        }
        Ok(())
    }
}

/// Appends what the ledger says about itself behind `expected`.
async fn speak(core: &Client, expected: u64, words: &LedgerCreated) -> Result<(), ErrorBody> {
    let payload = encode_ledger_words(words, WRITER, Ulid::generate(), now()).map_err(damaged)?;
    let subject = Subject::ledger().to_string();
    append(core, &subject, &payload.into(), &headers(), Some(expected)).await.map(|_| ())
}

fn headers() -> Headers {
    Headers::new()
        .with(header::CONTENT_TYPE, header::CLOUD_EVENTS_BATCH)
        .with(header::WRITER, WRITER)
        .with(header::MODEL, header::MODEL_VERSION)
}

/// Where each message goes.
struct Filler<'a> {
    door: &'a Door,
    spawner: &'a Client,
    backup: &'a str,
    /// The last sequence of each subject of EVENTS, as it is in the new ledger.
    places: HashMap<String, u64>,
    counts: BTreeMap<String, u64>,
}

impl Filler<'_> {
    async fn put(&mut self, stream: &'static str, record: &Record) -> Result<(), ErrorBody> {
        let body = record.body()?;
        let mut headers = Headers::new();
        for (name, value) in &record.headers {
            // Guards are set anew; a text that is no header was none before.
            if !name.starts_with("Nats-Expected-") && !headers.put(name, value) {
                return Err(damaged(format!("message {} of {stream} has no such header: {name}", record.seq)));
            }
        }
        if stream == STREAM {
            if record.subject == Subject::ledger().to_string() {
                return Ok(());
            }
            let last = self.places.get(&record.subject).copied().unwrap_or_default();
            let seq = append(&self.door.core, &record.subject, &body, &headers, Some(last)).await?;
            self.places.insert(record.subject.clone(), seq);
        } else {
            // What cannot be guarded is told apart by its name when it has to be said twice.
            headers.set("Nats-Msg-Id", format!("{}-{stream}-{}", self.backup, record.seq));
            let client = if stream == "INBOX" { &self.door.core } else { self.spawner };
            append(client, &record.subject, &body, &headers, None).await?;
        }
        *self.counts.entry(stream.to_owned()).or_default() += 1;
        Ok(())
    }

    /// One commit for one decision of the restore itself.
    async fn decide(&mut self, decided: Decided) -> Result<(), ErrorBody> {
        let Decided { project, session, command, events } = decided;
        let (time, digest) = (now(), digest(&command.request));
        let id = CommandId::derived(time, &format!("restore {} {project} {session}", self.backup));
        let event = |event| NewEvent {
            id: Ulid::generate(),
            source: WRITER,
            time,
            actor: &command.caller.actor,
            command: id,
            digest: &digest,
            traceparent: None,
            event,
        };
        let new: Vec<NewEvent<'_>> = events.iter().map(event).collect();
        let payload = encode_commit(&new).map_err(damaged)?;
        let subject = Subject::Events { place: Place::Project(project) }.to_string();
        let last = self.places.get(&subject).copied().unwrap_or_default();
        let seq = append(&self.door.core, &subject, &payload.into(), &headers(), Some(last)).await?;
        self.places.insert(subject, seq);
        Ok(())
    }
}

/// Appends, and tries again for as long as the reason may pass. A guarded one that may be there is looked for.
async fn append(
    client: &Client,
    subject: &str,
    body: &maestro_client::Bytes,
    headers: &Headers,
    expected: Option<u64>,
) -> Result<u64, ErrorBody> {
    let mut attempt = 0;
    let mut unsure = false;
    loop {
        let error = match client.append(subject, body.clone(), headers, expected, ACK).await {
            Ok(appended) => return Ok(appended.seq),
            // Said twice: the first was heard.
            Err(AppendError::Conflict { last: None }) if expected.is_none() => return Ok(0),
            // Nobody else writes, so what came in between is what was said before.
            Err(AppendError::Conflict { last: Some(last) }) if unsure && Some(last) > expected => return Ok(last),
            Err(error @ AppendError::Unknown) => {
                unsure = true;
                error
            }
            Err(
                error @ (AppendError::Disconnected
                | AppendError::Unavailable(_)
                | AppendError::NoStream { .. }
                | AppendError::Conflict { last: None }),
            ) => error,
            Err(AppendError::Full { reason }) => {
                return Err(ErrorBody::new(ErrorCode::LedgerFull, format!("there is no room for it: {reason}"))
                    .suggest("make room on the broker's disk, then restore again"));
            }
            Err(error) => return Err(unavailable(format!("`{subject}` was not taken: {error}"))),
        };
        attempt += 1;
        if attempt >= ATTEMPTS {
            return Err(unavailable(format!("`{subject}` was not taken: {error}")));
        }
        tokio::time::sleep(PAUSE).await;
    }
}
