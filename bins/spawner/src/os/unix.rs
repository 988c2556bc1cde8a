//! Who descends from whom, and signals that reach whom they mean: what every Unix has. Where a system says so is in the file
//! of that system.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::process::{Pid, WaitId, WaitIdOptions, WaitOptions, kill_process_group, waitid, waitpid};
use serde::{Deserialize, Serialize};

use super::system;

pub use rustix::process::Signal;

/// A process that cannot be taken for a later one with the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Identity {
    pub pid: u32,
    /// When it began: clock ticks since the host's start, or seconds since 1970 where the system says no more.
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

/// Begins a session and a process group of its own: the terminal's signals do not come any more.
pub fn leave_terminal() -> io::Result<()> {
    rustix::process::setsid()?;
    Ok(())
}

pub fn identity(pid: u32) -> Option<Identity> {
    system::process(pid).map(|process| process.identity)
}

/// Whether exactly this process still runs.
pub fn is_alive(identity: Identity) -> bool {
    system::process(identity.pid).is_some_and(|process| process.identity == identity && !process.zombie)
}

/// Children, their children and so on of any of `roots`; ended ones too, the roots not.
pub fn descendants_of(roots: &[u32]) -> Vec<Process> {
    let mut by_parent: HashMap<u32, Vec<Process>> = HashMap::new();
    for process in system::processes() {
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
    if has_no_child() { Vec::new() } else { descendants_of(&[std::process::id()]) }
}

/// An agent's processes, as its holder finds them: own descendants, and where orphans are not inherited whoever is left in the
/// agent's group.
pub fn family(agent: u32) -> Vec<Process> {
    if system::INHERITS_ORPHANS {
        return own_descendants();
    }
    let of_group = |process: &Process| process.group == agent;
    let mut roots: Vec<u32> = system::processes().iter().filter(|p| of_group(p)).map(|p| p.identity.pid).collect();
    roots.push(std::process::id());
    let mut found = descendants_of(&roots);
    found.extend(system::processes().into_iter().filter(of_group));
    found
}

/// What these have used of a processor, with children of theirs that have ended. Zero where the system does not say so for
/// nothing.
pub fn processor_time(processes: &[Process]) -> Duration {
    processes.iter().map(|process| system::processor_time(process.identity.pid)).sum()
}

fn has_no_child() -> bool {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    matches!(waitid(WaitId::All, look), Err(rustix::io::Errno::CHILD))
}

/// Children of this process that it did not start: orphans that it inherited; ended ones too.
pub fn adopted_children(own: &HashSet<u32>) -> Vec<Process> {
    if !system::INHERITS_ORPHANS || has_no_child() {
        return Vec::new();
    }
    let parent = std::process::id();
    let all = system::processes().into_iter();
    all.filter(|process| process.parent == parent && !own.contains(&process.identity.pid)).collect()
}

/// Returns when exactly this process has ended; looks every `step`.
pub async fn ended(identity: Identity, step: Duration) {
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
    use crate::os::signal;

    #[test]
    #[cfg(target_os = "linux")]
    fn work_is_told_from_sleep() {
        let used_by = |script: &str| {
            let mut child = std::process::Command::new("sh").args(["-c", script]).spawn().unwrap();
            std::thread::sleep(Duration::from_millis(500));
            let process = system::process(child.id()).unwrap();
            child.kill().unwrap();
            let used = processor_time(&[process]);
            child.wait().unwrap();
            used
        };
        assert!(used_by("while :; do :; done") > used_by("exec sleep 60"));
    }

    #[test]
    fn a_child_is_found_and_another_start_time_is_not_signalled() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let known = identity(child.id()).unwrap();
        assert!(adopted_children(&HashSet::new()).iter().any(|process| process.identity == known));
        assert!(own_descendants().iter().any(|process| process.identity == known));
        assert!(!signal(Identity { start: known.start + 1, ..known }, Signal::KILL));
        assert!(is_alive(known));
        assert!(signal(known, Signal::KILL));
        child.wait().unwrap();
        assert!(!is_alive(known));
    }
}
