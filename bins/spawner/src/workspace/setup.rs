//! The project's set-up script: run in each new worktree, before the agent.

use std::path::Path;
use std::time::Duration;

use super::run::{NotRun, Runner};
use super::trouble::Trouble;

/// The bound of a script that was given none.
pub(crate) const BOUND: Duration = Duration::from_secs(300);
/// No longer than the server keeps a request.
pub(crate) const LONGEST: Duration = Duration::from_secs(500);

/// Runs it to its end; what it says is kept in `log`.
pub(crate) async fn run(
    runner: &Runner,
    script: &str,
    directory: &Path,
    log: &Path,
    bound: Duration,
) -> Result<(), Trouble> {
    if bound > LONGEST {
        tracing::warn!(asked = bound.as_secs(), most = LONGEST.as_secs(), "setupTimeout is longer than an order waits");
    }
    let both = format!("exec 2>&1\n{script}");
    let ended = runner.run("sh", &["-c", &both], directory, bound.min(LONGEST)).await;
    let keep = |said: &[u8]| {
        if let Err(error) = maestro_runtime::write_secret(log, said) {
            tracing::warn!(path = %log.display(), cause = %error, "what the set-up script said is not kept");
        }
    };
    match ended {
        Ok(said) if said.code == 0 => {
            keep(&said.out);
            Ok(())
        }
        Ok(said) => {
            keep(&said.out);
            Err(Trouble::SetupFailed { code: said.code, said: String::from_utf8_lossy(&said.out).into_owned() })
        }
        Err(NotRun::TooSlow(bound, said)) => {
            keep(said.as_bytes());
            Err(Trouble::SetupSlow { bound, said })
        }
        Err(NotRun::Cancelled) => Err(Trouble::Cancelled),
        Err(NotRun::Missing) => Err(Trouble::SetupFailed { code: 127, said: "there is no sh".to_owned() }),
        Err(NotRun::NotStarted(why)) => Err(Trouble::SetupFailed { code: 126, said: why }),
    }
}
