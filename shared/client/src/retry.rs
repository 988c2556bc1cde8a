//! A request that is repeated until its deadline. Only for requests that carry a command id or change
//! nothing: the first attempt may have been handled although its answer got lost.

use std::time::{Duration, Instant};

use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use thiserror::Error;

use crate::client::Client;
use crate::header::Headers;
use crate::request::{Reply, RequestError};

/// No further attempt is begun with less time than this: its silence would say less than the error before.
const LEAST: Duration = Duration::from_millis(100);

/// How a request is repeated.
#[derive(Clone, Copy, Debug)]
pub struct Retry {
    /// Bound of everything together.
    pub deadline: Instant,
    /// Bound of one attempt.
    pub attempt: Duration,
    /// The first wait between two attempts; it doubles, with jitter.
    pub min_wait: Duration,
    /// The longest wait between two attempts.
    pub max_wait: Duration,
    /// How many attempts at most, the first one included.
    pub attempts: usize,
}

impl Retry {
    /// Attempts of 2 s at most within `total`, waits from 50 ms to 1 s.
    pub fn within(total: Duration) -> Self {
        Self {
            deadline: Instant::now() + total,
            attempt: Duration::from_secs(2),
            min_wait: Duration::from_millis(50),
            max_wait: Duration::from_secs(1),
            attempts: usize::MAX,
        }
    }
}

/// No usable answer within the deadline.
#[derive(Debug, Error)]
#[error("{last} ({attempts} attempts)")]
pub struct RetryError {
    /// How many attempts were made.
    pub attempts: usize,
    /// How the last one ended.
    #[source]
    pub last: RequestError,
    /// Whether any attempt may have been handled.
    pub maybe_handled: bool,
}

impl Client {
    /// Asks until there is an answer that `again` does not want repeated. `again` gets each answer; when
    /// it says so (`overloaded`, `retry`, …) and time is left the request is repeated, else the answer is
    /// returned as it is. Headers and payload are the same in each attempt.
    pub async fn request_with_retry(
        &self,
        subject: &str,
        headers: &Headers,
        payload: Bytes,
        retry: Retry,
        mut again: impl FnMut(&Reply) -> bool,
    ) -> Result<Reply, RetryError> {
        let mut waits = ExponentialBuilder::new()
            .with_jitter()
            .with_min_delay(retry.min_wait)
            .with_max_delay(retry.max_wait)
            .without_max_times()
            .build();
        let mut attempts = 0;
        let mut maybe_handled = false;
        loop {
            attempts += 1;
            let left = retry.deadline.saturating_duration_since(Instant::now());
            let outcome = self.request(subject, headers, payload.clone(), retry.attempt.min(left)).await;
            if let Err(RequestError::TimedOut { .. } | RequestError::Disconnected { maybe_sent: true }) = &outcome {
                maybe_handled = true;
            }
            let wait = waits.next().unwrap_or(retry.max_wait);
            let left = retry.deadline.saturating_duration_since(Instant::now());
            let last_attempt = attempts >= retry.attempts || left <= wait + LEAST;
            match outcome {
                Ok(reply) if last_attempt || !again(&reply) => return Ok(reply),
                Err(last) if last_attempt || !last.is_transient() => {
                    return Err(RetryError { attempts, last, maybe_handled });
                }
                Ok(_) | Err(_) => self.wait_for_retry(wait, left).await,
            }
        }
    }

    /// A wait, cut short by the connection's return; while it is down, as long as time is left.
    async fn wait_for_retry(&self, wait: Duration, left: Duration) {
        if self.is_connected() {
            tokio::time::sleep(wait).await;
            return;
        }
        let mut link = self.link();
        // Out of time: the next attempt says so. A dropped sender cannot be: the client holds it.
        let _ = tokio::time::timeout(left, link.wait_for(|link| link.connected || link.closed)).await;
        if link.borrow().closed {
            tokio::time::sleep(wait).await;
        }
    }
}
