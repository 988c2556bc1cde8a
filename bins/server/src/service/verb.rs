//! What the figures call a request.

use std::fmt;

use maestro_domain::Request;
use maestro_wire::Query;

/// An entity and a verb of the model. Others are `unknown` or `invalid`, so that the figures stay bounded.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Verb(&'static str, &'static str);

impl Verb {
    /// The subject could not be read.
    pub const INVALID: Self = Self("invalid", "");
    const UNKNOWN: Self = Self("unknown", "");

    pub fn of_command(entity: &str, verb: &str) -> Self {
        Self::among(Request::VERBS, entity, verb)
    }

    pub fn of_query(entity: &str, verb: &str) -> Self {
        Self::among(Query::VERBS, entity, verb)
    }

    pub fn of_wait(what: &str) -> Self {
        Self::among(&[("tasks", ""), ("events", "")], what, "")
    }

    fn among(known: &[(&'static str, &'static str)], entity: &str, verb: &str) -> Self {
        known.iter().find(|known| **known == (entity, verb)).map_or(Self::UNKNOWN, |known| Self(known.0, known.1))
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)?;
        if self.1.is_empty() { Ok(()) } else { write!(f, ".{}", self.1) }
    }
}
