//! Writing a backup while everything runs.

use std::{
    fs::{File, OpenOptions},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    time::Duration,
};

use maestro_client::{Client, Delivered, FollowOptions, Item, Start, StreamInfo};
use maestro_domain::Timestamp;
use maestro_wire::{BackupStream, BackupView, ErrorBody, ErrorCode, Place, Subject, decode_commit, header};
use ulid::Ulid;

use super::{
    archive::{self, Writer},
    door::{Door, broker, unavailable},
    format::{FORMAT, Head, Record, STREAMS, VERSION, damaged},
    past::Past,
    place,
};
use crate::{clock::now, ledger::STREAM};

/// A stream that says nothing for this long is looked at: what was to come may have been removed.
const SILENCE: Duration = Duration::from_secs(2);
/// A broker that does not bring what the stream's leader has is given up after this many looks.
const LOOKS: u32 = 60;
/// How often a backup begins anew because a project was forgotten under it.
const ATTEMPTS: u32 = 3;

/// Writes a backup to `path`, or into it when it is a directory.
///
/// # Errors
/// `file_exists`, `unavailable` and the broker's; what was begun is removed then.
pub async fn make(door: &Door, path: &Path) -> Result<BackupView, ErrorBody> {
    let ledger = ledger_id(&door.core).await?;
    let head = Head {
        format: FORMAT.to_owned(),
        version: VERSION,
        id: Ulid::generate().to_string(),
        created_at: now(),
        maestro: env!("CARGO_PKG_VERSION").to_owned(),
        model: header::MODEL_VERSION,
        ledger,
    };
    let target = target(path, &head)?;
    let part = PathBuf::from(format!("{}.part", target.display()));
    let written = write(door, &head, &part).await;
    let finished = written.and_then(|view| {
        place::name(&part, &target).map_err(|error| file_error(&target, &error))?;
        Ok(BackupView { file: target.display().to_string(), ..view })
    });
    // In its place or of no use.
    let _gone = std::fs::remove_file(&part);
    if let Some(directory) = target.parent().and_then(|parent| File::open(parent).ok()) {
        // The name is on the disk too, where the system does that for directories.
        let _synced = directory.sync_all();
    }
    finished
}

async fn write(door: &Door, head: &Head, part: &Path) -> Result<BackupView, ErrorBody> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let file = OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(part);
        let mut writer = file.and_then(|file| Writer::begin(file, head)).map_err(|error| file_error(part, &error))?;
        let mut seq = 0;
        for stream in STREAMS {
            let client = if matches!(stream, "EVENTS" | "INBOX") { &door.core } else { &door.work };
            let to = &mut |record: &Record| writer.message(stream, record).map_err(|error| file_error(part, &error));
            let last = if stream == "INBOX" { read_queue(client, to).await? } else { copy(client, stream, to).await? };
            if stream == STREAM {
                seq = last;
            }
        }
        let manifest = writer.finish().map_err(|error| file_error(part, &error))?;
        // Read as a restore would: a backup that cannot be put back is none.
        let mut past = Past::default();
        let read = archive::read(part, |_, stream, record| if stream == STREAM { past.take(&record) } else { Ok(()) });
        if let Some(project) = forgotten_meanwhile(&door.core, &past).await? {
            if attempt < ATTEMPTS {
                tracing::info!(project, "a project was purged while it was read; beginning anew");
                continue;
            }
            return Err(unavailable(format!("project {project} was purged while it was read")));
        }
        read?;
        let streams = STREAMS.map(|stream| {
            let prefix = format!("streams/{stream}/");
            let of_it = manifest.entries.iter().filter(|entry| entry.name.starts_with(&prefix));
            let (messages, bytes) =
                of_it.fold((0, 0), |(messages, bytes), e| (messages + e.messages.unwrap_or_default(), bytes + e.bytes));
            (stream.to_owned(), BackupStream { messages, bytes })
        });
        return Ok(BackupView {
            file: String::new(),
            id: head.id.clone(),
            version: head.version,
            created_at: head.created_at,
            ledger: head.ledger.clone(),
            seq,
            bytes: part.metadata().map(|metadata| metadata.len()).unwrap_or_default(),
            projects: past.count(),
            streams: streams.into(),
        });
    }
}

/// The id of the ledger that is there.
async fn ledger_id(core: &Client) -> Result<String, ErrorBody> {
    let stored = core.last_message(STREAM, &Subject::ledger().to_string()).await.map_err(broker)?;
    let words = stored.and_then(|stored| decode_commit(&stored.payload).ok()?.ledger);
    match words {
        None => Err(unavailable("there is no ledger yet: nothing was ever stored here")),
        Some(words) if words.restore.as_ref().is_some_and(|restore| !restore.finished) => {
            Err(unavailable("a restore into this ledger was not finished; there is nothing whole to back up"))
        }
        Some(words) => Ok(words.ledger_id),
    }
}

/// A project whose history is not what was read any more.
async fn forgotten_meanwhile(core: &Client, past: &Past) -> Result<Option<String>, ErrorBody> {
    for (id, first) in past.firsts() {
        let subject = Subject::Events { place: Place::Project(id.clone()) }.to_string();
        let there = core.next_message(STREAM, &subject, 0).await.map_err(broker)?;
        if there.is_none_or(|stored| stored.seq != first) {
            return Ok(Some(id.to_string()));
        }
    }
    Ok(None)
}

/// Where the file goes. A directory gets one that is named by ledger and time, so that the newest sorts last.
fn target(path: &Path, head: &Head) -> Result<PathBuf, ErrorBody> {
    let target = if path.is_dir() {
        let time: String = head.created_at.to_string().chars().filter(char::is_ascii_alphanumeric).take(15).collect();
        path.join(format!("maestro-{time}-{}.tar", head.ledger))
    } else {
        path.to_path_buf()
    };
    if target.exists() {
        return Err(ErrorBody::new(ErrorCode::FileExists, format!("`{}` is there already", target.display()))
            .suggest("name another file, or a directory: then each backup gets a name of its own"));
    }
    Ok(target)
}

/// Everything that is in a stream now, without a mark on it. Answers the last sequence.
async fn copy(
    client: &Client,
    stream: &str,
    to: &mut impl FnMut(&Record) -> Result<(), ErrorBody>,
) -> Result<u64, ErrorBody> {
    let StreamInfo { messages, last_seq, .. } = client.stream_info(stream).await.map_err(broker)?;
    if messages == 0 {
        return Ok(last_seq);
    }
    let mut follower = client.follow(FollowOptions::new(stream, None, Start::First, "backup"));
    let (mut read, mut looks) = (0, 0);
    while read < last_seq {
        let item = match tokio::time::timeout(SILENCE, follower.next()).await {
            Ok(item) => item.map_err(|error| unavailable(format!("{stream} cannot be read: {error}")))?,
            Err(_) if is_more(client, stream, read, last_seq).await? => {
                looks += 1;
                if looks == LOOKS {
                    return Err(unavailable(format!("{stream} is not brought beyond sequence {read} of {last_seq}")));
                }
                continue;
            }
            Err(_) => break,
        };
        match item {
            Item::Message(delivered) if delivered.stream_seq > last_seq => break,
            Item::Message(delivered) => {
                to(&record(&delivered))?;
                (read, looks) = (delivered.stream_seq, 0);
                // The broker that brings them may be behind the one that leads the stream.
                if delivered.pending == 0 && read < last_seq && !is_more(client, stream, read, last_seq).await? {
                    break;
                }
            }
            // Old terminal output goes, and so do purged projects.
            Item::Gap { .. } => {}
            Item::Behind { .. } => return Err(damaged(format!("{stream} was made anew while it was read"))),
        }
    }
    follower.close().await;
    Ok(last_seq)
}

/// Whether the stream's leader has a message behind `read`, up to `last`.
async fn is_more(client: &Client, stream: &str, read: u64, last: u64) -> Result<bool, ErrorBody> {
    let next = client.next_message(stream, ">", read + 1).await.map_err(broker)?;
    Ok(next.is_some_and(|next| next.seq <= last))
}

/// A work queue is read message by message: a second consumer of it is not allowed.
async fn read_queue(client: &Client, to: &mut impl FnMut(&Record) -> Result<(), ErrorBody>) -> Result<u64, ErrorBody> {
    let last = client.stream_info("INBOX").await.map_err(broker)?.last_seq;
    let mut next = 1;
    while let Some(stored) = client.next_message("INBOX", Subject::ALL_INBOX, next).await.map_err(broker)? {
        if stored.seq > last {
            break;
        }
        next = stored.seq + 1;
        let time = stored.taken().unwrap_or_else(now);
        to(&Record::new(stored.seq, &stored.subject, time, &stored.headers, &stored.payload))?;
    }
    Ok(last)
}

fn record(delivered: &Delivered) -> Record {
    let millis = i64::try_from(delivered.unix_nanos / 1_000_000).unwrap_or_default();
    let time = Timestamp::from_millis(millis);
    Record::new(delivered.stream_seq, delivered.subject(), time, &delivered.headers(), delivered.payload())
}

fn file_error(path: &Path, error: &std::io::Error) -> ErrorBody {
    let (code, hint) = match error.kind() {
        std::io::ErrorKind::NotFound => (ErrorCode::FileNotFound, "name a file in a directory that exists"),
        std::io::ErrorKind::AlreadyExists => (ErrorCode::FileExists, "name another file"),
        std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
            (ErrorCode::Unavailable, "name a file where the server's user may write")
        }
        _ => (ErrorCode::Unavailable, "make room or name a file elsewhere"),
    };
    ErrorBody::new(code, format!("`{}`: {error}", path.display())).suggest(hint)
}
