//! The verbs of a session.

pub(super) mod again;
pub(super) mod done;
pub(super) mod end;
pub(super) mod report;
pub(super) mod spawn;
pub(super) mod stop;
