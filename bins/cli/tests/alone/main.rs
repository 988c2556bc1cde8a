//! The command line by itself: no server, no broker, nothing but its own home.

mod docs;
mod kit;
mod no_server;
mod offline;
mod usage;
