//! `up`, `down`, `logs`, `doctor`, `backup`, `restore`: the stack of one home.
//!
//! `up` is the only process that starts the programs. Nothing here knows what they do; it knows how they are started,
//! how one sees that they serve, and in which order they end. Nothing is ever ended by name.

mod alone;
mod args;
mod backup;
mod binary;
mod broker;
mod dashboard;
mod detach;
mod doctor;
mod down;
mod farewell;
mod keeper;
mod log_tail;
mod logs;
mod notify;
mod preflight;
mod process;
mod program;
mod rotate;
mod running;
mod show;
mod space;
mod stack;
mod start;
mod supervisor;

pub use args::{BackupArgs, DoctorArgs, DownArgs, LogsArgs, RestoreArgs, UpArgs};
pub use backup::{backup, restore};
pub use doctor::doctor;
pub use down::down;
pub use logs::logs;
pub use start::up;

/// The time as the domain counts it: milliseconds since 1970.
fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
