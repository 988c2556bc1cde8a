//! Log files stay bounded: what is written so far is copied aside and the file is emptied. The programs hold the file
//! open and go on at its new end.

use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// A log is put aside when it is greater than this.
pub const LARGEST: u64 = 16 * 1024 * 1024;
const KEPT: u32 = 3;

/// Puts aside what is too large in a directory of logs.
pub fn rotate_all(directory: &Path, largest: u64) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let path = entry.path();
        if path.extension().is_some_and(|e| e == "log") && entry.metadata()?.len() > largest {
            rotate(&path)?;
        }
    }
    Ok(())
}

/// `x.log` becomes `x.log.1`, which becomes `x.log.2`, …; the oldest goes.
fn rotate(path: &Path) -> io::Result<()> {
    for number in (1..KEPT).rev() {
        match fs::rename(aside(path, number), aside(path, number + 1)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::copy(path, aside(path, 1))?;
    OpenOptions::new().write(true).open(path)?.set_len(0)
}

/// Where the log with a number lies; 1 is the youngest.
pub fn aside(path: &Path, number: u32) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{number}"));
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn a_writer_goes_on_at_the_new_end_and_the_oldest_goes() {
        let directory = std::env::temp_dir().join(format!("maestro-rotate-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("x.log");
        let mut writer = OpenOptions::new().create(true).append(true).open(&path).unwrap();
        for round in 0..6 {
            writer.write_all(format!("round {round} {}", "x".repeat(100)).as_bytes()).unwrap();
            rotate_all(&directory, 50).unwrap();
        }
        writer.write_all(b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert!(fs::read_to_string(aside(&path, 1)).unwrap().starts_with("round 5"));
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 4);
        fs::remove_dir_all(directory).unwrap();
    }
}
