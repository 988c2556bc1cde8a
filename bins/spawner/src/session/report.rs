//! Tells the server that the session is active, and asks now and then whether it is still wanted.

use std::sync::Arc;
use std::time::Duration;

use maestro_client::{Job, Seen};
use maestro_domain::{Request, Session, SessionActive, SessionStatusKind};
use maestro_wire::{CommandId, ErrorBody, Place, Query, Reply, SessionGet, SessionView};

use super::live::Cause;
use super::order::{Verdict, classify};
use crate::context::{Context, InHand};
use crate::incarnation::Incarnation;

const CALL: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_secs(1);
/// A stop whose message was lost is noticed after this.
const CHECK: Duration = Duration::from_secs(10);

/// Speaks for one running incarnation.
pub(super) struct Reporter<'a> {
    context: Arc<Context>,
    incarnation: Incarnation,
    job: Option<Job>,
    in_hand: &'a InHand,
}

impl<'a> Reporter<'a> {
    pub(super) fn new(context: &Arc<Context>, incarnation: &Incarnation, job: Job, in_hand: &'a InHand) -> Self {
        Self { context: context.clone(), incarnation: incarnation.clone(), job: Some(job), in_hand }
    }

    /// Returns only when the agent is to end.
    pub(super) async fn run(&mut self) -> Cause {
        loop {
            if let Some(cause) = self.activate().await {
                return cause;
            }
            self.settle().await;
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

    /// The order, if it is not acknowledged yet.
    pub(super) fn into_job(self) -> Option<Job> {
        self.job
    }

    /// Reports `active` until the server has it.
    async fn activate(&self) -> Option<Cause> {
        let request = Request::SessionActive(SessionActive {});
        let id = CommandId(ulid::Ulid::generate());
        let caller = self.context.caller(&self.incarnation);
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
                    if let Some(job) = &self.job {
                        // Unheard, the order comes again and is seen to be in hand.
                        let _ = job.in_progress().await;
                    }
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    /// The session has its spawner: the order is done.
    async fn settle(&mut self) {
        let Some(job) = self.job.take() else { return };
        self.in_hand.settled();
        super::settle(job.ack().await);
    }

    async fn look(&self) -> Seems {
        let place = Place::Project(self.incarnation.project.clone());
        let query = Query::SessionGet(SessionGet { session: Some(self.incarnation.session) });
        let caller = self.context.caller(&self.incarnation);
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
