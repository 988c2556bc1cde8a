//! Handing a project's commands to the replica that is its soft home: many in one message, which the home acknowledges
//! at once; it then answers their senders itself. A home that stays silent is no home, and what was for it comes back
//! into the mailbox.

use std::{
    collections::VecDeque,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use bytes::Bytes;
use maestro_client::Headers;
use maestro_domain::Timestamp;
use maestro_wire::{Reply, header};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{
    Ask, Project, ReplyTo,
    actor::{Actor, answer, unavailable},
};
use crate::clock::now;

/// The home acknowledges within this, or the replica decides itself; one that is gone is known at once.
const BOUND: Duration = Duration::from_millis(500);
/// Of one command beside what it says, in bytes, at most.
const ENVELOPE: usize = 128;
/// Of one message, in bytes.
const BATCH_BYTES: usize = header::MAX_COMMAND;

/// Where a replica takes commands from its peers.
#[must_use]
pub fn subject(replica: &str) -> String {
    format!("maestro.v1.peer.{replica}.batch")
}

/// Commands of one project on their way to its home.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Batch {
    /// `maestro.v1.peer.batch`
    #[serde(rename = "type")]
    kind: String,
    /// After this its sender has given the home up and decides itself: taken later, a command could be decided twice,
    /// and one of the two refused. Clocks that differ by more than the bound make replicas decide each for themselves.
    not_after: Timestamp,
    pub commands: Vec<Handed>,
}

/// A command as it came.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Handed {
    /// The subject it was sent to: actor, entity and verb stand there.
    pub subject: String,
    /// Where its sender waits.
    pub reply: String,
    /// The sender has given up after this.
    pub expires_at: Timestamp,
    /// The trace that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    pub payload: Box<RawValue>,
}

impl Batch {
    const TYPE: &'static str = "maestro.v1.peer.batch";

    /// Whether whoever sent it still waits.
    pub fn is_in_time(&self, now: Timestamp) -> bool {
        now <= self.not_after
    }

    /// Reads a batch; `None`: it is of another kind.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().filter(|batch: &Self| batch.kind == Self::TYPE)
    }
}

impl Actor {
    /// Hands what waits to the project's home, if that is elsewhere. Peers' commands and those that came back stay.
    pub(super) fn hand_on(&mut self) {
        let Some(home) = self.home.elsewhere().map(subject) else { return };
        let call = self.home_call(&home);
        let mut kept = VecDeque::new();
        let mut batch = (Vec::new(), Vec::new(), 0);
        for mut ask in self.waiting.drain(..) {
            let Some(handed) = hand(&mut ask) else {
                kept.push_back(ask);
                continue;
            };
            let size = handed.payload.get().len() + handed.subject.len() + handed.reply.len() + ENVELOPE;
            if size > BATCH_BYTES {
                kept.push_back(ask);
                continue;
            }
            if batch.2 + size > BATCH_BYTES {
                let (asks, commands, _) = std::mem::take(&mut batch);
                self.shared.calls.spawn(send(call.clone(), asks, commands));
            }
            batch.2 += size;
            batch.0.push(ask);
            batch.1.push(handed);
        }
        self.waiting = kept;
        if !batch.0.is_empty() {
            self.shared.calls.spawn(send(call, batch.0, batch.1));
        }
    }

    fn home_call(&self, home: &str) -> Call {
        Call {
            client: self.shared.ledger.client().clone(),
            home: home.to_owned(),
            silent: self.home.silence(),
            project: Arc::clone(&self.project),
        }
    }
}

#[derive(Clone)]
struct Call {
    client: maestro_client::Client,
    home: String,
    silent: Arc<std::sync::atomic::AtomicBool>,
    project: Arc<Project>,
}

/// A command of a caller who waits at an address, once: what comes back is not handed on again.
fn hand(ask: &mut Ask) -> Option<Handed> {
    let ReplyTo::Caller(responder) = &ask.reply else { return None };
    let (subject, payload) = ask.raw.take()?;
    let payload = serde_json::from_slice(&payload).ok()?;
    let (reply, traceparent) = (responder.reply_to().to_owned(), ask.traceparent.clone());
    Some(Handed { subject, reply, expires_at: ask.expires_at, traceparent, payload })
}

async fn send(call: Call, asks: Vec<Ask>, commands: Vec<Handed>) {
    let not_after = now().plus_millis(i64::try_from(BOUND.as_millis()).unwrap_or(0));
    let batch = Batch { kind: Batch::TYPE.to_owned(), not_after, commands };
    let payload: Bytes = serde_json::to_vec(&batch).unwrap_or_default().into();
    let taken = call.client.request(&call.home, &Headers::new(), payload, BOUND).await;
    if taken.is_ok_and(|message| Reply::decode(message.payload()).is_ok_and(|reply| reply.success)) {
        for ask in asks {
            ask.reply.hand_over();
        }
        return;
    }
    call.silent.store(true, Ordering::Relaxed);
    for ask in asks {
        if let Err(ask) = call.project.try_ask(ask) {
            // The home may have it all the same.
            answer(*ask, Reply::refused(unavailable("the project's home did not answer; the same command id is safe")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_is_read_as_it_was_written_and_nothing_else_is() {
        let payload = RawValue::from_string(r#"{"type":"maestro.v1.command","id":"x"}"#.into()).unwrap();
        let at = Timestamp::from_millis(1_700_000_000_000);
        let (subject, reply) = ("maestro.v1.cmd.web.ann.task.log".into(), "_INBOX.a.b".into());
        let handed = Handed { subject, reply, expires_at: at.plus_secs(5), traceparent: None, payload };
        let batch = Batch { kind: Batch::TYPE.into(), not_after: at, commands: vec![handed] };
        assert!(batch.is_in_time(at) && !batch.is_in_time(at.plus_millis(1)));
        let bytes = serde_json::to_vec(&batch).unwrap();
        let text = r#"{"type":"maestro.v1.peer.batch","notAfter":"2023-11-14T22:13:20.000Z","commands":[{"subject":"maestro.v1.cmd.web.ann.task.log","reply":"_INBOX.a.b","expiresAt":"2023-11-14T22:13:25.000Z","payload":{"type":"maestro.v1.command","id":"x"}}]}"#;
        assert_eq!(std::str::from_utf8(&bytes).unwrap(), text);
        assert_eq!(Batch::decode(&bytes).unwrap().commands.len(), 1);
        for other in
            ["", "{}", r#"{"type":"maestro.v2.peer.batch","notAfter":"2023-11-14T22:13:20.000Z","commands":[]}"#]
        {
            assert!(Batch::decode(other.as_bytes()).is_none(), "{other}");
        }
    }
}
