//! Terminals as clients see them: a screen, and then every byte behind it, numbered by offset.
//!
//! Attaching is: listen to `…out`, ask the holder for its `screen` (formatted state and offset), go on from that
//! offset. A hole in the offsets (a slow viewer, a holder that came back) is mended by asking for the screen again.
//! Nothing here holds the agent up: a viewer that does not read loses its place, not the others' time.

mod attach;
mod holder;
mod past;

use maestro_client::Client;
use maestro_domain::{ProjectId, SessionId};
use maestro_wire::Subject;

pub use attach::{Act, Event, attach};
pub use holder::{Failure, Screen};

/// One incarnation of a session's terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    pub project: ProjectId,
    pub session: SessionId,
    pub epoch: u32,
}

impl Place {
    fn subject(&self, verb: &str) -> String {
        let Self { project, session, epoch } = self;
        Subject::Terminal { project: project.clone(), session: *session, epoch: *epoch, verb: verb.to_owned() }
            .to_string()
    }
}

/// The holder's screen, for tiles that only look now and then.
pub async fn screen(work: &Client, place: &Place) -> Result<Screen, Failure> {
    holder::screen(work, place).await
}
