//! A real nats-server per test: started from the product's own templates, killed on drop.

mod binary;
mod client;
mod layout;
mod server;

pub use binary::nats_server_binary;
pub use client::{Denials, create_streams};
pub use layout::{Cluster, Flavour, Layout, USERS, streams};
pub use server::NatsServer;
