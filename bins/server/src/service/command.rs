//! A command: from the subject and the envelope to the project's mailbox, and the answer back.

use std::time::Duration;

use bytes::Bytes;
use maestro_domain::{Actor, Caller, Request};
use maestro_wire::{ErrorBody, ErrorCode, Place, Reply, Subject, decode_command, digest};
use tokio::sync::oneshot;

use super::Room;
use crate::{clock::now, project::Ask, registry::overloaded};

/// How long a command without an expiry of its own may wait.
const PATIENCE_SECS: i64 = 10;

/// Answers one command; the first part is its verb for the figures.
pub async fn handle(room: &Room, subject: &str, payload: &Bytes, first_hand: bool) -> (String, Reply) {
    let (place, actor, entity, verb) = match subject.parse() {
        Ok(Subject::Command { place, actor, entity, verb }) => (place, actor, entity, verb),
        Ok(_) => return invalid(ErrorBody::new(ErrorCode::UnknownCommand, "this is not a command's subject")),
        Err(error) => return invalid(super::query::subject_error(error)),
    };
    let name =
        if Request::VERBS.contains(&(&*entity, &*verb)) { format!("{entity}.{verb}") } else { "unknown".to_owned() };
    let reply = match take(room, subject, place, actor, &entity, &verb, payload, first_hand).await {
        Ok(reply) => reply,
        Err(error) => Reply::refused(error),
    };
    (name, reply)
}

fn invalid(error: ErrorBody) -> (String, Reply) {
    ("invalid".to_owned(), Reply::refused(error))
}

#[expect(clippy::too_many_arguments, reason = "the parts of one subject and its payload")]
async fn take(
    room: &Room,
    subject: &str,
    place: Place,
    actor: Actor,
    entity: &str,
    verb: &str,
    payload: &Bytes,
    first_hand: bool,
) -> Result<Reply, ErrorBody> {
    if actor == Actor::System {
        return Err(ErrorBody::new(ErrorCode::NotPermitted, "'system' is the server itself; nobody else acts as it"));
    }
    let (envelope, request) = decode_command(entity, verb, payload)?;
    let Place::Project(id) = place else {
        return Err(ErrorBody::new(ErrorCode::MissingProject, "this command is about a project; name one")
            .commands(["maestro project list", "maestro init"]));
    };
    let ledger = &room.registry.shared().ledger;
    let project = match room.registry.get(&id) {
        Some(project) => project,
        None if matches!(request, Request::CreateProject(_)) => room.registry.get_or_start(&id),
        None => room.registry.find(&id).await?,
    };
    let same_ledger = envelope.ledger.as_deref().is_none_or(|theirs| theirs == ledger.id());
    if let Some(wanted) = envelope.min_seq.filter(|_| same_ledger) {
        // Nobody is answered from a state older than what they have seen.
        super::query::reach(&mut project.seq(), wanted).await?;
    }
    let (reply, answer) = oneshot::channel();
    let expires_at = envelope.expires_at.unwrap_or_else(|| now().plus_secs(PATIENCE_SECS));
    let ask = Ask {
        digest: digest(&request),
        caller: Caller { actor, epoch: envelope.epoch },
        request,
        id: envelope.id,
        traceparent: envelope.traceparent,
        expires_at,
        raw: first_hand.then(|| (subject.to_owned(), payload.clone())),
        reply,
    };
    project.try_ask(ask).map_err(|_| overloaded())?;
    match tokio::time::timeout(Duration::from_secs(30), answer).await {
        Ok(Ok(reply)) => Ok(reply),
        Ok(Err(_)) => Err(ErrorBody::new(ErrorCode::Unavailable, "the server is stopping; another one will answer")),
        Err(_) => Err(ErrorBody::new(ErrorCode::TimedOut, "the command was not decided in time")),
    }
}
