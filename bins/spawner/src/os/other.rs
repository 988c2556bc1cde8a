//! Other systems, macOS before all: what `ps` says. There are no subreapers: a process that leaves its agent's group and loses
//! its parent is found again by its environment alone, where the system shows that.

use std::io;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, kill_process};

use super::unix::{Identity, Process, Signal, is_alive};

pub const INHERITS_ORPHANS: bool = false;

/// There is no such thing.
pub fn become_subreaper() -> io::Result<()> {
    Ok(())
}

/// One process; `None` when there is none of that number.
pub fn process(pid: u32) -> Option<Process> {
    listed(&["-p", &pid.to_string()]).pop()
}

/// Nothing is known: it would cost a program for each look.
pub fn processor_time(_pid: u32) -> Duration {
    Duration::ZERO
}

/// Every process of the host that we may see.
pub fn processes() -> Vec<Process> {
    listed(&["-A"])
}

/// Those that were started with `name=value` in their environment. Of others' processes nothing is known.
pub fn carrying(name: &str, value: &str) -> Vec<Process> {
    // Only macOS has a letter for it that means nothing else.
    if !cfg!(target_os = "macos") {
        return Vec::new();
    }
    let wanted = format!(" {name}={value}");
    let said = told("ps", &["-A", "-E", "-ww", "-o", "pid=", "-o", "command="]);
    let carries = |line: &str| line.strip_suffix(&wanted).is_some() || line.contains(&format!("{wanted} "));
    let pids: Vec<u32> = said
        .lines()
        .filter(|line| carries(line))
        .filter_map(|line| line.split_whitespace().next()?.parse().ok())
        .collect();
    processes().into_iter().filter(|process| pids.contains(&process.identity.pid)).collect()
}

/// Signals this process, compared a moment before: there are no handles. Returns whether it was there.
pub fn signal(identity: Identity, signal: Signal) -> bool {
    let Some(pid) = i32::try_from(identity.pid).ok().and_then(Pid::from_raw) else { return false };
    is_alive(identity) && kill_process(pid, signal).is_ok()
}

/// Changes with every start of the host.
pub fn boot_id() -> String {
    let session = told("sysctl", &["-n", "kern.bootsessionuuid"]);
    let id = if session.trim().is_empty() { told("sysctl", &["-n", "kern.boottime"]) } else { session };
    id.trim().to_owned()
}

pub fn host_name() -> String {
    told("hostname", &[]).trim().to_owned()
}

/// Processes as `ps` lists them, itself not among them.
fn listed(which: &[&str]) -> Vec<Process> {
    // Each by itself: in a list, what follows `=` would be a heading.
    let fields = ["-o", "pid=", "-o", "ppid=", "-o", "pgid=", "-o", "stat=", "-o", "lstart="];
    let (said, own) = asked("ps", &[which, &fields].concat()).unwrap_or_default();
    said.lines().filter_map(parse).filter(|process| process.identity.pid != own).collect()
}

/// `pid ppid pgid state Mon Nov 30 11:20:01 2026`
fn parse(line: &str) -> Option<Process> {
    let mut fields = line.split_whitespace();
    let mut number = || fields.next()?.parse::<u32>().ok();
    let (pid, parent, group) = (number()?, number()?, number()?);
    let state = fields.next()?;
    let start = seconds(&fields.collect::<Vec<_>>())?;
    Some(Process { identity: Identity { pid, start }, parent, group, zombie: state.starts_with('Z') })
}

/// Seconds since 1970 of `Mon Nov 30 11:20:01 2026`, in UTC.
fn seconds(words: &[&str]) -> Option<u64> {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let [_, month, day, time, year] = words else { return None };
    let month = MONTHS.iter().position(|name| name == month)?;
    let (day, year) = (day.parse::<u64>().ok()?, year.parse::<u64>().ok().filter(|year| *year >= 1970)?);
    let mut parts = time.split(':').map(|part| part.parse::<u64>().ok());
    let (hours, minutes, seconds) = (parts.next()??, parts.next()??, parts.next()??);
    let leap = |year: u64| year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let years: u64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let february = if leap(year) { 29 } else { 28 };
    let months: u64 = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].iter().take(month).sum();
    Some((((years + months + day.checked_sub(1)?) * 24 + hours) * 60 + minutes) * 60 + seconds)
}

fn told(program: &str, arguments: &[&str]) -> String {
    asked(program, arguments).map(|(said, _)| said).unwrap_or_default()
}

/// What a program of the system says, in one language and one time zone, and the number that it had.
fn asked(program: &str, arguments: &[&str]) -> io::Result<(String, u32)> {
    let mut command = Command::new(program);
    command.args(arguments).env("LC_ALL", "C").env("TZ", "UTC0");
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    let pid = child.id();
    Ok((String::from_utf8_lossy(&child.wait_with_output()?.stdout).into_owned(), pid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_ps_is_read() {
        let process = parse("  812     1   810 Ss   Mon Nov 30 11:20:01 2026").unwrap();
        assert_eq!((process.identity.pid, process.parent, process.group), (812, 1, 810));
        assert_eq!(process.identity.start, 1_796_037_601);
        assert!(!process.zombie && parse("1 0 1 Z Thu Jan  1 00:00:00 1970").unwrap().zombie);
        assert_eq!(parse("PID PPID PGID STAT STARTED"), None);
    }

    #[test]
    fn this_process_is_listed_and_ps_is_not() {
        let own = std::process::id();
        assert!(processes().iter().any(|process| process.identity.pid == own));
        let known = process(own).unwrap();
        assert!(known.parent > 0 && known.identity.start > 1_700_000_000 && !known.zombie);
        assert!(!processes().iter().any(|process| process.parent == own));
    }
}
