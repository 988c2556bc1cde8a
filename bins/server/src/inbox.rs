//! The durable inbox: commands that were sent while no server answered, drained in order by one replica at a time. The
//! command ids make it exactly once in effect; a refusal is kept where its sender will find it. A project whose commands
//! cannot be decided now holds up its own alone ([`Ahead`]).

mod ahead;

use std::{sync::Arc, time::Duration};

use maestro_client::{Beat, Job, Order, QueueConfig};
use maestro_domain::{Actor, Caller, Line, ProjectId, RefuseQueued, Request, TaskId, Timestamp};
use maestro_runtime::trace::{self, Kind, Span};
use maestro_wire::{CommandId, ErrorBody, Place, Subject, decode_command, header};
use tokio::time::Instant;

use crate::{clock::now, registry::Registry, store::KNOWN_MILLIS};
use ahead::Ahead;

const STREAM: &str = "INBOX";
/// A replica that says nothing for this long has ended: its command is another one's.
const ACK_WAIT: Duration = Duration::from_secs(3);
/// How often a replica says that it is at it.
const BEAT: Duration = Duration::from_secs(1);
/// What cannot be decided now is tried again after this.
const AGAIN: Duration = Duration::from_secs(1);

/// Drains until told to stop.
pub async fn run(registry: Arc<Registry>) {
    let shared = registry.shared().clone();
    let mut config = QueueConfig::new(STREAM, "drain", Some(Subject::ALL_INBOX));
    config.ack_wait = ACK_WAIT;
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
            let settled = match Beat::every(BEAT).hold(std::iter::once(&job), settle(&registry, &job)).await {
                Taken::Settled => job.ack().await,
                Taken::Later => job.nak(Duration::from_millis(100)).await,
            };
            if let Err(error) = settled {
                tracing::info!(cause = %error, "an inbox command comes again");
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Taken {
    Settled,
    Later,
}

/// A command that waits in the inbox.
struct Waiting<'a> {
    seq: u64,
    subject: &'a str,
    payload: &'a [u8],
    traceparent: Option<&'a str>,
    /// When the inbox took it.
    at: Timestamp,
}

impl<'a> Waiting<'a> {
    fn of(job: &'a Job) -> Self {
        Self {
            seq: job.stream_seq(),
            subject: job.subject(),
            payload: job.payload(),
            traceparent: job.header(header::TRACEPARENT),
            at: Timestamp::from_millis(i64::try_from(job.unix_nanos() / 1_000_000).unwrap_or_default()),
        }
    }
}

/// Tries the first of the inbox until it is settled, and meanwhile those of other projects behind it. `Later`: told to
/// stop before that.
async fn settle(registry: &Registry, job: &Job) -> Taken {
    let first = Waiting::of(job);
    let mut ahead = Ahead::behind(&first);
    loop {
        if take(registry, &first).await == Taken::Settled {
            return Taken::Settled;
        }
        let again = Instant::now() + AGAIN;
        let rest = async {
            ahead.take(registry, again).await;
            tokio::time::sleep_until(again).await;
        };
        tokio::select! {
            () = registry.shared().stop.cancelled() => return Taken::Later,
            () = rest => {}
        }
    }
}

/// The project that a command in the inbox is for.
fn project_of(subject: &str) -> Option<ProjectId> {
    match subject.parse() {
        Ok(Subject::Inbox { place: Place::Project(id), .. }) => Some(id),
        Ok(_) | Err(_) => None,
    }
}

async fn take(registry: &Registry, waiting: &Waiting<'_>) -> Taken {
    let subject = waiting.subject;
    let Ok(Subject::Inbox { place: Place::Project(id), actor, entity, verb }) = subject.parse() else {
        tracing::warn!(subject, "a durable command with an unknown subject was dropped");
        return Taken::Settled;
    };
    let (envelope, request) = match decode_command(&entity, &verb, waiting.payload) {
        Ok(parts) => parts,
        Err(error) => {
            let what = format!("refuse {} {subject} {error}", waiting.seq);
            let command = CommandId::derived(dated(waiting.at, waiting.at), &what);
            return refused(registry, &id, &actor, &entity, &verb, None, None, command, &error).await;
        }
    };
    if actor == Actor::System {
        return Taken::Settled;
    }
    let (task, report) = about(&request);
    let caller = Caller { actor: actor.clone(), epoch: envelope.epoch };
    let parent = trace::of_request(waiting.traceparent, envelope.traceparent.as_deref());
    let span = Span::begin(Kind::Consumer, || format!("command {entity}.{verb}"), parent);
    let traceparent = span.traceparent_or(parent);
    match registry.ask(&id, caller, request, envelope.id, traceparent).await {
        Ok(_) => Taken::Settled,
        Err(error) if error.retryable => Taken::Later,
        Err(error) => {
            span.failed(error.code.as_str());
            let time = dated(envelope.id.time(), waiting.at);
            let command = CommandId::derived(time, &format!("refuse {}", envelope.id));
            refused(registry, &id, &actor, &entity, &verb, task, report, command, &error).await
        }
    }
}

/// The time of a refusal's own id: the command's, unless an id of that time would itself be refused, as the command
/// may have been; then that of the inbox. A command that comes again is refused under the same id.
fn dated(named: Timestamp, taken: Timestamp) -> Timestamp {
    const HOUR: i64 = 3600 * 1000;
    let (oldest, newest) = (now().plus_millis(HOUR - KNOWN_MILLIS), now().plus_millis(HOUR / 2));
    let fits = |time: &Timestamp| (oldest..=newest).contains(time);
    [named, taken].into_iter().find(fits).unwrap_or_else(|| taken.clamp(oldest, newest))
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
