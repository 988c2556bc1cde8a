//! The one place where the server looks at the clock.

use std::time::{SystemTime, UNIX_EPOCH};

use maestro_domain::Timestamp;

/// Now, by the host's clock.
#[must_use]
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
