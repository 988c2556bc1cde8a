//! Processes by identity: an id and when the process began, so that nobody else's is ever touched.

use std::path::{Path, PathBuf};
use std::time::Duration;

use maestro_runtime::{read_optional, write_secret};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde::{Deserialize, Serialize};

/// How long a process may take to end after it was asked.
pub const GRACE: Duration = Duration::from_secs(10);
/// How long a spawner may take: its agents have their own time to end, then their ends are told and recordings stored.
pub const SPAWNER_GRACE: Duration = Duration::from_secs(60);
/// After this long somebody who waits is told what for.
pub const PATIENCE: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// A process that cannot be mistaken for another one that got its id later.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    /// The program, as the stack calls it.
    pub name: String,
    pub pid: u32,
    /// When it began, in the system's own words.
    pub began: String,
}

impl Identity {
    /// The process that has this id now.
    pub fn of(name: &str, pid: u32) -> Option<Self> {
        Some(Self { name: name.to_owned(), pid, began: began(pid)? })
    }

    /// This very process.
    pub fn own(name: &str) -> Option<Self> {
        Self::of(name, std::process::id())
    }

    /// It is still there.
    pub fn is_alive(&self) -> bool {
        began(self.pid).is_some_and(|now| now == self.began)
    }

    /// Signals it; false when it is gone.
    pub fn signal(&self, signal: Signal) -> bool {
        self.is_alive() && pid(self.pid).is_some_and(|pid| kill_process(pid, signal).is_ok())
    }

    /// Asks it to end, by this signal, and waits; after `grace` it and its process group are killed.
    pub async fn end(&self, signal: Signal, grace: Duration) {
        self.signal(signal);
        // A stopped process hears nothing before it goes on.
        self.signal(Signal::CONT);
        if self.gone_within(grace).await {
            return;
        }
        if self.is_alive() {
            kill_group(self.pid);
            self.signal(Signal::KILL);
            self.gone_within(GRACE).await;
        }
    }

    /// Waits until it is gone; false when it is there after `time`.
    pub async fn gone_within(&self, time: Duration) -> bool {
        let gone = async {
            while self.is_alive() {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(time, gone).await.is_ok()
    }

    /// Notes it down where the next `up` looks for leftovers.
    pub fn record(&self, run: &Path) -> std::io::Result<()> {
        write_secret(&record_path(run, &self.name), &serde_json::to_vec(self)?)
    }

    /// What was noted down under a name.
    pub fn recorded(run: &Path, name: &str) -> Option<Self> {
        read(&record_path(run, name))
    }

    /// Everything that was noted down.
    pub fn all_recorded(run: &Path) -> Vec<Self> {
        let entries = std::fs::read_dir(run).into_iter().flatten().flatten().map(|entry| entry.path());
        entries.filter(|path| path.extension().is_some_and(|e| e == "pid")).filter_map(|path| read(&path)).collect()
    }

    /// Forgets a name.
    pub fn forget(run: &Path, name: &str) {
        // What is left behind names a process that is gone, and is recognised as such.
        let _ = std::fs::remove_file(record_path(run, name));
    }
}

/// Asks a child to end. Children are signalled by id without a look at their identity: as long as a child was not waited
/// for, nobody else has its id.
pub fn ask_child_to_end(child: u32, signal: Signal) {
    if let Some(pid) = pid(child) {
        // Gone already is what was wanted.
        let _ = kill_process(pid, signal);
        let _ = kill_process(pid, Signal::CONT);
    }
}

/// Kills the process group that a child leads.
pub fn kill_group(leader: u32) {
    if let Some(pid) = pid(leader) {
        // Nobody left in it is what was wanted.
        let _ = kill_process_group(pid, Signal::KILL);
    }
}

fn pid(raw: u32) -> Option<Pid> {
    i32::try_from(raw).ok().and_then(Pid::from_raw)
}

fn record_path(run: &Path, name: &str) -> PathBuf {
    run.join(format!("{name}.pid"))
}

fn read(path: &Path) -> Option<Identity> {
    serde_json::from_str(&read_optional(path).ok()??).ok()
}

/// When a process began; `None` when there is none with this id, or only what is left of it until its parent looks.
#[cfg(target_os = "linux")]
fn began(pid: u32) -> Option<String> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name in parentheses and may contain anything.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let (state, ticks) = (fields.first()?, fields.get(19)?);
    // Ticks count from the start of the system, so they are only worth something together with it.
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    (!matches!(*state, "Z" | "X")).then(|| format!("{}:{ticks}", boot.trim()))
}

#[cfg(not(target_os = "linux"))]
fn began(pid: u32) -> Option<String> {
    let output =
        // Each field by itself: in a list, what follows `=` would be a heading.
        std::process::Command::new("/bin/ps")
            .args(["-o", "stat=", "-o", "lstart=", "-p", &pid.to_string()])
            .env("LC_ALL", "C")
            .env("TZ", "UTC0")
            .output()
            .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let (state, start) = text.trim().split_once(' ')?;
    (!state.starts_with('Z')).then(|| start.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_process_is_known_by_its_beginning() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let identity = Identity::of("sleep", child.id()).unwrap();
        assert!(identity.is_alive());
        let other = Identity { began: "before".to_owned(), ..identity.clone() };
        assert!(!other.is_alive() && !other.signal(Signal::KILL));
        identity.end(Signal::TERM, GRACE).await;
        assert!(!identity.is_alive());
        child.wait().unwrap();
        assert_eq!(Identity::of("sleep", child.id()), None);
    }

    #[test]
    fn records_come_back() {
        let run = tempfile_dir();
        let own = Identity::own("maestro").unwrap();
        own.record(&run).unwrap();
        assert_eq!(Identity::recorded(&run, "maestro"), Some(own.clone()));
        assert_eq!(Identity::all_recorded(&run), [own]);
        Identity::forget(&run, "maestro");
        assert!(Identity::all_recorded(&run).is_empty());
        std::fs::remove_dir_all(run).unwrap();
    }

    fn tempfile_dir() -> PathBuf {
        let path = std::env::temp_dir().join(format!("maestro-run-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        path
    }
}
