//! A full disk under the broker: said clearly, reads go on, and with room all is well again by itself.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use maestro_tests::stack::{Place, Stack};
use tempfile::TempDir;

const SOON: Duration = Duration::from_secs(60);

/// A small file system of its own.
struct SmallDisk(TempDir);

impl SmallDisk {
    /// `None` where this user may not mount one.
    fn mount(mebibytes: u32) -> Option<Self> {
        let dir = tempfile::Builder::new().prefix("maestro-disk-").tempdir().unwrap();
        let size = format!("size={mebibytes}m");
        let output = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(dir.path()).output().ok()?;
        output.status.success().then(|| Self(dir))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// Leaves not a byte.
    fn fill(&self) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path().join("ballast")).unwrap();
        for size in [1 << 20, 4096, 1] {
            let zeros = vec![0; size];
            while file.write_all(&zeros).is_ok() {}
        }
    }

    fn empty(&self) {
        fs::remove_file(self.path().join("ballast")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Whatever still has a file open there keeps it for itself.
        let _ = Command::new("umount").arg("--lazy").arg(self.0.path()).status();
    }
}

#[test]
fn a_full_disk_is_said_reads_go_on_and_room_is_enough() {
    let Some(disk) = SmallDisk::mount(320) else {
        eprintln!("SKIPPED: this user may not mount a small file system; run as root to see a full disk");
        return;
    };
    let stack = Stack::start_in(Place::below(disk.path()), &[]);
    let web = |words: &[&str]| stack.maestro(&[&["--project", "web", "--timeout", "20s"], words].concat());
    web(&["project", "create", "web"]).data();
    web(&["task", "create", "before"]).data();
    disk.fill();
    let began = Instant::now();
    for title in ["refused", "refused again"] {
        // More than what is left of the last page of a file.
        let refused = web(&["task", "create", title, "--desc", &"no room ".repeat(4_000)]);
        assert_eq!((refused.code, refused.error()), (6, "ledger_full"), "{refused:?}");
        assert!(refused.json["retryable"] == true && refused.json["suggestion"].is_string(), "{refused:?}");
    }
    assert!(began.elapsed() < Duration::from_secs(20), "it took {:?} to say so", began.elapsed());
    let titles = || -> Vec<String> {
        let listed = web(&["task", "list"]);
        listed.data()["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|task| task["title"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(titles(), ["before"]);
    let broker = stack.pid("nats-server");
    disk.empty();
    let deadline = Instant::now() + SOON;
    loop {
        let answer = web(&["task", "create", "after"]);
        if answer.code == 0 {
            break;
        }
        assert!(Instant::now() < deadline, "{answer:?}\n{}", stack.stderr());
    }
    let mut titles = titles();
    titles.sort();
    assert_eq!(titles, ["after", "before"], "nothing that was refused is there");
    assert_ne!(stack.pid("nats-server"), broker, "it was started again");
    // Leases and recordings are written again, too.
    web(&["session", "spawn", "--agent", "shell", "--", "sleep", "600"]).data();
    let deadline = Instant::now() + SOON;
    while web(&["session", "info", "s1"]).data()["status"] != "active" {
        assert!(Instant::now() < deadline, "no session runs");
        std::thread::sleep(Duration::from_millis(50));
    }
}
