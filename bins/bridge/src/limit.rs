//! How many commands a second.

use std::time::Instant;

/// A bucket that fills at a steady rate and holds so many at most.
#[derive(Debug)]
pub struct Rate {
    per_second: f64,
    burst: f64,
    tokens: f64,
    at: Instant,
}

impl Rate {
    pub fn new(per_second: u32, burst: u32, now: Instant) -> Self {
        Self { per_second: per_second.into(), burst: burst.into(), tokens: burst.into(), at: now }
    }

    /// Whether one more may pass now.
    pub fn take(&mut self, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = now;
        self.tokens = elapsed.mul_add(self.per_second, self.tokens).min(self.burst);
        let passes = self.tokens >= 1.0;
        if passes {
            self.tokens -= 1.0;
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_passes_and_then_only_the_rate() {
        let start = Instant::now();
        let mut rate = Rate::new(10, 3, start);
        assert!((0..3).all(|_| rate.take(start)));
        assert!(!rate.take(start));
        assert!(rate.take(start + Duration::from_millis(100)));
        assert!(!rate.take(start + Duration::from_millis(150)));
        let later = start + Duration::from_secs(60);
        assert_eq!((0..10).filter(|_| rate.take(later)).count(), 3);
    }
}
