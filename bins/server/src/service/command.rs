//! A command: from the subject and the envelope to the project's mailbox. The actor answers.

use std::sync::Arc;

use bytes::Bytes;
use maestro_domain::{Actor, Caller, ProjectId, Request, State, Timestamp, decide};
use maestro_runtime::trace::{self, Kind, Span};
use maestro_wire::{CommandEnvelope, ErrorBody, ErrorCode, Place, Reply, Subject, decode_command, digest};
use tokio_util::task::TaskTracker;

use super::{Room, answer::Responder, verb::Verb};
use crate::{
    clock::now,
    project::{Ask, Project, ReplyTo, answer},
    registry::overloaded,
};

/// How long a command without an expiry of its own may wait.
const PATIENCE_SECS: i64 = 10;

/// From whom a command comes.
pub enum Hand {
    First {
        /// As the header has it.
        traceparent: Option<String>,
    },
    /// Another replica took it, and knows how long its sender waits.
    Second { expires_at: Timestamp, traceparent: Option<String> },
}

/// A command that was read.
struct Command {
    project: ProjectId,
    actor: Actor,
    envelope: CommandEnvelope,
    request: Request,
    /// As it came, for handing it on.
    raw: Option<(String, Bytes)>,
}

/// Takes one command; what has to be waited for first waits in a task of its own.
pub fn take(
    room: &Arc<Room>,
    subject: &str,
    payload: Bytes,
    mut responder: Responder,
    hand: Hand,
    waiting: &TaskTracker,
) {
    let (verb, read) = read(subject, &payload);
    responder.about(verb);
    let (header, expires_at) = match hand {
        Hand::First { traceparent } => (traceparent, None),
        Hand::Second { expires_at, traceparent } => (traceparent, Some(expires_at)),
    };
    let envelope = read.as_ref().ok().and_then(|command| command.envelope.traceparent.as_deref());
    let parent = trace::of_request(header.as_deref(), envelope);
    let span = Span::begin(Kind::Server, || format!("command {verb}"), parent);
    let traceparent = span.traceparent_or(parent);
    responder.belongs_to(span);
    let mut command = match read {
        Ok(command) => command,
        Err(error) => return responder.send(Reply::refused(error)),
    };
    command.envelope.traceparent = traceparent;
    match expires_at {
        None => command.raw = Some((subject.to_owned(), payload)),
        Some(_) => command.envelope.expires_at = expires_at,
    }
    let begins = matches!(command.request, Request::CreateProject(_));
    let project = room.registry.get(&command.project).filter(|_| !begins);
    let wanted = wanted(room, &command.envelope);
    if let Some(project) = project.filter(|project| wanted.is_none_or(|wanted| project.has_reached(wanted))) {
        return put(&project, command, responder);
    }
    let room = Arc::clone(room);
    waiting.spawn(async move {
        match find(&room, &command, wanted).await {
            Ok(project) => put(&project, command, responder),
            Err(error) => responder.send(Reply::refused(error)),
        }
    });
}

fn read(subject: &str, payload: &[u8]) -> (Verb, Result<Command, ErrorBody>) {
    let (place, actor, entity, verb) = match subject.parse() {
        Ok(Subject::Command { place, actor, entity, verb }) => (place, actor, entity, verb),
        Ok(_) => {
            let error = ErrorBody::new(ErrorCode::UnknownCommand, "this is not a command's subject");
            return (Verb::INVALID, Err(error));
        }
        Err(error) => return (Verb::INVALID, Err(super::query::subject_error(error))),
    };
    (Verb::of_command(&entity, &verb), read_as(place, actor, &entity, &verb, payload))
}

fn read_as(place: Place, actor: Actor, entity: &str, verb: &str, payload: &[u8]) -> Result<Command, ErrorBody> {
    if actor == Actor::System {
        return Err(ErrorBody::new(ErrorCode::NotPermitted, "'system' is the server itself; nobody else acts as it"));
    }
    let (envelope, request) = decode_command(entity, verb, payload)?;
    let Place::Project(project) = place else {
        return Err(ErrorBody::new(ErrorCode::MissingProject, "this command is about a project; name one")
            .commands(["maestro project list", "maestro init"]));
    };
    Ok(Command { project, actor, envelope, request, raw: None })
}

/// What the caller has seen of this ledger: nobody is answered from a state older than that.
fn wanted(room: &Room, envelope: &CommandEnvelope) -> Option<u64> {
    let ours = room.registry.shared().ledger.id();
    envelope.min_seq.filter(|_| envelope.ledger.as_deref().is_none_or(|theirs| theirs == ours))
}

async fn find(room: &Room, command: &Command, wanted: Option<u64>) -> Result<Arc<Project>, ErrorBody> {
    let project = match command.request {
        Request::CreateProject(_) => begun(room, command)?,
        _ => room.registry.find(&command.project).await?,
    };
    if let Some(wanted) = wanted {
        super::query::reach(&mut project.seq(), wanted).await?;
    }
    Ok(project)
}

/// The project that a command creates. One that no state would let it create gets no actor.
fn begun(room: &Room, command: &Command) -> Result<Arc<Project>, ErrorBody> {
    if let Some(project) = room.registry.get(&command.project)
        && project.view().state.project().is_some()
    {
        return Ok(project);
    }
    let first = maestro_domain::Command {
        project: command.project.clone(),
        caller: Caller { actor: command.actor.clone(), epoch: command.envelope.epoch },
        request: command.request.clone(),
    };
    decide(&State::default(), &first, now())?;
    Ok(room.registry.enter(&command.project)?)
}

fn put(project: &Project, command: Command, responder: Responder) {
    let Command { actor, envelope, request, raw, .. } = command;
    let ask = Ask {
        digest: digest(&request),
        caller: Caller { actor, epoch: envelope.epoch },
        request,
        id: envelope.id,
        traceparent: envelope.traceparent,
        expires_at: envelope.expires_at.unwrap_or_else(|| now().plus_secs(PATIENCE_SECS)),
        raw,
        reply: ReplyTo::Caller(responder),
    };
    if let Err(ask) = project.try_ask(ask) {
        answer(*ask, Reply::refused(overloaded()));
    }
}
