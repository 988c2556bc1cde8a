//! Forwards ledger updates to browsers over one WebSocket.
//!
//! The room for HTTP and WebSockets: who may enter, what the ledger says now and what it said while a client
//! was away. It decides nothing and stores nothing of the domain: commits pass through unread, commands and
//! queries go to the server as one user.

mod access;
mod ask;
mod budget;
mod clock;
mod config;
mod feed;
mod http;
mod limit;
mod metrics;
mod nodes;
mod ready;
mod run;
mod snapshot;
mod socket;
mod system;
mod terminal;

pub use ask::{address_with_code, health};
pub use config::{Config, Limits, Part, TlsFiles};
pub use run::run;

/// Reads a client's frame and says what is wrong with it, as a client is told.
///
/// # Errors
/// `malformed_json`, `unknown_command`, `missing_required_field`, `invalid_value`, …
pub fn check_frame(text: &str) -> Result<(), maestro_wire::ErrorBody> {
    socket::check(text)
}
