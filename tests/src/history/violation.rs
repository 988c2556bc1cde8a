//! What can be wrong.

use std::fmt;

/// A promise that was broken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Violation {
    /// An acknowledged command is not in the ledger, or not where the answer says.
    AcknowledgedMissing { command: String, seq: u64, found: Vec<u64> },
    /// A command stands in more than one commit.
    HappenedTwice { command: String, found: Vec<u64> },
    /// Events of a client under a command id that it never sent.
    Invented { command: String, actor: String, seq: u64 },
    /// A command that was sent after another was acknowledged stands before it.
    OutOfOrder { earlier: String, earlier_seq: u64, later: String, later_seq: u64 },
    /// A commit does not name the commit before it as the one it follows.
    ChainBroken { project: String, seq: u64, before: u64, named: Option<u64> },
    /// An event stands twice in the ledger.
    EventTwice { event: String, seq: u64 },
    /// A task's claim went from one holder to another without being given back, or its number did not grow by one.
    ClaimTaken { task: String, seq: u64, from: String, to: String },
    /// An answer says that its caller holds a task, the ledger says otherwise.
    ClaimNotHeld { command: String, task: String },
    /// An entity's revision did not grow by one.
    RevisionSkipped { entity: String, seq: u64, from: u64, to: u64 },
    /// A session's epoch went back, or on by more than one.
    EpochBroken { session: String, seq: u64, from: u64, to: u64 },
    /// Two spawners took the same epoch.
    EpochTakenTwice { session: String, epoch: u64, seq: u64 },
    /// A follower was not told a commit, or told one at the wrong place.
    FollowerSkipped { follower: String, wanted: Option<u64>, got: Option<u64> },
    /// A follower was told other events of a commit than the ledger holds.
    FollowerDiffers { follower: String, seq: u64 },
    /// A follower's picture of a task is not the ledger's.
    PictureDiffers { follower: String, task: String, ledger: u64, picture: u64 },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}
