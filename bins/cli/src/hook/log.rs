//! `logs/hook.log`: what went wrong, since nobody may be told there and then.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;

use maestro_runtime::Home;

const LARGEST: u64 = 1024 * 1024;

/// Appends a line. What cannot be written is lost: a hook fails nobody.
pub fn note(home: Option<&Home>, agent: &str, event: &str, text: &str) {
    let Some(home) = home else { return };
    let directory = home.logs();
    let path = directory.join("hook.log");
    let _ = fs::create_dir_all(&directory);
    if fs::metadata(&path).is_ok_and(|meta| meta.len() > LARGEST) {
        let _ = fs::rename(&path, directory.join("hook.log.1"));
    }
    let clean =
        |text: &str| -> String { text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect() };
    let line = format!("{} {} {}: {}\n", crate::report::now(), clean(agent), clean(event), clean(text));
    if let Ok(mut file) = OpenOptions::new().create(true).append(true).mode(0o600).open(path) {
        let _ = file.write_all(line.as_bytes());
    }
}
