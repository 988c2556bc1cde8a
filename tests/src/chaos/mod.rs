//! Chaos: a stack under load while its processes are killed, frozen and cut off, and a verdict on what came of it.

mod clock;
mod disk;
mod load;
mod plan;
mod run;
mod watch;
mod world;

pub use plan::{Fault, Setup, Step, Victim, plan};
pub use run::{Verdict, run, seeds};
