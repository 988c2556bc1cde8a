//! The states of a task and the arrows between them.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Actor, InvalidValue, Line, Timestamp};

/// Where a task stands, with what belongs to that state alone. JSON: `status` and the state's fields beside it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum Status {
    Pending,
    InProgress { started_at: Timestamp },
    InReview { submitted_at: Timestamp },
    Blocked { blocked_kind: BlockKind, blocked_reason: Line, blocked_at: Timestamp },
    Completed { completed_at: Timestamp, completed_by: Actor },
    Cancelled { cancelled_at: Timestamp },
}

/// Why a task is blocked.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// Its worker or a person said so.
    Reported,
    /// A task that it depends on was cancelled.
    DependencyCancelled,
    /// It came back unfinished too often.
    ReleasedTooOften,
}

/// A status without its fields, for filters and messages.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StatusKind {
    Pending,
    InProgress,
    InReview,
    Blocked,
    Completed,
    Cancelled,
}

impl Status {
    #[must_use]
    pub const fn kind(&self) -> StatusKind {
        match self {
            Self::Pending => StatusKind::Pending,
            Self::InProgress { .. } => StatusKind::InProgress,
            Self::InReview { .. } => StatusKind::InReview,
            Self::Blocked { .. } => StatusKind::Blocked,
            Self::Completed { .. } => StatusKind::Completed,
            Self::Cancelled { .. } => StatusKind::Cancelled,
        }
    }
}

impl StatusKind {
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::InProgress, Self::InReview, Self::Blocked, Self::Completed, Self::Cancelled];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InProgress => "in_progress",
            Self::InReview => "in_review",
            Self::Blocked => "blocked",
            Self::Completed => "completed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Neither completed nor cancelled.
    #[must_use]
    pub const fn is_open(self) -> bool {
        match self {
            Self::Pending | Self::InProgress | Self::InReview | Self::Blocked => true,
            Self::Completed | Self::Cancelled => false,
        }
    }

    /// The arrows of the state machine, forced ones included. `apply` refuses every other.
    #[must_use]
    pub const fn may_become(self, to: Self) -> bool {
        use StatusKind::{Blocked, Cancelled, Completed, InProgress, InReview, Pending};
        match (self, to) {
            (Pending, InProgress | InReview | Blocked | Completed | Cancelled)
            | (InProgress, Pending | InReview | Blocked | Completed | Cancelled)
            | (InReview, Pending | InProgress | Completed | Cancelled)
            | (Blocked, Pending | InProgress | Completed | Cancelled)
            | (Completed, Pending | InProgress)
            | (Cancelled, Pending)
            | (Pending, Pending)
            | (InProgress, InProgress)
            | (InReview, InReview)
            | (Blocked, Blocked)
            | (Completed, Completed)
            | (Cancelled, Cancelled) => true,
            (InReview, Blocked)
            | (Blocked, InReview)
            | (Completed, InReview | Blocked | Cancelled)
            | (Cancelled, InProgress | InReview | Blocked | Completed) => false,
        }
    }

    /// The verbs that move a task on from here, for messages.
    #[must_use]
    pub const fn verbs(self) -> &'static [&'static str] {
        match self {
            Self::Pending => &["start", "cancel"],
            Self::InProgress => &["complete", "submit", "block", "release", "cancel"],
            Self::InReview => &["approve", "start", "cancel"],
            Self::Blocked => &["unblock", "start", "cancel"],
            Self::Completed => &["reopen", "start"],
            Self::Cancelled => &["reopen"],
        }
    }

    /// The same verbs with where they lead, for pages that show it; whether one is carried out is still decided
    /// on the task. `unblock` gives a task back to its holder, if there is one.
    #[must_use]
    pub const fn moves(self) -> &'static [(&'static str, Self)] {
        use StatusKind::{Blocked, Cancelled, Completed, InProgress, InReview, Pending};
        match self {
            Pending => &[("start", InProgress), ("cancel", Cancelled)],
            InProgress => &[
                ("complete", Completed),
                ("submit", InReview),
                ("block", Blocked),
                ("release", Pending),
                ("cancel", Cancelled),
            ],
            InReview => &[("approve", Completed), ("start", InProgress), ("cancel", Cancelled)],
            Blocked => &[("unblock", Pending), ("start", InProgress), ("cancel", Cancelled)],
            Completed => &[("reopen", Pending), ("start", InProgress)],
            Cancelled => &[("reopen", Pending)],
        }
    }
}

impl fmt::Display for StatusKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for StatusKind {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let wanted = text.to_ascii_lowercase().replace('-', "_");
        Self::ALL.into_iter().find(|s| s.as_str() == wanted).ok_or_else(|| {
            let all = Self::ALL.map(Self::as_str).join(", ");
            InvalidValue::new(
                "invalid_status",
                format!("'{}' is not a status; the statuses are {all}", crate::text::excerpt(text)),
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_of_a_status_leads_along_an_arrow() {
        for from in StatusKind::ALL {
            let verbs: Vec<_> = from.moves().iter().map(|(verb, _)| *verb).collect();
            assert_eq!(verbs, from.verbs());
            assert!(from.moves().iter().all(|(_, to)| *to != from && from.may_become(*to)), "{from}");
        }
    }
}
