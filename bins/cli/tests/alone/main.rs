//! The command line by itself: no server, no broker, nothing but its own home.

mod docs;
mod fuzz;
mod kit;
mod no_server;
mod offline;
mod usage;
