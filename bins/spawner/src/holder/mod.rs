//! The holder: a small process between the spawner and one agent, `maestro-spawner hold`.
//!
//! It is the agent's subreaper, so that nothing the agent starts can get out of its reach, and it watches the pipe from
//! the spawner: when that ends, the agent ends. Here is also the room for the PTY, the screen and the recording.

mod end;
mod handle;
mod log;
mod process;
mod protocol;

pub use end::end;
pub use handle::{Happened, Holder, Holders};
pub use process::hold;
pub use protocol::Launch;
