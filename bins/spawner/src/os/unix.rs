//! The one file that talks to the kernel: who descends from whom, and signals that reach whom they mean.
//!
//! Linux. Other systems have no subreapers and no `/proc`; there, sessions would be ended by process group alone.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use rustix::process::{
    Pid, PidfdFlags, WaitId, WaitIdOptions, WaitOptions, kill_process_group, pidfd_open, pidfd_send_signal, waitid,
    waitpid,
};
use serde::{Deserialize, Serialize};

pub use rustix::process::Signal;

/// A process that cannot be taken for a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    pub pid: u32,
    /// Clock ticks between the host's start and the process's.
    pub start: u64,
}

/// A process as it was a moment ago.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Process {
    pub identity: Identity,
    pub parent: u32,
    pub group: u32,
    /// It has ended and only waits to be reaped.
    pub zombie: bool,
}

/// Orphans among the descendants of this process become its children, and not those of init.
pub fn become_subreaper() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// Begins a session and a process group of its own: the terminal's signals do not come any more.
pub fn leave_terminal() -> io::Result<()> {
    rustix::process::setsid()?;
    Ok(())
}

fn own_pid() -> u32 {
    std::process::id()
}

/// Longer than any `/proc/<pid>/stat`: 52 numbers and a name of 64 bytes.
const STAT: usize = 2048;

/// One process; `None` when there is none of that number.
pub fn process(pid: u32) -> Option<Process> {
    // One read is all: the line comes whole, and every process of the host may be looked at.
    let mut line = [0; STAT];
    let length = File::open(format!("/proc/{pid}/stat")).and_then(|mut file| file.read(&mut line)).ok()?;
    parse_stat(pid, &String::from_utf8_lossy(&line[..length]))
}

pub fn identity(pid: u32) -> Option<Identity> {
    process(pid).map(|process| process.identity)
}

/// Whether exactly this process still runs.
pub fn is_alive(identity: Identity) -> bool {
    process(identity.pid).is_some_and(|process| process.identity == identity && !process.zombie)
}

/// `pid (name) state ppid pgrp …`; the name may contain anything, so the fields count from its last `)`.
fn parse_stat(pid: u32, stat: &str) -> Option<Process> {
    let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let group = fields.next()?.parse().ok()?;
    let start = fields.nth(16)?.parse().ok()?;
    Some(Process { identity: Identity { pid, start }, parent, group, zombie: matches!(state, "Z" | "X") })
}

/// Every process of the host that we may see.
pub fn processes() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| process(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// The direct children of this process, ended ones too.
pub fn own_children() -> Vec<Process> {
    let own = own_pid();
    if has_no_child() { Vec::new() } else { processes().into_iter().filter(|process| process.parent == own).collect() }
}

/// Children, their children and so on of any of `roots`; ended ones too, the roots not.
pub fn descendants_of(roots: &[u32]) -> Vec<Process> {
    let mut by_parent: HashMap<u32, Vec<Process>> = HashMap::new();
    for process in processes() {
        by_parent.entry(process.parent).or_default().push(process);
    }
    let mut found = Vec::new();
    let mut seen: HashSet<u32> = roots.iter().copied().collect();
    let mut open: Vec<u32> = roots.to_vec();
    while let Some(parent) = open.pop() {
        for child in by_parent.remove(&parent).unwrap_or_default() {
            if seen.insert(child.identity.pid) {
                open.push(child.identity.pid);
                found.push(child);
            }
        }
    }
    found
}

/// Children of this process, their children and so on; ended ones too.
pub fn own_descendants() -> Vec<Process> {
    // Orphans among them are children of a subreaper: without a child there is nobody.
    if has_no_child() { Vec::new() } else { descendants_of(&[own_pid()]) }
}

fn has_no_child() -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    matches!(waitid(WaitId::All, look), Err(rustix::io::Errno::CHILD))
}

/// Children of this process that it did not start: orphans that it inherited.
pub fn adopted_children(own: &HashSet<u32>) -> Vec<Process> {
    own_children().into_iter().filter(|child| !own.contains(&child.identity.pid)).collect()
}

/// Whether the process was started with `name=value` in its environment. Of others' processes nothing is known.
pub fn carries(pid: u32, name: &str, value: &str) -> bool {
    let wanted = format!("{name}={value}");
    fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
}

/// Signals exactly this process: a handle is taken first, then it is compared, so no other one of the same number is hit.
/// Returns whether it was there.
pub fn signal(identity: Identity, signal: Signal) -> bool {
    let Some(pid) = i32::try_from(identity.pid).ok().and_then(Pid::from_raw) else { return false };
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
    is_alive(identity) && pidfd_send_signal(handle, signal).is_ok()
}

/// Returns when exactly this process has ended; looks every `step`.
pub async fn ended(identity: Identity, step: std::time::Duration) {
    while is_alive(identity) {
        tokio::time::sleep(step).await;
    }
}

/// Signals a whole process group at once. Only for groups whose leader is an unreaped child: the number is then taken.
pub fn signal_group(leader: u32, signal: Signal) -> bool {
    let group = i32::try_from(leader).ok().and_then(Pid::from_raw);
    group.is_some_and(|group| kill_process_group(group, signal).is_ok())
}

/// Takes the ended child off the process table; `false` when it is no ended child of ours.
pub fn reap(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else { return false };
    matches!(waitpid(Some(pid), WaitOptions::NOHANG), Ok(Some(_)))
}

/// Changes with every start of the host; start times count from there.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

pub fn host_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

/// What this user may still write to the file system of a path; `None`: it does not say.
pub fn free_bytes(path: &Path) -> Option<u64> {
    let told = rustix::fs::statvfs(path).ok()?;
    Some(told.f_bavail.saturating_mul(told.f_frsize))
}

/// Takes the file's lock until it is dropped; `None` when another process has it.
pub fn hold_lock(path: &Path) -> io::Result<Option<File>> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    match rustix::fs::flock(&file, rustix::fs::FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Some(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_parentheses_does_not_shift_the_fields() {
        let stat = "7 (a) b (c) S 3 7 7 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 4711 9 9";
        let process = parse_stat(7, stat).unwrap();
        assert_eq!((process.parent, process.group, process.identity.start), (3, 7, 4711));
        assert!(!process.zombie);
    }

    #[test]
    fn a_child_is_found_and_another_start_time_is_not_signalled() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let known = identity(child.id()).unwrap();
        assert!(own_children().iter().any(|process| process.identity == known));
        assert!(own_descendants().iter().any(|process| process.identity == known));
        assert!(!signal(Identity { start: known.start + 1, ..known }, Signal::KILL));
        assert!(is_alive(known));
        assert!(signal(known, Signal::KILL));
        child.wait().unwrap();
        assert!(!is_alive(known));
    }
}
