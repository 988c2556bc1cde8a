//! The agent's output by byte offset: the newest part in memory, more of it in two bounded files, all of it counted.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// What is kept in memory: readers that keep up need no file, and a full disk loses them nothing.
const TAIL: usize = 256 * 1024;

/// A file and the offset of its first byte.
struct Part {
    file: File,
    start: u64,
    length: u64,
}

/// The record. When half of the bound is written the file becomes `….1` and a new one begins, so that the newest
/// output is there and both together stay within the bound.
pub(super) struct Record {
    path: PathBuf,
    former: Option<Part>,
    current: Option<Part>,
    half: u64,
    tail: VecDeque<u8>,
    end: u64,
    told: bool,
}

/// What was asked for, or the first thing after it that is still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Read {
    pub offset: u64,
    pub bytes: Vec<u8>,
}

impl Record {
    /// # Errors
    /// When the directory or the file cannot be made.
    pub(super) fn open(path: &Path, bound: u64) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let current = Part { file: create(path)?, start: 0, length: 0 };
        Ok(Self {
            path: path.to_path_buf(),
            former: None,
            current: Some(current),
            half: (bound / 2).max(1),
            tail: VecDeque::new(),
            end: 0,
            told: false,
        })
    }

    /// How many bytes there were so far.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Takes what the agent wrote, whatever becomes of the file: an agent must not stall on its output.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        let kept = bytes.len().min(TAIL);
        let over = (self.tail.len() + kept).saturating_sub(TAIL);
        self.tail.drain(..over);
        self.tail.extend(&bytes[bytes.len() - kept..]);
        for part in bytes.chunks(usize::try_from(self.half).unwrap_or(usize::MAX)) {
            if let Err(error) = self.append(part) {
                if !std::mem::replace(&mut self.told, true) {
                    tracing::warn!(cause = %error, "output is not kept on disk");
                }
                // What is in the files has a hole behind it now; the next write begins anew.
                (self.former, self.current) = (None, None);
            }
            self.end += part.len() as u64;
        }
    }

    fn append(&mut self, part: &[u8]) -> io::Result<()> {
        let length = part.len() as u64;
        if self.current.as_ref().is_some_and(|current| current.length > 0 && current.length + length > self.half) {
            let mut former = self.path.clone().into_os_string();
            former.push(".1");
            fs::rename(&self.path, former)?;
            self.former = self.current.take();
        }
        let current = match &mut self.current {
            Some(current) => current,
            None => self.current.insert(Part { file: create(&self.path)?, start: self.end, length: 0 }),
        };
        current.file.write_all(part)?;
        current.length += length;
        Ok(())
    }

    /// At most `most` bytes from `from` on; what is not there any more is passed over.
    pub(super) fn read(&self, from: u64, most: usize) -> Read {
        let tail_start = self.end - self.tail.len() as u64;
        if from >= tail_start {
            let first = usize::try_from(from.min(self.end) - tail_start).unwrap_or(self.tail.len());
            let bytes = self.tail.range(first..).take(most).copied().collect();
            return Read { offset: from.min(self.end), bytes };
        }
        for part in [&self.former, &self.current].into_iter().flatten() {
            let end = part.start + part.length;
            if from < end && part.length > 0 {
                let offset = from.max(part.start);
                let mut bytes = vec![0; most.min(usize::try_from(end - offset).unwrap_or(most))];
                if part.file.read_exact_at(&mut bytes, offset - part.start).is_ok() {
                    return Read { offset, bytes };
                }
            }
        }
        self.read(tail_start, most)
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).read(true).write(true).truncate(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scene() -> (PathBuf, PathBuf) {
        let directory = std::env::temp_dir().join(format!("maestro-record-{}", ulid::Ulid::generate()));
        let path = directory.join("output.log");
        (directory, path)
    }

    /// Everything from an offset, and where it began.
    fn all(record: &Record, from: u64) -> (u64, Vec<u8>) {
        let first = record.read(from, 1000);
        let (start, mut bytes) = (first.offset, first.bytes);
        while start + (bytes.len() as u64) < record.end() {
            let next = record.read(start + bytes.len() as u64, 1000);
            assert_eq!(next.offset, start + bytes.len() as u64, "no hole within what is there");
            bytes.extend(next.bytes);
        }
        (start, bytes)
    }

    #[test]
    fn the_newest_output_is_kept_within_the_bound() {
        let (directory, path) = scene();
        let mut record = Record::open(&path, 1000).unwrap();
        for number in 0..500 {
            record.write(format!("line {number}\n").as_bytes());
        }
        let (new, old) =
            (fs::read_to_string(&path).unwrap(), fs::read_to_string(directory.join("output.log.1")).unwrap());
        assert!(new.ends_with("line 499\n"));
        assert!(new.len() + old.len() <= 1000 && new.len() + old.len() > 490);
        record.write(&[b'x'; 5000]);
        assert!(fs::metadata(&path).unwrap().len() <= 500);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn any_offset_is_read_from_memory_or_file_and_what_is_gone_is_passed_over() {
        let (directory, path) = scene();
        let bound = 3 << 20;
        let mut record = Record::open(&path, bound).unwrap();
        let mut everything = Vec::new();
        for number in 0_u32..200_000 {
            let line = format!("{number:>24}\n");
            record.write(line.as_bytes());
            everything.extend_from_slice(line.as_bytes());
        }
        let end = everything.len();
        assert_eq!(record.end(), end as u64);
        for back in [0, 1, 999, 100_000, 262_144, 262_145, 1_000_000, 1_600_000] {
            let from = end - back;
            let (start, bytes) = all(&record, from as u64);
            assert_eq!(start, from as u64);
            assert!(bytes == everything[from..], "{back} bytes from the end");
        }
        let (start, bytes) = all(&record, 5);
        assert!(start > 5 && end as u64 - start > bound / 2, "{start}");
        assert!(bytes == everything[usize::try_from(start).unwrap()..]);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_written_leaves_memory() {
        let (directory, path) = scene();
        let mut record = Record::open(&path, 100).unwrap();
        record.write(b"before");
        fs::remove_dir_all(&directory).unwrap();
        for _ in 0..100 {
            record.write(b"0123456789");
        }
        assert_eq!(record.end(), 1006);
        assert_eq!(record.read(1000, 10).bytes, b"456789");
        assert_eq!(record.read(0, 6), Read { offset: 0, bytes: b"before".to_vec() });
    }
}
