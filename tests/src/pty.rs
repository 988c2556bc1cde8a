//! A program in a terminal of a given width, as a person sees it.

use std::fs::{File, OpenOptions};
use std::io::Read;
use std::process::{Child, Command, ExitStatus};
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

/// Starts a command in a terminal; answers it and what reads from there.
fn start(command: &mut Command, columns: u16) -> (Child, File) {
    let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal can be opened");
    grantpt(&master).expect("the terminal is ours");
    unlockpt(&master).expect("the terminal can be unlocked");
    let name = ptsname(&master, Vec::new()).expect("the terminal has a name");
    let path = name.to_str().expect("terminals have plain names").to_owned();
    let slave = OpenOptions::new().read(true).write(true).open(path).expect("the terminal can be opened");
    let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&slave, size).expect("a terminal has a size");
    let other = |slave: &File| slave.try_clone().expect("a file can be shared");
    command.stdin(other(&slave)).stdout(other(&slave)).stderr(slave);
    let child = command.spawn().expect("the command can be started");
    // Else the terminal stays open when the command has ended.
    command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
    (child, File::from(master))
}

/// Runs a command to its end in a terminal; answers what it wrote there.
///
/// # Panics
/// When the terminal or the command cannot be started.
pub fn run(command: &mut Command, columns: u16) -> (ExitStatus, String) {
    let (mut child, mut master) = start(command, columns);
    let (mut text, mut chunk) = (Vec::new(), [0_u8; 4096]);
    // The other side closed: end of file on some systems, an error on Linux.
    while let Ok(count @ 1..) = master.read(&mut chunk) {
        text.extend_from_slice(&chunk[..count]);
    }
    let status = child.wait().expect("a child can be waited for");
    (status, String::from_utf8_lossy(&text).replace("\r\n", "\n"))
}

/// Runs a command in a terminal until it wrote this there, then ends it; `None`: it ended without.
///
/// # Panics
/// As [`run`].
pub fn until(command: &mut Command, columns: u16, wanted: &str) -> Option<Duration> {
    let begun = Instant::now();
    let (mut child, mut master) = start(command, columns);
    let (mut text, mut chunk) = (Vec::new(), vec![0_u8; 65536]);
    let mut took = None;
    while took.is_none()
        && let Ok(count @ 1..) = master.read(&mut chunk)
    {
        text.extend_from_slice(&chunk[..count]);
        took = text.windows(wanted.len()).any(|part| part == wanted.as_bytes()).then(|| begun.elapsed());
    }
    // Ended already is as good.
    let _ = child.kill();
    child.wait().expect("a child can be waited for");
    took
}

/// Without colours and other sequences.
pub fn plain(text: &str) -> String {
    let mut out = String::new();
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        if sign != '\u{1b}' {
            out.push(sign);
        } else if signs.next() == Some('[') {
            // Parameters end with a letter.
            signs.by_ref().find(char::is_ascii_alphabetic);
        }
    }
    out
}
