//! Terminals of sessions as this command line reaches them, and the one that it runs in.

pub mod detach;
pub mod harmless;
pub mod seat;
pub mod tty;
