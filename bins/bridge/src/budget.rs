//! What all clients together are sent a second. A thousand clients of a busy project want more than any machine can
//! copy; without a bound the copying would take the processor from those who decide. Who has to wait long enough falls
//! behind, and continues by a snapshot.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Bytes a second, and how many at once.
const PER_SECOND: f64 = 192.0 * 1024.0 * 1024.0;
const BURST: f64 = 64.0 * 1024.0 * 1024.0;
/// Between two looks whether there is room.
const SHORTEST: Duration = Duration::from_millis(5);

/// A bucket that fills at a steady rate; what is taken on credit is waited for by the next.
#[derive(Debug)]
pub struct Budget(Mutex<(f64, Instant)>);

impl Budget {
    pub fn new() -> Self {
        Self(Mutex::new((BURST, Instant::now())))
    }

    /// Waits until so many bytes may go out.
    pub async fn spend(&self, bytes: usize) {
        loop {
            let Some(wait) = self.take(bytes, Instant::now()) else { return };
            tokio::time::sleep(wait).await;
        }
    }

    fn take(&self, bytes: usize, now: Instant) -> Option<Duration> {
        let mut bucket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let elapsed = now.saturating_duration_since(bucket.1).as_secs_f64();
        let tokens = elapsed.mul_add(PER_SECOND, bucket.0).min(BURST);
        *bucket = (tokens, now.max(bucket.1));
        if tokens <= 0.0 {
            return Some(Duration::from_secs_f64(-tokens / PER_SECOND).max(SHORTEST));
        }
        // One frame may be larger than what is there: it goes, and the next ones wait.
        bucket.0 -= bytes as f64;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_at_once_and_then_only_the_rate() {
        let (budget, start) = (Budget::new(), Instant::now());
        let mebibytes = |n: usize| n << 20;
        assert_eq!(budget.take(mebibytes(63), start), None);
        assert_eq!(budget.take(mebibytes(49), start), None, "on credit");
        let wait = budget.take(1, start).unwrap();
        assert!((240..260).contains(&wait.as_millis()), "{wait:?}");
        assert_eq!(budget.take(1, start + wait + SHORTEST), None);
        assert_eq!(budget.take(mebibytes(60), start + Duration::from_secs(60)), None);
        assert_eq!(budget.take(1, start + Duration::from_secs(60)), None);
    }
}
