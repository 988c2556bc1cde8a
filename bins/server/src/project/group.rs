//! Group commit: everything that waits is decided in order on a draft, appended as one message, then answered.

use std::collections::HashSet;

use maestro_client::AppendError;
use maestro_domain::{
    Actor as Who, Answer, Command, Decision, Event, Refused, Request, State, Timestamp, answer as answer_of, decide_in,
};
use maestro_runtime::trace::{Kind, Span};
use maestro_wire::{CommandId, ErrorBody, ErrorCode, NewEvent, Recorded, Reply, encode_event, header};
use ulid::Ulid;

use super::{
    Ask,
    actor::{Actor, answer, unavailable},
};
use crate::{
    clock::now,
    reply::answered,
    store::{KnownCommand, fingerprint},
};

/// Conflicts and lost acknowledgements after which a group is given up; its senders try again.
const ATTEMPTS: u32 = 40;
/// Between two attempts when the stream did not move.
const PAUSE: std::time::Duration = std::time::Duration::from_millis(20);
/// A clock may be this far ahead of ours.
const AHEAD_MILLIS: i64 = 3600 * 1000;

/// What a full disk looks like from here.
const SILENT: &str = "it acknowledges nothing, though the broker answers";

fn full(reason: &str) -> ErrorBody {
    ErrorBody::new(ErrorCode::LedgerFull, format!("the ledger has no room: {reason}"))
        .suggest(
            "purge a project that nobody needs, make room on the broker's disk, or raise the servers' \
             MAESTRO_LEDGER_MAX_BYTES",
        )
        .commands(["maestro doctor"])
}

/// What became of one command in the draft.
enum Outcome {
    Accepted {
        answer: Answer,
        unchanged: bool,
    },
    Refused(ErrorBody),
    /// Accepted before; the answer follows from the commit that holds it.
    Known(KnownCommand),
    /// The same id twice in one group: answered like the first.
    Twin,
    /// The sender has given up; nothing was begun.
    Expired,
}

/// A group decided on a copy of the state.
struct Draft {
    asks: Vec<Ask>,
    outcomes: Vec<Outcome>,
    state: State,
    payload: Vec<u8>,
    /// What the payload says.
    events: Vec<Recorded>,
    accepted: Vec<usize>,
}

impl Draft {
    /// The commit is a part of the first trace that it has a command of; it was made for the others as well.
    fn span(&self) -> Span {
        let mut traces = self.accepted.iter().filter_map(|index| self.asks[*index].traceparent.as_deref());
        let Some(first) = traces.next() else { return Span::none() };
        let span = Span::begin(Kind::Client, || "commit".to_owned(), Some(first));
        traces.for_each(|other| span.also_for(other));
        span
    }
}

impl Actor {
    /// Decides what waits, up to the bounds of a group.
    pub(super) async fn decide_group(&mut self) {
        if self.shared.broken.borrow().is_some() {
            self.refuse_all(&unavailable("the projection is being built anew"));
            return;
        }
        self.hand_on();
        if self.waiting.is_empty() {
            return;
        }
        for _ in 0..ATTEMPTS {
            let mut draft = match self.draft() {
                Ok(draft) => draft,
                Err(error) => {
                    self.shared.break_off(error.to_string());
                    self.refuse_all(&unavailable("the projection is being built anew"));
                    return;
                }
            };
            let outcome = if draft.accepted.is_empty() {
                self.confirm().await
            } else if self.silence.lasts() {
                Next::GiveUp(full(SILENT))
            } else {
                let (payload, events) = (std::mem::take(&mut draft.payload), std::mem::take(&mut draft.events));
                let span = draft.span();
                span.around(self.append(payload.into(), events)).await
            };
            match outcome {
                Next::Committed(seq) => {
                    self.commit(draft, seq).await;
                    return;
                }
                Next::Again => {
                    self.put_back(draft);
                    self.hand_on();
                    if self.waiting.is_empty() {
                        return;
                    }
                }
                Next::GiveUp(error) => {
                    self.put_back(draft);
                    self.refuse_all(&error);
                    return;
                }
            }
        }
        self.refuse_all(&unavailable("other replicas write to this project faster than this one can follow"));
    }

    fn draft(&mut self) -> Result<Draft, crate::store::StoreError> {
        let now = now();
        let mut draft = Draft {
            asks: Vec::with_capacity(self.waiting.len()),
            outcomes: Vec::with_capacity(self.waiting.len()),
            state: self.state.clone(),
            payload: Vec::new(),
            events: Vec::new(),
            accepted: Vec::new(),
        };
        let mut seen: HashSet<(CommandId, Who)> = HashSet::new();
        // One for the whole group: what the projection shows by now is forgotten only between groups.
        let commands = self.shared.store.begin()?.commands(&self.project.id)?;
        while let Some(ask) = self.waiting.pop_front() {
            let purges = matches!(ask.request, Request::PurgeProject(_));
            if purges && !draft.accepted.is_empty() {
                // A purge has a commit of its own: it is the first that is left of its project.
                self.waiting.push_front(ask);
                break;
            }
            let key = (ask.id, ask.caller.actor.clone());
            let outcome = if ask.expires_at < now {
                Outcome::Expired
            } else if seen.contains(&key) {
                Outcome::Twin
            } else if let Some(known) = self.look_up_in(&commands, &ask)? {
                Outcome::Known(known)
            } else if let Some(error) = wrong_age(ask.id, now) {
                Outcome::Refused(error)
            } else {
                match self.decide_one(&mut draft, &ask, now) {
                    Some(outcome) => outcome,
                    None => {
                        // It does not fit into this commit; it goes first in the next.
                        self.waiting.push_front(ask);
                        break;
                    }
                }
            };
            if matches!(outcome, Outcome::Accepted { unchanged: false, .. }) {
                draft.accepted.push(draft.asks.len());
            }
            seen.insert(key);
            draft.asks.push(ask);
            draft.outcomes.push(outcome);
            if purges || draft.asks.len() >= header::MAX_GROUP {
                break;
            }
        }
        if !draft.payload.is_empty() {
            draft.payload.push(b']');
        }
        Ok(draft)
    }

    /// Decides one command on the draft; `None` when its events do not fit beside those that are there.
    fn decide_one(&self, draft: &mut Draft, ask: &Ask, now: Timestamp) -> Option<Outcome> {
        let command =
            Command { project: self.project.id.clone(), caller: ask.caller.clone(), request: ask.request.clone() };
        let Decision { events, illegal } = match decide_in(&mut draft.state, &command, now) {
            Ok(decision) => decision,
            Err(Refused { refusal, spoiled }) => {
                if spoiled {
                    self.restore(draft);
                }
                return Some(Outcome::Refused(refusal.into()));
            }
        };
        if let Some(error) = illegal {
            self.restore(draft);
            tracing::error!(project = %self.project.id, cause = %error, "decided an event that cannot be applied");
            let text = format!("a defect of Maestro: {error}");
            return Some(Outcome::Refused(ErrorBody::new(ErrorCode::Internal, text)));
        }
        if events.is_empty() {
            let answer = answer_of(&draft.state, &ask.caller, &ask.request, &[]);
            return Some(Outcome::Accepted { answer, unchanged: true });
        }
        let start = draft.payload.len();
        let ids: Vec<Ulid> = events.iter().map(|_| Ulid::generate()).collect();
        let encoded = self.encode(&events, &ids, ask, now, &mut draft.payload);
        let length = draft.payload.len() - start;
        let problem = match encoded {
            Err(error) => Some(Outcome::Refused(ErrorBody::new(ErrorCode::Internal, error.to_string()))),
            Ok(()) if length + 1 > header::MAX_COMMAND => {
                let text =
                    format!("this command would write {length} bytes; at most {} are taken", header::MAX_COMMAND);
                Some(Outcome::Refused(ErrorBody::new(ErrorCode::TooLarge, text)))
            }
            Ok(()) if draft.payload.len() + 1 > header::MAX_COMMAND => None,
            Ok(()) => {
                let answer = answer_of(&draft.state, &ask.caller, &ask.request, &events);
                draft.events.extend(events.into_iter().zip(ids).map(|(event, id)| recorded(event, id, ask, now)));
                return Some(Outcome::Accepted { answer, unchanged: false });
            }
        };
        draft.payload.truncate(start);
        self.restore(draft);
        problem
    }

    /// The draft's state as the commands leave it that were accepted so far.
    fn restore(&self, draft: &mut Draft) {
        draft.state = self.state.clone();
        for recorded in &draft.events {
            // They were folded before, on the same state.
            let _folded = draft.state.apply(&recorded.event);
        }
    }

    /// Appends the events to a batch that is being written.
    fn encode(
        &self,
        events: &[Event],
        ids: &[Ulid],
        ask: &Ask,
        now: Timestamp,
        out: &mut Vec<u8>,
    ) -> serde_json::Result<()> {
        for (event, id) in events.iter().zip(ids) {
            out.push(if out.is_empty() { b'[' } else { b',' });
            let new = NewEvent {
                id: *id,
                source: self.shared.ledger.replica(),
                time: now,
                actor: &ask.caller.actor,
                command: ask.id,
                digest: &ask.digest,
                traceparent: ask.traceparent.as_deref(),
                event,
            };
            encode_event(&new, out)?;
        }
        Ok(())
    }

    /// Nothing to append: but a refusal or a repetition by a stale replica would be wrong, so the leader is asked.
    async fn confirm(&mut self) -> Next {
        match self.shared.ledger.last_sequence(&self.project.id).await {
            Ok(last) if last == self.applied => Next::Committed(self.applied),
            Ok(last) if last < self.applied => self.shortened(last),
            Ok(last) => match self.follow_to(last).await {
                Ok(()) => Next::Again,
                Err(error) => Next::GiveUp(error),
            },
            Err(error) => Next::GiveUp(unavailable(&format!("the ledger cannot be asked: {error}"))),
        }
    }

    async fn append(&mut self, payload: bytes::Bytes, events: Vec<Recorded>) -> Next {
        match self.shared.ledger.append(&self.project.id, payload, self.applied, events).await {
            Ok(seq) => {
                self.silence.ends();
                Next::Committed(seq)
            }
            Err(AppendError::Conflict { last }) => {
                self.home.lost_race();
                self.resync(last).await
            }
            // It may be there or may still come; the guard of the next append tells.
            Err(AppendError::Unknown) => {
                let before = self.applied;
                let next = self.resync(None).await;
                if self.applied != before {
                    self.silence.ends();
                    next
                } else if matches!(next, Next::Again) && self.silence.goes_on() {
                    tracing::error!(project = %self.project.id, "the ledger acknowledges nothing: its disk may be full");
                    Next::GiveUp(full(SILENT))
                } else {
                    next
                }
            }
            Err(AppendError::Full { reason }) => {
                tracing::error!(project = %self.project.id, reason, "the ledger is full");
                Next::GiveUp(full(&reason))
            }
            Err(AppendError::TooLarge { limit }) => Next::GiveUp(ErrorBody::new(
                ErrorCode::TooLarge,
                format!("the broker takes at most {limit:?} bytes in one commit"),
            )),
            Err(
                error @ (AppendError::Disconnected
                | AppendError::NoStream { .. }
                | AppendError::Unavailable(_)
                | AppendError::Denied { .. }
                | AppendError::Refused(_)
                | AppendError::InvalidSubject(_)),
            ) => Next::GiveUp(unavailable(&format!("the ledger did not take it: {error}"))),
        }
    }

    /// Follows to where the stream is, then the group is decided again; own commands that are there are known then.
    async fn resync(&mut self, last: Option<u64>) -> Next {
        let target = match last {
            Some(last) => last,
            None => match self.shared.ledger.last_sequence(&self.project.id).await {
                Ok(last) => last,
                Err(error) => return Next::GiveUp(unavailable(&format!("the ledger cannot be asked: {error}"))),
            },
        };
        if target < self.applied {
            return self.shortened(target);
        }
        if target == self.applied {
            // The stream has not moved: a passing hiccup of the broker, not another writer.
            tokio::time::sleep(PAUSE).await;
        }
        match self.follow_to(target).await {
            Ok(()) => Next::Again,
            Err(error) => Next::GiveUp(error),
        }
    }

    /// The ledger ends before what was applied: it was restored from an older copy.
    fn shortened(&self, last: u64) -> Next {
        let (id, applied) = (&self.project.id, self.applied);
        self.shared.break_off(format!("the ledger of {id} ends at {last}, but {applied} was applied"));
        Next::GiveUp(unavailable("the projection is being built anew"))
    }

    /// The commit is acknowledged: what was decided is so, and everybody hears of it.
    async fn commit(&mut self, draft: Draft, seq: u64) {
        let Draft { asks, outcomes, state, accepted, .. } = draft;
        if !accepted.is_empty() {
            self.state = state;
            self.applied = seq;
            self.project.at_home.store(true, std::sync::atomic::Ordering::Relaxed);
            for index in accepted {
                let ask = &asks[index];
                self.known.insert(ask.id, &ask.caller.actor, seq, &ask.digest);
            }
            self.project.publish(self.state.clone(), seq);
            self.known.prune(*self.shared.store.position().borrow());
        }
        for (ask, outcome) in asks.into_iter().zip(outcomes) {
            let reply = match outcome {
                Outcome::Accepted { answer, unchanged } => {
                    let mut reply = answered(&answer);
                    reply.unchanged = unchanged;
                    reply.at(seq, self.shared.ledger.id())
                }
                Outcome::Refused(error) => Reply::refused(error).at(seq, self.shared.ledger.id()),
                Outcome::Known(known) => self.repeat(&ask, &known).await,
                Outcome::Twin => match self.look_up(&ask) {
                    Ok(Some(known)) => self.repeat(&ask, &known).await,
                    Ok(None) | Err(_) => Reply::refused(unavailable("the same command was refused a moment ago")),
                },
                Outcome::Expired => {
                    let text = "the command waited longer than its sender; it was not begun";
                    Reply::refused(ErrorBody::new(ErrorCode::TimedOut, text))
                }
            };
            answer(ask, reply);
        }
    }

    /// The first answer again: from the command's own events.
    async fn repeat(&self, ask: &Ask, known: &KnownCommand) -> Reply {
        if known.fingerprint != fingerprint(&ask.digest) {
            let text = format!("the command id {} was used for another command", ask.id);
            return Reply::refused(ErrorBody::new(ErrorCode::CommandIdReused, text));
        }
        match self.shared.ledger.commit_at(&self.project.id, known.seq).await {
            Ok(Some(decoded)) => {
                let own: Vec<Event> = decoded
                    .events
                    .into_iter()
                    .filter(|r| r.command == ask.id && r.actor == ask.caller.actor)
                    .map(|r| r.event)
                    .collect();
                let answer = answer_of(&self.state, &ask.caller, &ask.request, &own);
                answered(&answer).at(known.seq, self.shared.ledger.id())
            }
            Ok(None) => Reply::refused(ErrorBody::new(
                ErrorCode::CommandExpired,
                "the command was carried out, but its history was purged since",
            )),
            Err(error) => Reply::refused(unavailable(&format!("the ledger cannot be read: {error}"))),
        }
    }

    fn put_back(&mut self, draft: Draft) {
        for ask in draft.asks.into_iter().rev() {
            self.waiting.push_front(ask);
        }
    }

    fn refuse_all(&mut self, error: &ErrorBody) {
        for ask in self.waiting.drain(..) {
            answer(ask, Reply::refused(error.clone()));
        }
    }
}

/// An event as the follower will bring it back.
fn recorded(event: Event, id: Ulid, ask: &Ask, now: Timestamp) -> Recorded {
    Recorded {
        id: id.to_string(),
        time: now,
        actor: ask.caller.actor.clone(),
        command: ask.id,
        digest: ask.digest.clone(),
        traceparent: ask.traceparent.clone(),
        event,
    }
}

enum Next {
    Committed(u64),
    Again,
    GiveUp(ErrorBody),
}

/// Ids older than answers are kept, or from a clock far ahead.
fn wrong_age(id: CommandId, now: Timestamp) -> Option<ErrorBody> {
    let age = now.millis_since(id.time());
    if age > crate::store::KNOWN_MILLIS {
        let text = "this command id is older than 7 days; whether it was carried out is no longer known";
        return Some(ErrorBody::new(ErrorCode::CommandExpired, text));
    }
    if age < -AHEAD_MILLIS {
        let text = format!("this command id is {} s in the future; check the sender's clock", -age / 1000);
        return Some(ErrorBody::new(ErrorCode::InvalidCommandId, text));
    }
    None
}
