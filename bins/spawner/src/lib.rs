//! Starts sessions on one host and keeps them honest.
//!
//! Orders come from the work queue SPAWN (`dispatch`), each becomes a running session (`session`) under a process of
//! its own (`holder`), which the server hears about in the session's own name. What must not be forgotten lies in files:
//! what runs (`ledger`) and how it ended (`outbox`).

mod agent;
mod args;
mod config;
mod context;
mod dispatch;
mod drain;
mod health;
mod holder;
mod incarnation;
mod ledger;
mod node;
mod os;
mod outbox;
mod ready;
mod recordings;
mod recover;
mod session;
mod spawner;
mod workspace;
mod worktree;

pub use agent::{Session as AgentSession, check_profile, environment as agent_environment};
pub use args::{Args, Part};
pub use config::Config;
pub use health::health;
pub use holder::{Because, Ending, Happened, Holder, Holders, Launch, Uplink, hold};
pub use incarnation::Incarnation;
pub use ledger::{Entry, Ledger};
pub use os::{Identity, become_subreaper, boot_id, identity, is_alive};
pub use outbox::{Outbox, Report};
pub use recover::{Recovered, recover};
pub use spawner::run;
