//! Tells the server that the session is active, and asks now and then whether it is still wanted.

use std::time::Duration;

use maestro_client::Seen;
use maestro_domain::{Request, Session, SessionActive, SessionStatusKind, StopCause};
use maestro_wire::{CommandId, ErrorBody, Place, Query, Reply, SessionGet, SessionView};

use super::cause::{Cause, Wish};
use super::uplink::Speaker;
use crate::incarnation::Incarnation;
use crate::session::{Verdict, classify};

const CALL: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_secs(1);
/// A stop whose message was lost is noticed after this.
const CHECK: Duration = Duration::from_secs(10);
/// For how long it is asked why a stop came: a replica may be behind, or whoever sent it asked nobody.
const WHY: Duration = Duration::from_secs(2);
const WHY_AGAIN: Duration = Duration::from_millis(200);

/// Speaks for one running incarnation.
pub(super) struct Reporter {
    speaker: Speaker,
    incarnation: Incarnation,
}

impl Reporter {
    pub(super) fn new(speaker: &Speaker) -> Self {
        Self { speaker: speaker.clone(), incarnation: speaker.uplink.incarnation.clone() }
    }

    /// Returns only when the agent is to end now. `settled` is called when the server has it as active, `wish` with whatever
    /// may be another the next time.
    pub(super) async fn run(&self, settled: impl Fn(), wish: impl Fn(Wish)) -> Cause {
        loop {
            let mut seems = self.activate().await;
            if !matches!(seems, Seems::Over(_)) {
                settled();
            }
            loop {
                match seems {
                    Seems::Fine(rev) => wish(Wish::GoOn(rev)),
                    Seems::Done(rev) => wish(Wish::EndAtRest(rev)),
                    Seems::Unknown => {}
                    Seems::Lost => break,
                    Seems::Over(cause) => return cause,
                }
                tokio::time::sleep(CHECK).await;
                seems = self.look().await;
            }
        }
    }

    /// What a stop that came over the broker is to do. It does not say why; the server has it written down. Without an answer
    /// it is somebody's who waits for it.
    pub(super) async fn why(&self) -> Wish {
        let known = async {
            loop {
                match self.look().await {
                    Seems::Done(rev) => return Wish::EndAtRest(rev),
                    Seems::Over(cause) => return Wish::End(cause),
                    Seems::Fine(_) | Seems::Unknown | Seems::Lost => tokio::time::sleep(WHY_AGAIN).await,
                }
            }
        };
        tokio::time::timeout(WHY, known).await.unwrap_or(Wish::End(Cause::Stop))
    }

    /// Reports `active` until the server has it.
    async fn activate(&self) -> Seems {
        let request = Request::SessionActive(SessionActive {});
        let id = CommandId(ulid::Ulid::generate());
        let caller = self.speaker.caller();
        loop {
            match caller.command(&self.incarnation.project, &request, id, &Seen::default(), CALL).await {
                Ok(reply) => return parse(reply).map_or(Seems::Unknown, |session| is_wanted(&session)),
                Err(error) => {
                    if let Some(cause) = self.judge(&error) {
                        return Seems::Over(cause);
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
            Err(error) => return self.judge(&error).map_or(Seems::Unknown, Seems::Over),
        };
        session.map_or(Seems::Unknown, |session| seems(&session, self.incarnation.epoch))
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
    /// It is to go on, as of this revision.
    Fine(u32),
    Unknown,
    /// Its tasks are done, as of this revision: it is to end once it rests.
    Done(u32),
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
        return Seems::Unknown;
    }
    match session.status.kind() {
        Kind::Exited | Kind::Failed | Kind::Stopped => Seems::Over(Cause::Superseded),
        // It says that it lives, and hears then whether it is to end.
        Kind::Lost if session.stop.as_ref().is_none_or(|stop| stop.cause == StopCause::TasksDone) => Seems::Lost,
        Kind::Lost | Kind::Requested | Kind::Starting | Kind::Active | Kind::NeedsInput => is_wanted(session),
    }
}

/// Whether a running session is to go on. Somebody waits for every stop but the one of a worker that has nothing to do.
fn is_wanted(session: &Session) -> Seems {
    match session.stop.as_ref().map(|stop| stop.cause) {
        None => Seems::Fine(session.rev),
        Some(StopCause::TasksDone) => Seems::Done(session.rev),
        Some(StopCause::Asked | StopCause::Shutdown | StopCause::Restart) => Seems::Over(Cause::Stop),
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

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn session(more: &Value) -> Session {
        let mut session = json!({
            "id": "s1", "rev": 7, "name": "s1", "role": "worker", "agent": "claude", "skill": "maestro-worker", "parent": "ann",
            "pool": "default", "epoch": 2, "createdAt": "2026-01-01T00:00:00Z", "updatedAt": "2026-01-01T00:00:00Z",
            "status": "active", "activeAt": "2026-01-01T00:00:00Z"
        });
        session.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(session).unwrap()
    }

    fn stop(cause: &str) -> Value {
        json!({ "by": "ann", "at": "2026-01-01T00:00:00Z", "cause": cause })
    }

    #[test]
    fn only_the_stop_of_one_that_is_done_waits() {
        assert_eq!(seems(&session(&json!({})), 2), Seems::Fine(7));
        assert_eq!(seems(&session(&json!({ "stop": stop("tasks_done") })), 2), Seems::Done(7));
        for cause in ["asked", "shutdown", "restart"] {
            assert_eq!(seems(&session(&json!({ "stop": stop(cause) })), 2), Seems::Over(Cause::Stop), "{cause}");
        }
        // Servers before there were causes.
        let old = json!({ "stop": { "by": "ann", "at": "2026-01-01T00:00:00Z" } });
        assert_eq!(seems(&session(&old), 2), Seems::Over(Cause::Stop));
    }

    #[test]
    fn one_that_is_thought_lost_says_that_it_lives_unless_somebody_wants_its_end() {
        let lost = |stop: Value| {
            session(&json!({ "status": "lost", "lostReason": "x", "endedAt": "2026-01-01T00:00:00Z", "stop": stop }))
        };
        assert_eq!(seems(&lost(Value::Null), 2), Seems::Lost);
        assert_eq!(seems(&lost(stop("tasks_done")), 2), Seems::Lost);
        assert_eq!(seems(&lost(stop("asked")), 2), Seems::Over(Cause::Stop));
        assert_eq!(seems(&lost(Value::Null), 1), Seems::Over(Cause::Superseded));
        assert_eq!(seems(&lost(Value::Null), 3), Seems::Unknown, "a replica that is behind");
    }
}
