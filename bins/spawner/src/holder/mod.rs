//! The holder: a process of its own beside each agent, `maestro-spawner hold`.
//!
//! It owns the agent's terminal, its output and recording, its lease, and speaks for the session; it is the agent's
//! subreaper, so that nothing the agent starts can get out of its reach. The spawner starts it and may go: the holder
//! goes on, and whoever spawns next on this host finds it by its process.

mod agent;
mod cause;
mod end;
mod ending;
mod endpoint;
mod forward;
mod handle;
mod input;
mod lease;
mod mail;
mod process;
mod protocol;
mod publish;
mod record;
mod recording;
mod report;
mod rest;
mod screen;
mod terminal;
mod unfinished;
mod uplink;

pub use end::end;
pub use ending::Ending;
pub use handle::{Happened, Holder, Holders, Own};
pub use process::hold;
pub use protocol::{Because, Launch, Mail, Uplink};
pub(crate) use terminal::RECORDING;
pub(crate) use uplink::{RECORDINGS, recording_name};

use std::io::{self, Write};

/// Says something to the spawner; one that is gone hears nothing and needs nothing.
fn tell(told: &protocol::Told) {
    if let Ok(mut line) = serde_json::to_vec(told) {
        line.push(b'\n');
        let mut stdout = io::stdout();
        let _ = stdout.write_all(&line).and_then(|()| stdout.flush());
    }
}
