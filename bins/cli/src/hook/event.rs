//! What happened to an agent, whichever it is, and what it is told.

use maestro_domain::{InputKind, Timestamp};

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// It begins; `again`: after a resume, or its context was cut.
    Started { again: bool },
    /// Its context will be cut, and nothing can be said at that point.
    Compacting,
    /// A turn begins with this text.
    Prompted { prompt: String },
    /// A tool has run; `own`: the agent itself hears what is said now, and not a helper that it started.
    Worked { own: bool },
    /// It waits for somebody.
    Asks { input: InputKind, question: String },
    /// It says that it waits; a better question may have been told already.
    Waits { input: InputKind, question: String },
    /// It has used up what it may, or cannot log in, or broke off.
    Failed { input: InputKind, question: String, until: Option<Timestamp> },
    /// The turn is over. `active`: it was held back once already. `last`: the end of what it said.
    Stopped { active: bool, last: String },
}

/// What the agent is told.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answer {
    /// To be read beside what it has.
    pub context: Option<String>,
    /// Why it goes on instead of stopping.
    pub hold: Option<String>,
}
