//! A wall clock that jumps, for one process: a shim that the C compiler makes, which Rust needs for linking anyway.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const SHIM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/chaos/clock.c");

/// The clock of one program.
#[derive(Debug)]
pub struct Clock {
    file: PathBuf,
    shim: PathBuf,
}

impl Clock {
    /// `None` where there is no C compiler.
    ///
    /// # Panics
    /// When the directory cannot be written.
    #[must_use]
    pub fn new(directory: &Path, name: &str) -> Option<Self> {
        let shim = directory.join("clock.so");
        if !shim.exists() {
            let built =
                Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&shim).args([SHIM, "-ldl"]).status();
            if !built.is_ok_and(|status| status.success()) {
                return None;
            }
        }
        let clock = Self { file: directory.join(format!("{name}.clock")), shim };
        fs::write(&clock.file, [0; 8]).expect("a temporary directory is writable");
        Some(clock)
    }

    /// What the program must be started with.
    #[must_use]
    pub fn variables(&self) -> [(&'static str, String); 2] {
        let text = |path: &Path| path.display().to_string();
        [("LD_PRELOAD", text(&self.shim)), ("MAESTRO_TEST_CLOCK", text(&self.file))]
    }

    /// From now on the clock is so many seconds ahead.
    ///
    /// # Panics
    /// When the file is gone.
    pub fn set(&self, seconds: i64) {
        use std::os::unix::fs::FileExt as _;
        // In place: the program has this very file in its memory.
        let file = fs::OpenOptions::new().write(true).open(&self.file).expect("the clock's file is there");
        file.write_all_at(&seconds.to_ne_bytes(), 0).expect("the clock's file is writable");
    }
}
