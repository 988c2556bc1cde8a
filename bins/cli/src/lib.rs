//! The command line: it checks what was typed, asks the server over the broker, and prints the answer.
//!
//! It decides nothing and keeps nothing but what it has seen and what it could not send. `output` is the only
//! printer; `context` is the only place that connects.

mod address;
mod cli;
mod command;
mod context;
mod fields;
mod fill;
mod gather;
mod help;
mod hook;
mod mcp;
mod memory;
mod narrow;
mod nodes;
mod outbox;
mod output;
mod page;
mod parse;
mod permission;
mod place;
mod plan;
mod repair;
mod report;
pub mod runnable;
mod settings;
mod skill;
mod start;
mod target;
mod teach;
mod terminal;
mod text;
mod up;
mod usage;
mod view;

pub use start::run;
