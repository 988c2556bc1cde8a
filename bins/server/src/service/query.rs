//! A query: waits for what the caller has seen, then reads a snapshot and the projection.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use maestro_domain::{Actor, ProjectId, Refusal};
use maestro_runtime::trace::{Kind, Span};
use maestro_wire::{ErrorBody, ErrorCode, Place, Query, Reply, Subject, SubjectError, decode_query};
use tokio::{sync::watch, time::timeout};

use super::{Room, verb::Verb};
use crate::{
    project::Project,
    query::{self, Asked},
};

/// How long a replica may lag behind what a caller has seen.
const LAG: Duration = Duration::from_secs(2);

/// Answers one query; the first part is its verb for the figures.
pub async fn handle(room: &Room, subject: &str, payload: &Bytes, traceparent: Option<&str>) -> (Verb, Reply) {
    let (place, actor, entity, verb) = match subject.parse() {
        Ok(Subject::Query { place, actor, entity, verb }) => (place, actor, entity, verb),
        Ok(_) => {
            let error = ErrorBody::new(ErrorCode::UnknownCommand, "this is not a query's subject");
            return (Verb::INVALID, Reply::refused(error));
        }
        Err(error) => return (Verb::INVALID, Reply::refused(subject_error(error))),
    };
    let name = Verb::of_query(&entity, &verb);
    let span = Span::begin(Kind::Server, || format!("query {name}"), traceparent);
    let reply = match answer(room, place, actor, &entity, &verb, payload).await {
        Ok(reply) => reply,
        Err(error) => {
            span.failed(error.code.as_str());
            Reply::refused(error)
        }
    };
    (name, reply)
}

async fn answer(
    room: &Room,
    place: Place,
    actor: Actor,
    entity: &str,
    verb: &str,
    payload: &Bytes,
) -> Result<Reply, ErrorBody> {
    let (envelope, query) = decode_query(entity, verb, payload)?;
    let shared = room.registry.shared();
    match &query {
        Query::ServerInfoGet(_) => return Ok(Reply::ok(&room.server.info(&room.registry))),
        Query::SystemGet(_) => return Ok(Reply::ok(&query::system::get(room).await?)),
        Query::ProjectList(list) => {
            let same = envelope.ledger.as_deref().is_none_or(|theirs| theirs == shared.ledger.id());
            if let Some(wanted) = envelope.min_seq.filter(|_| same) {
                everything(room, wanted).await?;
            }
            return query::project::list(&room.registry, list).map(|page| Reply::ok(&page));
        }
        _ => {}
    }
    let Place::Project(id) = place else {
        return Err(ErrorBody::new(ErrorCode::MissingProject, "this query is about a project; name one")
            .commands(["maestro project list", "maestro init"]));
    };
    let project = seen(room, &id, envelope.min_seq, envelope.ledger.as_deref()).await?;
    let view = project.view();
    if view.state.project().is_none() {
        return Err(Refusal::ProjectNotFound(id).into());
    }
    let asked = Asked { room, project: &project, view: &view, actor: &actor };
    let reply = query::answer(&asked, query).await?;
    Ok(reply.at(view.seq, shared.ledger.id()))
}

/// The project as somebody who has seen `min_seq` of this ledger may be shown it.
pub async fn seen(
    room: &Room,
    id: &ProjectId,
    min_seq: Option<u64>,
    ledger: Option<&str>,
) -> Result<Arc<Project>, ErrorBody> {
    let own = &room.registry.shared().ledger;
    let wanted = min_seq.filter(|_| ledger.is_none_or(|theirs| theirs == own.id()));
    let project = match (room.registry.get(id), wanted) {
        (Some(project), _) => project,
        (None, None) => return Err(Refusal::ProjectNotFound(id.clone()).into()),
        // The caller has seen the project, this replica not yet.
        (None, Some(_)) => room.registry.find(id).await?,
    };
    if let Some(wanted) = wanted {
        reach(&mut project.seq(), wanted).await?;
    }
    Ok(project)
}

/// Waits until every project is as it was when the ledger stood at `wanted`.
async fn everything(room: &Room, wanted: u64) -> Result<(), ErrorBody> {
    let shared = room.registry.shared();
    projected(room, wanted).await?;
    for project in room.registry.all() {
        let row = shared.store.begin().and_then(|reading| reading.project(&project.id));
        if let Ok(Some(row)) = row {
            reach(&mut project.seq(), row.seq).await?;
        }
    }
    Ok(())
}

/// Waits until `seq` has come to `wanted`.
pub async fn reach(seq: &mut watch::Receiver<u64>, wanted: u64) -> Result<(), ErrorBody> {
    let reached = matches!(timeout(LAG, seq.wait_for(|at| *at >= wanted)).await, Ok(Ok(_)));
    if reached {
        return Ok(());
    }
    let at = *seq.borrow();
    let text = format!("this replica is at sequence {at}, you have seen {wanted}");
    Err(ErrorBody::new(ErrorCode::StaleRead, text).suggest("try again in a moment"))
}

/// Waits until the projection shows what the snapshot shows.
pub async fn projected(room: &Room, seq: u64) -> Result<(), ErrorBody> {
    let store = &room.registry.shared().store;
    // What is not followed yet cannot be written; and whoever names a sequence that never comes demands nothing.
    store.demand(seq.min(room.server.progress.borrow().seq));
    reach(&mut store.position(), seq).await
}

/// What a bad subject is answered.
pub fn subject_error(error: SubjectError) -> ErrorBody {
    match error {
        SubjectError::Unknown(_) => ErrorBody::new(ErrorCode::UnknownCommand, error.to_string()),
        SubjectError::Invalid(invalid) => invalid.into(),
    }
}
