//! The end of a log file.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// No more than this is read for a tail.
const MOST: u64 = 1024 * 1024;

/// The last lines, the oldest first; none when there is no file.
pub fn last_lines(path: &Path, lines: usize) -> Vec<String> {
    tail(path, lines).map(|(lines, _)| lines).unwrap_or_default()
}

/// The last lines and where the file ends.
pub fn tail(path: &Path, lines: usize) -> std::io::Result<(Vec<String>, u64)> {
    let mut file = File::open(path)?;
    let end = file.metadata()?.len();
    file.seek(SeekFrom::Start(end.saturating_sub(MOST)))?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let from = all.len().saturating_sub(lines);
    Ok((all[from..].iter().map(|line| (*line).to_owned()).collect(), end))
}

/// What was written since `from`, and where the file ends now; all of it when the file was emptied meanwhile.
pub fn since(path: &Path, from: u64) -> std::io::Result<(Vec<u8>, u64)> {
    let mut file = File::open(path)?;
    let end = file.metadata()?.len();
    let from = if end < from { 0 } else { from };
    file.seek(SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes)?;
    let read = u64::try_from(bytes.len()).unwrap_or(MOST);
    Ok((bytes, from + read))
}
