//! The agent's output in a file that does not grow without end.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// Appends to a file; when half of the bound is written the file becomes `….1` and a new one begins, so that
/// the newest output is there and both together stay within the bound.
pub(super) struct BoundedLog {
    path: PathBuf,
    file: File,
    written: u64,
    half: u64,
}

impl BoundedLog {
    pub(super) fn open(path: &Path, bound: u64) -> io::Result<Self> {
        if let Some(directory) = path.parent() {
            fs::create_dir_all(directory)?;
        }
        let file = append(path)?;
        let written = file.metadata()?.len();
        Ok(Self { path: path.to_path_buf(), file, written, half: (bound / 2).max(1) })
    }

    pub(super) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        for part in bytes.chunks(usize::try_from(self.half).unwrap_or(usize::MAX)) {
            let length = part.len() as u64;
            if self.written > 0 && self.written + length > self.half {
                let mut former = self.path.clone().into_os_string();
                former.push(".1");
                fs::rename(&self.path, former)?;
                self.file = append(&self.path)?;
                self.written = 0;
            }
            self.file.write_all(part)?;
            self.written += length;
        }
        Ok(())
    }
}

fn append(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_output_is_kept_within_the_bound() {
        let directory = std::env::temp_dir().join(format!("maestro-log-{}", ulid::Ulid::generate()));
        let path = directory.join("output.log");
        let mut log = BoundedLog::open(&path, 1000).unwrap();
        for number in 0..500 {
            log.write(format!("line {number}\n").as_bytes()).unwrap();
        }
        let (new, old) =
            (fs::read_to_string(&path).unwrap(), fs::read_to_string(directory.join("output.log.1")).unwrap());
        assert!(new.ends_with("line 499\n"));
        assert!(new.len() + old.len() <= 1000 && new.len() + old.len() > 490);
        log.write(&[b'x'; 5000]).unwrap();
        assert!(fs::metadata(&path).unwrap().len() <= 500);
        fs::remove_dir_all(directory).unwrap();
    }
}
