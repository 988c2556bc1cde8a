//! The command line: it checks what was typed, asks the server over the broker, and prints the answer.
//!
//! It decides nothing and keeps nothing but what it has seen and what it could not send. `output` is the only
//! printer; `context` is the only place that connects.

mod cli;
mod command;
mod context;
mod output;
mod start;
mod up;
mod usage;

pub use start::run;
