//! Every number that bounds the model, in one place.

/// Bounds of the model; exceeding one is a refusal (`limit_reached`), never a silent cut.
pub struct Limits;

impl Limits {
    /// Projects of one ledger, archived ones included, purged ones not.
    pub const PROJECTS: usize = 10_000;
    pub const TASKS: u32 = 500_000;
    /// Tasks of one `task.import`.
    pub const IMPORT: usize = 500;
    pub const SUBTASKS: usize = 200;
    pub const DEPENDENCIES: usize = 100;
    pub const LABELS: usize = 20;
    pub const CRITERIA: usize = 50;
    /// The highest number of an id; ids have at most nine digits.
    pub const NUMBER: u32 = 999_999_999;
    pub const LIVING_SESSIONS: usize = 1_000;
    pub const SESSION_TASKS: usize = 50;
    pub const INITIAL_COMMANDS: usize = 20;
    /// Unread messages of one recipient. Beyond it a sender is refused; a notice of the server takes the place of
    /// the oldest one.
    pub const UNREAD: usize = 500;
    /// Unread messages of all recipients, among them some that nobody reads for.
    pub const UNREAD_IN_ALL: usize = 50_000;
    /// How often a task may come back unfinished before it is blocked for somebody to look at.
    pub const RELEASES: u32 = 3;
    /// Seconds a requested session waits for a spawner.
    pub const REQUEST_SECS: i64 = 600;
    /// Seconds from `starting` to `active`.
    pub const STARTING_SECS: i64 = 60;
    /// How many epochs in a row may be lost before their agent ran, each followed by another.
    pub const TRIES: u32 = 3;
    /// Seconds from the end of a worker's last task to its stop.
    pub const DONE_SECS: i64 = 60;
    /// Longest restart backoff in seconds.
    pub const BACKOFF_SECS: i64 = 300;
}
