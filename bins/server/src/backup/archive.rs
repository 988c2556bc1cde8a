//! Writing and reading the archive. Nothing here knows what the messages say.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Write},
    path::Path,
};

use maestro_wire::ErrorBody;
use sha2::{Digest, Sha256};

use super::format::{
    Entry, FORMAT, HEAD, Head, MANIFEST, Manifest, Record, VERSION, damaged, segment, stream_of, too_new,
};

/// A segment closes at this size; it is held in memory until then.
const SEGMENT: usize = 4 << 20;
/// What one entry may take when it is read: a segment is less, whatever its last message was.
const LARGEST_ENTRY: u64 = 64 << 20;

/// An archive that is being written.
pub struct Writer {
    tar: tar::Builder<BufWriter<File>>,
    seconds: u64,
    entries: Vec<Entry>,
    stream: &'static str,
    number: u32,
    lines: Vec<u8>,
    count: u64,
}

impl Writer {
    /// Begins with the head. The file is the caller's, empty.
    pub fn begin(file: File, head: &Head) -> io::Result<Self> {
        let seconds = u64::try_from(head.created_at.as_millis() / 1000).unwrap_or_default();
        let tar = tar::Builder::new(BufWriter::new(file));
        let mut writer = Self { tar, seconds, entries: Vec::new(), stream: "", number: 0, lines: Vec::new(), count: 0 };
        let mut text = serde_json::to_vec_pretty(head)?;
        text.push(b'\n');
        writer.entry(HEAD, &text, None)?;
        Ok(writer)
    }

    /// Adds a message; those of one stream come together, in their order.
    pub fn message(&mut self, stream: &'static str, record: &Record) -> io::Result<()> {
        if stream != self.stream {
            self.close_segment()?;
            (self.stream, self.number) = (stream, 0);
        }
        serde_json::to_writer(&mut self.lines, record)?;
        self.lines.push(b'\n');
        self.count += 1;
        if self.lines.len() >= SEGMENT { self.close_segment() } else { Ok(()) }
    }

    /// Ends with the manifest; everything is on the disk then.
    pub fn finish(mut self) -> io::Result<Manifest> {
        self.close_segment()?;
        let manifest = Manifest { entries: std::mem::take(&mut self.entries) };
        let mut text = serde_json::to_vec_pretty(&manifest)?;
        text.push(b'\n');
        self.entry(MANIFEST, &text, None)?;
        let mut file = self.tar.into_inner()?;
        file.flush()?;
        file.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        Ok(manifest)
    }

    fn close_segment(&mut self) -> io::Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        self.number += 1;
        let lines = std::mem::take(&mut self.lines);
        let count = std::mem::take(&mut self.count);
        self.entry(&segment(self.stream, self.number), &lines, Some(count))
    }

    fn entry(&mut self, name: &str, content: &[u8], messages: Option<u64>) -> io::Result<()> {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        header.set_mtime(self.seconds);
        self.tar.append_data(&mut header, name, content)?;
        let (bytes, sha256) = (content.len() as u64, hex(&Sha256::digest(content)));
        self.entries.push(Entry { name: name.to_owned(), bytes, sha256, messages });
        Ok(())
    }
}

/// Reads a whole archive, in its order; `message` gets each one with its stream. What was read is believed only when
/// this returns: the manifest comes last.
///
/// # Errors
/// `backup_damaged`, `backup_too_new`, and what `message` answers.
pub fn read(
    path: &Path,
    mut message: impl FnMut(&Head, &'static str, Record) -> Result<(), ErrorBody>,
) -> Result<(Head, Manifest), ErrorBody> {
    let file = File::open(path).map_err(damaged)?;
    let mut archive = tar::Archive::new(BufReader::with_capacity(1 << 20, file));
    let mut head: Option<Head> = None;
    let mut seen: Vec<Entry> = Vec::new();
    let mut manifest: Option<Manifest> = None;
    for entry in archive.entries().map_err(damaged)? {
        let mut entry = entry.map_err(damaged)?;
        let name = entry.path().map_err(damaged)?.to_string_lossy().into_owned();
        if manifest.is_some() {
            return Err(damaged(format!("`{name}` stands behind its manifest")));
        }
        if entry.size() > LARGEST_ENTRY {
            return Err(damaged(format!("`{name}` has {} bytes, more than any of ours", entry.size())));
        }
        let mut content = Vec::with_capacity(usize::try_from(entry.size()).unwrap_or_default());
        entry.read_to_end(&mut content).map_err(|error| damaged(format!("`{name}`: {error}")))?;
        if content.len() as u64 != entry.size() {
            return Err(damaged(format!("`{name}` ends too early")));
        }
        if name == MANIFEST {
            manifest = Some(serde_json::from_slice(&content).map_err(|e| damaged(format!("`{name}`: {e}")))?);
            continue;
        }
        let messages = match &head {
            None => {
                head = Some(read_head(&name, &content)?);
                None
            }
            Some(head) => Some(read_segment(head, &name, &content, &mut message)?),
        };
        let (bytes, sha256) = (content.len() as u64, hex(&Sha256::digest(&content)));
        seen.push(Entry { name, bytes, sha256, messages });
    }
    let (Some(head), Some(manifest)) = (head, manifest) else {
        return Err(damaged("its end is missing"));
    };
    compare(&seen, &manifest.entries)?;
    Ok((head, manifest))
}

fn read_head(name: &str, content: &[u8]) -> Result<Head, ErrorBody> {
    if name != HEAD {
        return Err(damaged(format!("it begins with `{name}`, not with `{HEAD}`: this is no backup of Maestro")));
    }
    // Of a newer version only this much is certain.
    #[derive(serde::Deserialize)]
    struct Beginning {
        format: String,
        version: u32,
        #[serde(default)]
        maestro: String,
    }
    let beginning: Beginning = serde_json::from_slice(content).map_err(|e| damaged(format!("`{name}`: {e}")))?;
    let Beginning { format, version, maestro } = beginning;
    if format != FORMAT {
        return Err(damaged(format!("its format is `{format}`, not `{FORMAT}`")));
    }
    if version > VERSION {
        return Err(too_new(format!(
            "it has version {version} and was written by Maestro {maestro}; {VERSION} is read"
        )));
    }
    serde_json::from_slice(content).map_err(|e| damaged(format!("`{name}`: {e}")))
}

fn read_segment(
    head: &Head,
    name: &str,
    content: &[u8],
    message: &mut impl FnMut(&Head, &'static str, Record) -> Result<(), ErrorBody>,
) -> Result<u64, ErrorBody> {
    let Some(stream) = stream_of(name) else { return Err(damaged(format!("nobody knows what `{name}` is"))) };
    let mut count = 0;
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        count += 1;
        let record = serde_json::from_slice(line).map_err(|e| damaged(format!("line {count} of `{name}`: {e}")))?;
        message(head, stream, record)?;
    }
    Ok(count)
}

fn compare(seen: &[Entry], told: &[Entry]) -> Result<(), ErrorBody> {
    for (seen, told) in seen.iter().zip(told) {
        if seen.name != told.name {
            return Err(damaged(format!("`{}` is where `{}` should be", seen.name, told.name)));
        }
        if seen.sha256 != told.sha256 || seen.bytes != told.bytes {
            return Err(damaged(format!("`{}` is not what was written: its checksum differs", seen.name)));
        }
        if seen.messages != told.messages {
            return Err(damaged(format!("`{}` has another number of messages than it says", seen.name)));
        }
    }
    if seen.len() != told.len() {
        return Err(damaged(format!("it has {} entries, {} were written", seen.len(), told.len())));
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
