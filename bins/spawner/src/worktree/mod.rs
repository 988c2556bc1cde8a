//! The worktrees of this host as others may look at them and take them on: `diff`, `merge`, `discard`, `prune` of
//! `maestro.v1.node.{spawner}`.

mod diff;
mod discard;
mod merge;
mod patch;
mod prune;
mod state;

use std::sync::Arc;

use maestro_client::service::{Endpoint, EndpointSpec, Request};
use maestro_domain::NodeName;
use maestro_wire::{ErrorBody, ErrorCode, Reply, Subject, WorktreeRequest, decode};
use serde::Serialize;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::context::Context;
use crate::workspace::{GitError, Trouble, WorktreeRecord};

/// The requests, in the order of their endpoints.
pub(crate) const VERBS: [&str; 4] = ["diff", "merge", "discard", "prune"];
/// How many are worked on at once; more are told to come again.
const AT_ONCE: usize = 4;

pub(crate) fn endpoints(node: &NodeName) -> Vec<EndpointSpec> {
    let subject = |verb: &str| Subject::Node { node: node.clone(), verb: verb.to_owned() }.to_string();
    VERBS.iter().map(|verb| EndpointSpec::new(verb, &subject(verb), "spawner")).collect()
}

/// Answers until the service ends.
pub(crate) async fn answer(context: &Arc<Context>, endpoints: Vec<Endpoint>) {
    let Ok([mut diff, mut merge, mut discard, mut prune]) = <[Endpoint; 4]>::try_from(endpoints) else { return };
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut work = JoinSet::new();
    loop {
        let (verb, request) = tokio::select! {
            request = diff.next() => ("diff", request),
            request = merge.next() => ("merge", request),
            request = discard.next() => ("discard", request),
            request = prune.next() => ("prune", request),
            Some(_) = work.join_next(), if !work.is_empty() => continue,
        };
        let Some(request) = request else { break };
        let place = room.clone().try_acquire_owned();
        let context = context.clone();
        work.spawn(async move {
            let reply = match place {
                Ok(_place) => carry_out(&context, verb, request.payload()).await,
                Err(_) => {
                    Reply::refused(ErrorBody::new(ErrorCode::Overloaded, "this spawner looks at other worktrees now"))
                }
            };
            respond(request, &reply).await;
        });
    }
    while work.join_next().await.is_some() {}
}

async fn respond(request: Request, reply: &Reply) {
    if let Err(error) = request.respond(reply.encode().into(), None).await {
        tracing::debug!(cause = %error, "not answered");
    }
}

async fn carry_out(context: &Arc<Context>, verb: &str, payload: &[u8]) -> Reply {
    match verb {
        "diff" => told(with_worktree(payload, async |request| diff::run(context, &request).await).await),
        "merge" => told(with_worktree(payload, async |request| merge::run(context, &request).await).await),
        "discard" => told(with_worktree(payload, async |request| discard::run(context, &request).await).await),
        _ => told(match decode(payload) {
            Ok(request) => Ok(prune::run(context, &request).await),
            Err(error) => Err(error),
        }),
    }
}

async fn with_worktree<T>(
    payload: &[u8],
    work: impl AsyncFnOnce(WorktreeRequest) -> Result<T, ErrorBody>,
) -> Result<T, ErrorBody> {
    work(decode(payload)?).await
}

fn told<T: Serialize>(outcome: Result<T, ErrorBody>) -> Reply {
    match outcome {
        Ok(data) => Reply::ok(&data),
        Err(error) => Reply::refused(error),
    }
}

/// The session's latest worktree here.
fn find(context: &Context, request: &WorktreeRequest) -> Result<WorktreeRecord, ErrorBody> {
    let (project, session) = (&request.project, request.session);
    let all = context.rooms.worktrees();
    let own = all.into_iter().filter(|r| r.incarnation.project == *project && r.incarnation.session == session);
    own.max_by_key(|record| record.made).ok_or_else(|| {
        let text = format!("{session} has no worktree on {}", context.config.node);
        ErrorBody::new(ErrorCode::WorktreeNotFound, text)
            .suggest(
                "it worked in a plain directory, or its worktree was removed when there was nothing in it any more",
            )
            .commands([format!("maestro session info {session}"), "maestro session prune --dry-run".to_owned()])
    })
}

/// Git, or the disk, did not do it.
fn git_failed(error: &GitError) -> ErrorBody {
    ErrorBody::new(ErrorCode::GitFailed, error.to_string())
}

fn trouble(trouble: &Trouble) -> ErrorBody {
    ErrorBody::new(ErrorCode::GitFailed, trouble.to_string())
}
