//! The durable inbox: commands that were sent while no server answered, drained in order by one replica at a time. The
//! command ids make it exactly once in effect; a refusal is kept where its sender will find it.

use std::{sync::Arc, time::Duration};

use maestro_client::{Order, QueueConfig};
use maestro_domain::{Actor, Caller, Line, RefuseQueued, Request, TaskId};
use maestro_runtime::trace::{self, Kind, Span};
use maestro_wire::{CommandId, ErrorBody, Place, Subject, decode_command, header};

use crate::{clock::now, registry::Registry};

/// Drains until told to stop.
pub async fn run(registry: Arc<Registry>) {
    let shared = registry.shared().clone();
    let mut config = QueueConfig::new("INBOX", "drain", Some(Subject::ALL_INBOX));
    config.ack_wait = Duration::from_secs(30);
    config.from_start = true;
    config.max_ack_pending = 1;
    config.order = Order::Single { pin_ttl: Duration::from_secs(5), at_once: 1 };
    let mut queue = None;
    while !shared.stop.is_cancelled() {
        let Some(open) = &mut queue else {
            match shared.ledger.client().work_queue(config.clone()).await {
                Ok(opened) => queue = Some(opened),
                Err(error) => {
                    tracing::warn!(cause = %error, "the inbox cannot be opened; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
            }
            continue;
        };
        let jobs = tokio::select! {
            () = shared.stop.cancelled() => break,
            jobs = open.fetch(1, Duration::from_secs(5)) => jobs,
        };
        let Ok(jobs) = jobs else {
            queue = None;
            tokio::time::sleep(Duration::from_millis(500)).await;
            continue;
        };
        for job in jobs {
            let settled = match take(&registry, job.subject(), job.payload(), job.header(header::TRACEPARENT)).await {
                Taken::Settled => job.ack().await,
                Taken::Later => job.nak(Duration::from_secs(1)).await,
            };
            if let Err(error) = settled {
                tracing::info!(cause = %error, "an inbox command comes again");
            }
        }
    }
}

enum Taken {
    Settled,
    Later,
}

async fn take(registry: &Registry, subject: &str, payload: &[u8], traceparent: Option<&str>) -> Taken {
    let Ok(Subject::Inbox { place: Place::Project(id), actor, entity, verb }) = subject.parse() else {
        tracing::warn!(subject, "a durable command with an unknown subject was dropped");
        return Taken::Settled;
    };
    let (envelope, request) = match decode_command(&entity, &verb, payload) {
        Ok(parts) => parts,
        Err(error) => {
            let command = CommandId::derived(now(), &format!("{subject} {error}"));
            return refused(registry, &id, &actor, &entity, &verb, None, None, command, &error).await;
        }
    };
    if actor == Actor::System {
        return Taken::Settled;
    }
    let (task, report) = about(&request);
    let caller = Caller { actor: actor.clone(), epoch: envelope.epoch };
    let parent = trace::of_request(traceparent, envelope.traceparent.as_deref());
    let span = Span::begin(Kind::Consumer, || format!("command {entity}.{verb}"), parent);
    let traceparent = span.traceparent_or(parent);
    match registry.ask(&id, caller, request, envelope.id, traceparent).await {
        Ok(_) => Taken::Settled,
        Err(error) if error.retryable => Taken::Later,
        Err(error) => {
            span.failed(error.code.as_str());
            let command = CommandId::derived(envelope.id.time(), &format!("refuse {}", envelope.id));
            refused(registry, &id, &actor, &entity, &verb, task, report, command, &error).await
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "what a refusal is made of")]
async fn refused(
    registry: &Registry,
    id: &maestro_domain::ProjectId,
    actor: &Actor,
    entity: &str,
    verb: &str,
    task: Option<TaskId>,
    report: Option<maestro_domain::Report>,
    command: CommandId,
    error: &ErrorBody,
) -> Taken {
    let request = Request::RefuseQueued(RefuseQueued {
        task,
        to: actor.clone(),
        verb: Line::lossy(&format!("{entity}.{verb}")),
        code: Line::lossy(error.code.as_str()),
        message: Line::lossy(&error.message),
        report,
    });
    match registry.ask_as_system(id, request, command).await {
        Ok(_) => Taken::Settled,
        Err(error) if error.retryable => Taken::Later,
        Err(error) => {
            tracing::warn!(project = %id, actor = %actor, cause = %error, "a refusal could not be recorded");
            Taken::Settled
        }
    }
}

/// The task and the words of a report, so that they are kept when it is refused.
fn about(request: &Request) -> (Option<TaskId>, Option<maestro_domain::Report>) {
    match request {
        Request::LogTask(v) => (Some(v.task), Some(v.message.clone())),
        Request::CommentTask(v) => (Some(v.task), Some(v.message.clone())),
        Request::CompleteTask(v) | Request::ApproveTask(v) => (Some(v.task), v.summary.clone()),
        Request::SubmitTask(v) => (Some(v.task), v.summary.clone()),
        Request::BlockTask(v) => (Some(v.task), maestro_domain::Text::parse(&v.reason).ok()),
        Request::CreateSubtask(v) => (Some(v.task), None),
        Request::UpdateSubtask(v) => (Some(v.task), None),
        Request::CompleteSubtask(v) | Request::ReopenSubtask(v) | Request::DeleteSubtask(v) => (Some(v.task), None),
        Request::MoveSubtask(v) => (Some(v.task), None),
        Request::SessionUpdate(v) => (None, Some(v.message.clone())),
        _ => (None, None),
    }
}
