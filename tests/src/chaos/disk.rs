//! A small disk that can be filled up: a tmpfs, where mounting is permitted.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Mounted until it is dropped.
#[derive(Debug)]
pub struct Disk {
    path: PathBuf,
}

impl Disk {
    /// `None` where mounting is not permitted.
    #[must_use]
    pub fn mount(path: &Path, mebibytes: usize) -> Option<Self> {
        fs::create_dir_all(path).ok()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m"), "tmpfs"])
            .arg(path)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then(|| Self { path: path.to_owned() })
    }

    fn filler(&self) -> PathBuf {
        self.path.join("filler")
    }

    /// Until there is no room for anything.
    ///
    /// # Panics
    /// When the disk is gone.
    pub fn fill(&self) {
        let mut file = fs::File::create(self.filler()).expect("a file on the disk");
        let chunk = [0; 4096];
        while file.write_all(&chunk).is_ok() {}
    }

    /// There is room again.
    pub fn empty(&self) {
        // It was never filled.
        let _ = fs::remove_file(self.filler());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Whoever still has a file open there keeps it until the end.
        let _ = Command::new("umount").arg("--lazy").arg(&self.path).stderr(Stdio::null()).status();
    }
}
