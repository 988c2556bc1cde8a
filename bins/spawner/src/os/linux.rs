//! Linux: `/proc`, subreapers, handles of processes.

use std::fs::{self, File};
use std::io::{self, Read};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, pidfd_open, pidfd_send_signal};

use super::unix::{Identity, Process, Signal, is_alive};

/// Orphans among the descendants of a subreaper become its children.
pub const INHERITS_ORPHANS: bool = true;

/// Orphans among the descendants of this process become its children, and not those of init.
pub fn become_subreaper() -> io::Result<()> {
    Ok(rustix::process::set_child_subreaper(Some(rustix::process::getpid()))?)
}

/// Longer than any `/proc/<pid>/stat`: 52 numbers and a name of 64 bytes.
const STAT: usize = 2048;

/// One process; `None` when there is none of that number.
pub fn process(pid: u32) -> Option<Process> {
    parse_stat(pid, &stat(pid)?)
}

fn stat(pid: u32) -> Option<String> {
    // One read is all: the line comes whole, and every process of the host may be looked at.
    let mut line = [0; STAT];
    let length = File::open(format!("/proc/{pid}/stat")).and_then(|mut file| file.read(&mut line)).ok()?;
    Some(String::from_utf8_lossy(&line[..length]).into_owned())
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

/// What a process has used of a processor, with those children that it has waited for.
pub fn processor_time(pid: u32) -> Duration {
    let ticks = stat(pid).and_then(|stat| parse_ticks(&stat)).unwrap_or_default();
    // A hundred a second, whatever the kernel counts in.
    Duration::from_millis(ticks.saturating_mul(10))
}

/// `utime stime cutime cstime`, behind the fields that [`parse_stat`] reads.
fn parse_ticks(stat: &str) -> Option<u64> {
    let fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
    fields.skip(11).take(4).map(|field| field.parse::<u64>().ok()).sum()
}

/// Every process of the host that we may see.
pub fn processes() -> Vec<Process> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    entries.flatten().filter_map(|entry| process(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// Those that were started with `name=value` in their environment. Of others' processes nothing is known.
pub fn carrying(name: &str, value: &str) -> Vec<Process> {
    let wanted = format!("{name}={value}");
    let carries = |pid: u32| {
        fs::read(format!("/proc/{pid}/environ"))
            .is_ok_and(|environ| environ.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
    };
    processes().into_iter().filter(|process| carries(process.identity.pid)).collect()
}

/// Signals exactly this process: a handle is taken first, then it is compared, so no other one of the same number is hit.
/// Returns whether it was there.
pub fn signal(identity: Identity, signal: Signal) -> bool {
    let Some(pid) = i32::try_from(identity.pid).ok().and_then(Pid::from_raw) else { return false };
    let Ok(handle) = pidfd_open(pid, PidfdFlags::empty()) else { return false };
    is_alive(identity) && pidfd_send_signal(handle, signal).is_ok()
}

/// Changes with every start of the host; start times count from there.
pub fn boot_id() -> String {
    fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default().trim().to_owned()
}

pub fn host_name() -> String {
    fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
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
        assert_eq!(parse_ticks(stat), Some(5 + 6 + 7 + 8));
    }
}
