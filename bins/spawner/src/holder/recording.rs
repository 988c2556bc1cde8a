//! The session as an asciicast v2 file: <https://docs.asciinema.org/manual/asciicast/v2/>.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use maestro_wire::TerminalSize;
use serde_json::json;

/// A recording: header, then one event a line, each written at once, so that a killed holder leaves what there was. Once it is full, or the disk is, nothing more is written.
pub(super) struct Recording {
    path: PathBuf,
    file: Option<File>,
    begun: Instant,
    left: u64,
    /// The beginning of a character whose rest has not come.
    partial: Vec<u8>,
}

impl Recording {
    /// # Errors
    /// When the file cannot be made.
    pub(super) fn open(path: &Path, size: TerminalSize, bound: u64) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)?;
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let mut recording = Self {
            path: path.to_path_buf(),
            file: Some(file),
            begun: Instant::now(),
            left: bound,
            partial: Vec::new(),
        };
        let header = json!({
            "version": 2,
            "width": size.cols,
            "height": size.rows,
            "timestamp": since.as_secs(),
            "env": { "TERM": "xterm-256color" },
        });
        recording.line(&header);
        Ok(recording)
    }

    pub(super) fn output(&mut self, bytes: &[u8]) {
        if self.file.is_none() {
            return;
        }
        let joined;
        let bytes = if self.partial.is_empty() {
            bytes
        } else {
            joined = [self.partial.as_slice(), bytes].concat();
            self.partial.clear();
            &joined
        };
        let whole = bytes.len() - unfinished(bytes);
        self.partial.extend_from_slice(&bytes[whole..]);
        if whole > 0 {
            self.event("o", &String::from_utf8_lossy(&bytes[..whole]));
        }
    }

    pub(super) fn resized(&mut self, size: TerminalSize) {
        self.event("r", &size.to_string());
    }

    fn event(&mut self, kind: &str, data: &str) {
        let seconds = self.begun.elapsed().as_secs_f64();
        self.line(&json!([(seconds * 1e6).round() / 1e6, kind, data]));
    }

    fn line(&mut self, value: &serde_json::Value) {
        let Some(file) = &mut self.file else { return };
        let mut line = value.to_string();
        // A line that would take the last byte is the one too many: what ends here says so.
        if line.len() as u64 + 1 >= self.left {
            let seconds = self.begun.elapsed().as_secs_f64();
            line = json!([seconds, "m", "the recording ends here: it has reached its bound"]).to_string();
            self.left = 0;
        }
        line.push('\n');
        self.left = self.left.saturating_sub(line.len() as u64);
        let full = self.left == 0;
        if let Err(error) = file.write_all(line.as_bytes()) {
            tracing::warn!(cause = %error, "recording ends");
            self.file = None;
        } else if full {
            self.file = None;
        }
    }

    /// Ends it; answers where it lies.
    pub(super) fn finish(mut self) -> PathBuf {
        let rest = std::mem::take(&mut self.partial);
        if !rest.is_empty() {
            self.event("o", &String::from_utf8_lossy(&rest));
        }
        self.path
    }
}

/// How many bytes at the end are the beginning of a character.
fn unfinished(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let byte = bytes[bytes.len() - back];
        let length = match byte {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            0x80..=0xbf => continue,
            _ => 1,
        };
        return if back < length { back } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_come_in_halves_are_whole_and_the_bound_holds() {
        let path = std::env::temp_dir().join(format!("maestro-cast-{}", ulid::Ulid::generate()));
        let mut recording = Recording::open(&path, TerminalSize::DEFAULT, 4096).unwrap();
        for byte in "a中🎼é".as_bytes() {
            recording.output(&[*byte]);
        }
        recording.output(b"\xff!");
        recording.resized(TerminalSize { cols: 80, rows: 24 });
        recording.output(&"中".as_bytes()[..2]);
        for _ in 0..1000 {
            recording.output(b"0123456789");
        }
        assert_eq!(recording.finish(), path);
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert!(text.len() < 4096 + 200);
        let mut lines = text.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        assert_eq!(lines.next().unwrap()["version"], 2);
        let events: Vec<_> = lines.collect();
        let said: String = events.iter().filter(|e| e[1] == "o").map(|e| e[2].as_str().unwrap()).collect();
        assert!(said.starts_with("a中🎼é\u{fffd}!"), "{said}");
        assert!(events.iter().any(|e| e[1] == "r" && e[2] == "80x24"));
        assert_eq!(events.last().unwrap()[1], "m");
        assert!(events.windows(2).all(|pair| pair[0][0].as_f64() <= pair[1][0].as_f64()));
    }

    #[test]
    fn a_recording_that_is_full_says_so_at_whatever_byte_the_bound_lies() {
        for bound in 300..400 {
            let path = std::env::temp_dir().join(format!("maestro-cast-{}", ulid::Ulid::generate()));
            let mut recording = Recording::open(&path, TerminalSize::DEFAULT, bound).unwrap();
            for _ in 0..30 {
                recording.output(b"0123456789");
            }
            recording.finish();
            let text = std::fs::read_to_string(&path).unwrap();
            std::fs::remove_file(&path).unwrap();
            let last: serde_json::Value = serde_json::from_str(text.lines().last().unwrap()).unwrap();
            assert_eq!(last[1], "m", "at a bound of {bound}");
            assert!(text.len() < 600, "at a bound of {bound}");
        }
    }
}
