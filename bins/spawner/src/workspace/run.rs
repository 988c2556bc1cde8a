//! Programs that are run for a workspace: `git`, set-up scripts. Each has a bound in time and in what it may say, is
//! alone in its process group, has nobody to ask, and leaves nothing running.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use crate::holder::{Holders, Own};
use crate::os::{self, Signal};

/// What is read of a program's words to us.
const SAID: usize = 16 << 20;
/// What is kept of its complaints: the end.
const COMPLAINED: usize = 16 << 10;
/// For how long words are waited for after the end: somebody it started may hold the pipe.
const REST: Duration = Duration::from_millis(500);

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// As shells say it.
    pub code: i32,
    pub out: Vec<u8>,
    /// There was more.
    pub cut: bool,
    /// The end of what it said on stderr.
    pub complaint: String,
}

/// Why a program did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NotRun {
    Missing,
    NotStarted(String),
    /// It was ended after this long; with the end of what it had said.
    TooSlow(Duration, String),
    Cancelled,
}

/// Runs programs.
#[derive(Clone)]
pub(crate) struct Runner {
    holders: Holders,
    environment: BTreeMap<String, String>,
    cancel: CancellationToken,
}

impl Runner {
    /// `cancel` ends what runs.
    pub(crate) fn new(holders: Holders, environment: BTreeMap<String, String>, cancel: CancellationToken) -> Self {
        Self { holders, environment, cancel }
    }

    /// The same for what must be done in any case.
    pub(crate) fn until(&self, cancel: CancellationToken) -> Self {
        Self { cancel, ..self.clone() }
    }

    /// The same with more in the environment.
    pub(crate) fn with(&self, more: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut runner = self.clone();
        runner.environment.extend(more);
        runner
    }

    /// The same without what begins so.
    pub(crate) fn without(&self, prefix: &str) -> Self {
        let mut runner = self.clone();
        runner.environment.retain(|name, _| !name.starts_with(prefix));
        runner
    }

    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.environment.get(name).cloned()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.environment.contains_key(name)
    }

    /// Runs `program` in `directory` to its end.
    pub(crate) async fn run(
        &self,
        program: &str,
        arguments: &[&str],
        directory: &Path,
        bound: Duration,
    ) -> Result<Said, NotRun> {
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(directory)
            .env_clear()
            .envs(&self.environment)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true);
        if self.cancel.is_cancelled() {
            return Err(NotRun::Cancelled);
        }
        let (mut child, own) = self.holders.start(&mut command).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound if directory.is_dir() => NotRun::Missing,
            _ => NotRun::NotStarted(format!("{program} in {}: {error}", directory.display())),
        })?;
        let mut group = Group { leader: child.id().unwrap_or_default(), reaped: false, _own: own };
        let (mut out, mut complaint) = (Kept::first(SAID), Kept::last(COMPLAINED));
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let mut reading = Box::pin(async {
            tokio::join!(read(stdout, &mut out), read(stderr, &mut complaint));
        });
        let mut over = false;
        let ended = tokio::select! {
            status = async {
                tokio::select! {
                    status = child.wait() => return status,
                    () = &mut reading => over = true,
                }
                child.wait().await
            } => Ok(status),
            () = tokio::time::sleep(bound) => Err(false),
            () = self.cancel.cancelled() => Err(true),
        };
        if !over {
            let _ = tokio::time::timeout(REST, &mut reading).await;
        }
        drop(reading);
        group.reaped = ended.is_ok();
        drop(group);
        let complaint = String::from_utf8_lossy(&complaint.bytes).trim().to_owned();
        match ended {
            Ok(Ok(status)) => {
                use std::os::unix::process::ExitStatusExt;
                let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
                Ok(Said { code, out: out.bytes, cut: out.cut, complaint })
            }
            Ok(Err(error)) => Err(NotRun::NotStarted(error.to_string())),
            Err(true) => Err(NotRun::Cancelled),
            Err(false) => {
                let said =
                    if complaint.is_empty() { String::from_utf8_lossy(&out.bytes).into_owned() } else { complaint };
                Err(NotRun::TooSlow(bound, said))
            }
        }
    }
}

/// A program's process group: dropped, everything in it is ended.
struct Group {
    leader: u32,
    /// The leader was waited for.
    reaped: bool,
    _own: Own,
}

impl Drop for Group {
    fn drop(&mut self) {
        if self.leader == 0 {
            return;
        }
        if !self.reaped {
            os::signal_group(self.leader, Signal::KILL);
            return;
        }
        // The number is the group's as long as anybody is in it; a process that has it now is another's.
        let members: Vec<_> = os::processes().into_iter().filter(|process| process.group == self.leader).collect();
        if members.iter().all(|process| process.identity.pid != self.leader) {
            for member in members {
                os::signal(member.identity, Signal::KILL);
            }
        }
    }
}

/// Bytes within a bound: the first ones, or the last.
struct Kept {
    bytes: Vec<u8>,
    bound: usize,
    first: bool,
    cut: bool,
}

impl Kept {
    fn first(bound: usize) -> Self {
        Self { bytes: Vec::new(), bound, first: true, cut: false }
    }

    fn last(bound: usize) -> Self {
        Self { bytes: Vec::new(), bound, first: false, cut: false }
    }

    fn take(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        let over = self.bytes.len().saturating_sub(self.bound);
        if over > 0 {
            self.cut = true;
            if self.first {
                self.bytes.truncate(self.bound);
            } else {
                self.bytes.drain(..over);
            }
        }
    }
}

/// Reads to the end, more than is kept too: the program is not to wait for us.
async fn read(from: Option<impl AsyncRead + Unpin>, kept: &mut Kept) {
    let Some(mut from) = from else { return };
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length) = from.read(&mut buffer).await {
        if length == 0 {
            return;
        }
        kept.take(&buffer[..length]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runner(cancel: &CancellationToken) -> Runner {
        let holders = Holders::new("/nowhere".into(), Vec::new(), false);
        let environment = std::env::vars().filter(|(name, _)| name == "PATH").collect();
        Runner::new(holders, environment, cancel.clone())
    }

    async fn sh(script: &str, bound: Duration) -> Result<Said, NotRun> {
        let cancel = CancellationToken::new();
        runner(&cancel).run("sh", &["-c", script], Path::new("/"), bound).await
    }

    #[tokio::test]
    async fn what_it_says_is_bounded_and_nothing_of_it_stays() {
        let said = sh("echo out; echo err >&2; exit 3", Duration::from_secs(10)).await.unwrap();
        assert_eq!((said.code, said.out.as_slice(), said.complaint.as_str()), (3, &b"out\n"[..], "err"));
        let much = sh("head -c 20000000 /dev/zero", Duration::from_secs(20)).await.unwrap();
        assert_eq!((much.out.len(), much.cut), (SAID, true));
        // Somebody whom it started keeps the pipe, and is ended with it.
        let said = sh("sleep 600 & echo $!", Duration::from_secs(10)).await.unwrap();
        let pid: u32 = String::from_utf8(said.out).unwrap().trim().parse().unwrap();
        gone(pid).await;
        let slow = sh("echo $$; sleep 600", Duration::from_millis(300)).await.unwrap_err();
        let NotRun::TooSlow(_, said) = slow else { panic!("{slow:?}") };
        gone(said.trim().parse().unwrap()).await;
    }

    async fn gone(pid: u32) {
        for _ in 0..100 {
            if os::identity(pid).is_none_or(|identity| !os::is_alive(identity)) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{pid} still runs");
    }

    #[tokio::test]
    async fn it_ends_when_it_is_not_wanted_any_more() {
        let cancel = CancellationToken::new();
        let (waits, runner) = (cancel.clone(), runner(&cancel));
        tokio::join!(
            async {
                let cancelled = runner.run("sleep", &["600"], Path::new("/"), Duration::from_secs(600)).await;
                assert_eq!(cancelled, Err(NotRun::Cancelled));
            },
            async {
                tokio::time::sleep(Duration::from_millis(50)).await;
                waits.cancel();
            }
        );
        let cancel = CancellationToken::new();
        let missing = super::tests::runner(&cancel).run("no-such-program", &[], Path::new("/"), REST).await;
        assert_eq!(missing, Err(NotRun::Missing));
    }
}
