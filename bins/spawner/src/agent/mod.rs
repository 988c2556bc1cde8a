//! Agents: profiles as data, what of them is found on this host, and how a session's manifest becomes a program with
//! arguments.

mod conversation;
mod environment;
mod found;
mod invocation;
mod printed;
mod profile;
mod trust;

pub use conversation::Conversation;
pub use environment::{HIDDEN, NONCE, Session, TRACEPARENT, environment, public, without};
pub use found::Agents;
pub use invocation::{Place, invocation};
pub use printed::{printed, skills};
pub use profile::{Mode, PromptBy, check_profile};
