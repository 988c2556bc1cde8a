//! Reports that nobody answered yet: kept in fsynced files of the home until a server did.
//!
//! A file stays here when its command also went to the durable INBOX: the next command repeats it under the same id,
//! which is harmless and tells what became of it, and so later reports never overtake it.

mod deliver;
mod entry;

pub use deliver::deliver;
pub use entry::{Entry, Outbox};

use maestro_wire::ErrorCode;

/// Nobody decided: the same command may be sent again later.
pub const fn is_unanswered(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::ConnectionRefused
            | ErrorCode::Disconnected
            | ErrorCode::NoServer
            | ErrorCode::TimedOut
            | ErrorCode::Overloaded
            | ErrorCode::Unavailable
            | ErrorCode::StaleRead
    )
}
