//! Files that are there whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// Writes a file that only its owner may read (mode 600): a new file beside it, synced, renamed over it,
/// and the directory synced. Readers see the old content or the new, after a crash too.
pub fn write_secret(path: &Path, content: &[u8]) -> io::Result<()> {
    write_atomically(path, content, 0o600)
}

/// The same with a mode.
pub fn write_atomically(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let directory = replace(path, content, mode, File::sync_all)?;
    File::open(directory)?.sync_all()
}

/// A file of mode 600 that is worth nothing once the host lost its power: whole for every reader and after a kill, but
/// not synced.
pub fn write_passing(path: &Path, content: &[u8]) -> io::Result<()> {
    replace(path, content, 0o600, |_| Ok(())).map(drop)
}

/// A file of mode 600 to be locked, made if it is not there. What is there is not emptied: whoever may write beside it, as
/// an agent may in its sandbox, could have put a link in its place.
pub fn lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path)
}

/// A new file beside it, renamed over it; answers the directory.
fn replace<'a>(
    path: &'a Path,
    content: &[u8],
    mode: u32,
    finish: impl FnOnce(&File) -> io::Result<()>,
) -> io::Result<&'a Path> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no file name"))?;
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let temporary = directory.join(format!(".{}.{}.{number}.tmp", name.to_string_lossy(), std::process::id()));
    let written = write_new(&temporary, content, mode).and_then(|file| finish(&file));
    let written = written.and_then(|()| fs::rename(&temporary, path));
    if written.is_err() {
        // What failed is told; a temporary file that stays behind harms nobody.
        let _ = fs::remove_file(&temporary);
    }
    written.map(|()| directory)
}

fn write_new(path: &Path, content: &[u8], mode: u32) -> io::Result<File> {
    // A leftover of a process that had our id and was killed.
    if let Err(error) = fs::remove_file(path)
        && error.kind() != io::ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(content)?;
    Ok(file)
}

/// The content of a text file; `None` when it is not there.
pub fn read_optional(path: &Path) -> io::Result<Option<String>> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_secret_is_whole_and_private_and_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        write_secret(&path, b"one").unwrap();
        write_secret(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_is_not_there_is_none() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(read_optional(&directory.path().join("x")).unwrap(), None);
        assert!(read_optional(directory.path()).is_err());
    }
}
