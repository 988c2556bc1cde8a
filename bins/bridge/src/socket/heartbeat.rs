//! Ten seconds between two signs of life; two missing ones are the end.

use std::time::Duration;

pub const PING: Duration = Duration::from_secs(10);
/// Nothing heard for so long: two pings stayed unanswered.
pub const DEAD: Duration = Duration::from_secs(25);
