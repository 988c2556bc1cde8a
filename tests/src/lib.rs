//! The kit end-to-end tests stand on: a real nats-server, a real stack.
//!
//! Nothing here is a mock of the broker, and nothing here sleeps and hopes: waits have a deadline and say
//! what they waited for.

pub mod browser;
pub mod chaos;
pub mod cluster;
pub mod history;
pub mod markdown;
pub mod nats;
pub mod packages;
pub mod program;
pub mod proxy;
pub mod pty;
pub mod schema;
pub mod stack;
