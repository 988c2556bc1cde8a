//! Tells the server that the session is active, and asks now and then whether it is still wanted.

use std::time::Duration;

use maestro_client::Seen;
use maestro_domain::{Request, Session, SessionActive, SessionStatusKind};
use maestro_wire::{CommandId, ErrorBody, Place, Query, Reply, SessionGet, SessionView};

use super::cause::Cause;
use super::uplink::Speaker;
use crate::incarnation::Incarnation;
use crate::session::{Verdict, classify};

const CALL: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_secs(1);
/// A stop whose message was lost is noticed after this.
const CHECK: Duration = Duration::from_secs(10);

/// Speaks for one running incarnation.
pub(super) struct Reporter {
    speaker: Speaker,
    incarnation: Incarnation,
}

impl Reporter {
    pub(super) fn new(speaker: &Speaker) -> Self {
        Self { speaker: speaker.clone(), incarnation: speaker.uplink.incarnation.clone() }
    }

    /// Returns only when the agent is to end. `settled` is called when the server has it as active.
    pub(super) async fn run(&self, settled: impl Fn()) -> Cause {
        loop {
            if let Some(cause) = self.activate().await {
                return cause;
            }
            settled();
            loop {
                tokio::time::sleep(CHECK).await;
                match self.look().await {
                    Seems::Fine => {}
                    Seems::Lost => break,
                    Seems::Over(cause) => return cause,
                }
            }
        }
    }

    /// Reports `active` until the server has it.
    async fn activate(&self) -> Option<Cause> {
        let request = Request::SessionActive(SessionActive {});
        let id = CommandId(ulid::Ulid::generate());
        let caller = self.speaker.caller();
        loop {
            match caller.command(&self.incarnation.project, &request, id, &Seen::default(), CALL).await {
                Ok(reply) => {
                    return match parse(reply) {
                        Some(session) if session.stop.is_some() => Some(Cause::Stop),
                        Some(_) | None => None,
                    };
                }
                Err(error) => {
                    if let Some(cause) = self.judge(&error) {
                        return Some(cause);
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    async fn look(&self) -> Seems {
        let place = Place::Project(self.incarnation.project.clone());
        let query = Query::SessionGet(SessionGet { session: Some(self.incarnation.session) });
        let caller = self.speaker.caller();
        let session = match caller.query(&place, &query, &Seen::default(), CALL).await {
            Ok(reply) => parse(reply),
            Err(error) => return self.judge(&error).map_or(Seems::Fine, Seems::Over),
        };
        session.map_or(Seems::Fine, |session| seems(&session, self.incarnation.epoch))
    }

    fn judge(&self, error: &ErrorBody) -> Option<Cause> {
        match classify(error) {
            Verdict::NotOurs(why) => {
                tracing::info!(incarnation = %self.incarnation, why, "not ours any more");
                Some(Cause::Superseded)
            }
            Verdict::Pass => None,
            Verdict::Odd => {
                tracing::warn!(incarnation = %self.incarnation, code = %error.code, "refused: {error}");
                None
            }
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seems {
    Fine,
    /// Given up although it lives: it says so.
    Lost,
    Over(Cause),
}

fn seems(session: &Session, epoch: u32) -> Seems {
    use SessionStatusKind as Kind;
    if session.epoch > epoch {
        return Seems::Over(Cause::Superseded);
    }
    if session.epoch < epoch {
        // A replica that is behind.
        return Seems::Fine;
    }
    match session.status.kind() {
        Kind::Exited | Kind::Failed | Kind::Stopped => Seems::Over(Cause::Superseded),
        _ if session.stop.is_some() => Seems::Over(Cause::Stop),
        Kind::Lost => Seems::Lost,
        Kind::Requested | Kind::Starting | Kind::Active | Kind::NeedsInput => Seems::Fine,
    }
}

fn parse(reply: Reply) -> Option<Session> {
    match reply.parse::<SessionView>() {
        Ok(view) => Some(view.session),
        Err(error) => {
            tracing::warn!("answer not understood: {error}");
            None
        }
    }
}
