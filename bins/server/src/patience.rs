//! A cluster that has just come up, or has lost a member, has no leader for a while: what is needed to begin is asked for
//! again before a start is given up.

use std::time::Duration;

use maestro_client::{ApiError, AppendError};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How long a leader is waited for.
const PATIENCE: Duration = Duration::from_secs(60);
const PAUSE: Duration = Duration::from_millis(250);

/// Tries until it succeeds, is told to stop (`None`), fails for good, or has failed for a minute.
pub async fn patient<T>(
    stop: &CancellationToken,
    attempt: impl AsyncFnMut() -> anyhow::Result<T>,
) -> anyhow::Result<Option<T>> {
    within(PATIENCE, stop, attempt).await
}

async fn within<T>(
    patience: Duration,
    stop: &CancellationToken,
    mut attempt: impl AsyncFnMut() -> anyhow::Result<T>,
) -> anyhow::Result<Option<T>> {
    let deadline = Instant::now() + patience;
    let mut told = false;
    loop {
        let Some(outcome) = stop.run_until_cancelled(attempt()).await else { return Ok(None) };
        match outcome {
            Ok(found) => return Ok(Some(found)),
            Err(cause) if may_pass(&cause) && Instant::now() < deadline => {
                if !told {
                    tracing::warn!(cause = format!("{cause:#}"), "the broker is not ready; trying again for a minute");
                    told = true;
                }
            }
            Err(cause) => return Err(cause),
        }
        if stop.run_until_cancelled(tokio::time::sleep(PAUSE)).await.is_none() {
            return Ok(None);
        }
    }
}

/// Whether the same may succeed a moment later.
fn may_pass(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause.downcast_ref::<ApiError>().is_some_and(ApiError::is_transient)
            || matches!(
                cause.downcast_ref::<AppendError>(),
                Some(
                    AppendError::Unavailable(_)
                        | AppendError::NoStream { .. }
                        | AppendError::Disconnected
                        | AppendError::Unknown
                )
            )
    })
}

#[cfg(test)]
mod tests {
    use anyhow::Context as _;

    use super::*;

    fn transient() -> anyhow::Error {
        anyhow::Error::new(ApiError::TimedOut).context("the stream EVENTS")
    }

    #[tokio::test]
    async fn what_may_pass_is_tried_again_and_nothing_else() {
        let stop = CancellationToken::new();
        let mut tries = 0;
        let found = within(PATIENCE, &stop, async || {
            tries += 1;
            if tries < 3 { Err(transient()) } else { Ok(tries) }
        });
        assert_eq!(found.await.unwrap(), Some(3));
        let mut tries = 0;
        let denied = within(PATIENCE, &stop, async || {
            tries += 1;
            Err::<(), _>(ApiError::Denied("x".into())).context("the stream EVENTS")
        });
        assert!(denied.await.is_err());
        assert_eq!(tries, 1);
    }

    #[tokio::test]
    async fn patience_ends_and_a_stop_ends_it() {
        let stop = CancellationToken::new();
        assert!(within(PAUSE, &stop, async || Err::<(), _>(transient())).await.is_err());
        stop.cancel();
        assert_eq!(within(PATIENCE, &stop, async || Err::<(), _>(transient())).await.unwrap(), None);
    }
}
