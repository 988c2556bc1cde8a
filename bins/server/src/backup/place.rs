//! A finished file gets its name. What came there in the meantime is not ours to replace.

use std::{
    fs::{self, OpenOptions},
    io,
    path::Path,
};

/// Gives the file at `part` the name `target`. A second name of the same file where the file system knows that; FAT and
/// many network shares do not.
///
/// # Errors
/// `AlreadyExists` when there is something of this name; the system's.
pub fn name(part: &Path, target: &Path) -> io::Result<()> {
    match fs::hard_link(part, target) {
        Err(error) if !matches!(error.kind(), io::ErrorKind::AlreadyExists | io::ErrorKind::NotFound) => {
            moved(part, target)
        }
        done => done,
    }
}

/// The name is taken with an empty file of ours, which the finished one then replaces.
fn moved(part: &Path, target: &Path) -> io::Result<()> {
    drop(OpenOptions::new().write(true).create_new(true).open(target)?);
    fs::rename(part, target).inspect_err(|_| {
        // Ours, and empty.
        let _left = fs::remove_file(target);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_named_with_and_without_links_and_replaces_nothing() {
        for put in [name, moved] {
            let directory = tempfile::tempdir().unwrap();
            let (part, target) = (directory.path().join("one.part"), directory.path().join("one"));
            fs::write(&part, "whole").unwrap();
            put(&part, &target).unwrap();
            assert_eq!(fs::read_to_string(&target).unwrap(), "whole");
            // The name of the part may be the second one of the same file.
            let _moved = fs::remove_file(&part);
            fs::write(&part, "another").unwrap();
            assert_eq!(put(&part, &target).unwrap_err().kind(), io::ErrorKind::AlreadyExists);
            assert_eq!(fs::read_to_string(&target).unwrap(), "whole");
            assert_eq!(
                put(&directory.path().join("none"), &directory.path().join("two")).unwrap_err().kind(),
                io::ErrorKind::NotFound
            );
            assert!(!directory.path().join("two").exists());
        }
    }
}
