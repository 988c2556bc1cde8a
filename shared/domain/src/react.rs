//! Effects: what has to happen outside because of an event. Data; the server's performer carries them out.

use crate::{AgentName, Event, PoolName, SessionChange, SessionId};

/// One thing to do outside the model.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Effect {
    /// Put the session on the work queue of its pool and agent.
    Spawn { session: SessionId, epoch: u32, pool: PoolName, agent: AgentName },
    /// Tell whoever runs the session to end it.
    Stop { session: SessionId, epoch: u32 },
    /// Forget the project's history: the event at this place stays, all before it goes.
    Purge,
}

/// The effects of an event.
#[must_use]
pub fn react(event: &Event) -> Vec<Effect> {
    match event {
        Event::Session { id, change, after: Some(session) } => match change {
            SessionChange::Requested { epoch, .. }
            | SessionChange::Restarted { epoch }
            | SessionChange::Resumed { epoch } => vec![Effect::Spawn {
                session: *id,
                epoch: *epoch,
                pool: session.pool.clone(),
                agent: session.agent.clone(),
            }],
            SessionChange::StopRequested {} => vec![Effect::Stop { session: *id, epoch: session.epoch }],
            SessionChange::Starting { .. }
            | SessionChange::Active { .. }
            | SessionChange::NeedsInput { .. }
            | SessionChange::Progress { .. }
            | SessionChange::StopPlanned { .. }
            | SessionChange::StopCalledOff {}
            | SessionChange::Exited { .. }
            | SessionChange::Failed { .. }
            | SessionChange::Lost { .. }
            | SessionChange::Stopped { .. }
            | SessionChange::RestartAbandoned { .. } => Vec::new(),
        },
        Event::Project { after: None, .. } => vec![Effect::Purge],
        Event::Project { .. }
        | Event::Session { .. }
        | Event::Task { .. }
        | Event::Message { .. }
        | Event::Effect { .. } => Vec::new(),
    }
}
