//! Why an agent is made to end.

use crate::outbox::Report;

/// What is wished of an agent that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    /// It is to end now.
    End(Cause),
    /// It is to end once it has come to rest, as of this revision of its session: nobody is in a hurry.
    EndAtRest(u32),
    /// As of this revision nobody wants its end.
    GoOn(u32),
}

impl Cause {
    /// Whatever could tell the end later goes down, too, and tells it when it is back.
    pub(super) fn is_shutdown(self) -> bool {
        matches!(self, Self::Shutdown | Self::Terminated)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// Somebody asked for it.
    Stop,
    /// The session has ended otherwise, or goes on elsewhere: nothing is to be reported.
    Superseded,
    /// Its spawner shuts down.
    Shutdown,
    /// The holder itself was told to end.
    Terminated,
    /// The directory with its files is gone: nobody will ever look for it.
    Abandoned,
}

/// What is to be reported; `None`: nothing.
pub(super) fn report(cause: Option<Cause>, code: i32) -> Option<Report> {
    let lost = |reason: &str| Some(Report::Lost { reason: reason.to_owned() });
    match cause {
        None => Some(Report::Exited { code }),
        Some(Cause::Stop) => Some(Report::Stopped { shutdown: false }),
        Some(Cause::Superseded) => None,
        // A host that goes down tells its holders to end before, after or without their spawner.
        Some(Cause::Shutdown | Cause::Terminated) => Some(Report::Stopped { shutdown: true }),
        Some(Cause::Abandoned) => lost("its files were removed"),
    }
}
