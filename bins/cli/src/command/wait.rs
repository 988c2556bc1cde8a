//! `wait`

use std::time::{Duration, Instant};

use clap::Args;
use maestro_domain::{MessageId, ProjectId, SessionId, TaskId, TaskRef};
use maestro_wire::{ErrorBody, ErrorCode, Reply, WaitEnvelope, WaitReason, WaitRequest, WaitTasks, Waited};

use crate::context::Context;
use crate::output::{BOLD, Output, paint};
use crate::{outbox, view};

use super::message::read;

/// Less than what agents' tools allow a command (two minutes).
const IN_SESSION: Duration = Duration::from_secs(90);
const FOR_PEOPLE: Duration = Duration::from_secs(600);

/// Wait until a task is completed, in review, blocked, cancelled or released, a session ends or needs input, or a
/// message comes
#[derive(Args, Debug)]
pub struct WaitArgs {
    /// Tasks and sessions, as in t3 s7; without any: until a message comes
    #[arg(value_name = "TASK|SESSION")]
    pub things: Vec<String>,
    /// Until one of them did (this is the default)
    #[arg(long, conflicts_with = "all")]
    pub any: bool,
    /// Until all of them did
    #[arg(long)]
    pub all: bool,
    /// What happened up to this sequence is old news
    #[arg(long, value_name = "SEQ")]
    pub since: Option<u64>,
    /// Leave messages unread
    #[arg(long)]
    pub peek: bool,
}

pub async fn run(args: WaitArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    reach(args, None, ctx).await.map(Reached::output)
}

/// What a wait ended with.
#[derive(Debug)]
pub struct Reached {
    pub project: ProjectId,
    pub waited: Waited,
    seq: Option<u64>,
}

impl Reached {
    pub fn output(self) -> Output {
        let human = self.waited.clone();
        Output::new(&self.waited, move || told(&human)).at(self.seq)
    }
}

/// Waits; messages up to `since_message` are old news.
///
/// # Errors
/// `timed_out`, and whatever hinders asking.
pub async fn reach(args: WaitArgs, since_message: Option<MessageId>, ctx: &Context) -> Result<Reached, ErrorBody> {
    let (project, tasks, sessions) = targets(ctx, &args.things)?;
    let mut request = WaitTasks { tasks, sessions, all: args.all, since: args.since, since_message };
    let bound = bound(ctx)?;
    let until = Instant::now() + bound;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let answered = poll(ctx, &project, &WaitRequest::Tasks(request.clone()), left).await;
        let (waited, seq) = match answered {
            Ok(reply) => {
                let seq = reply.seq;
                (reply.parse::<Waited>()?, seq)
            }
            Err(error) if error.code == ErrorCode::TimedOut => return Err(timed_out(&args, &request, ctx)),
            Err(error) => return Err(error),
        };
        if waited.reached {
            if !args.peek {
                // What could not be marked is shown again next time.
                let _ = read::seen(ctx, &project, &waited.messages).await;
            }
            return Ok(Reached { project, waited, seq });
        }
        request.since = Some(waited.cursor);
        if Instant::now() >= until {
            return Err(timed_out(&args, &request, ctx));
        }
    }
}

/// How long this call waits at most.
pub fn bound(ctx: &Context) -> Result<Duration, ErrorBody> {
    let default = if ctx.actor()?.0.session().is_some() { IN_SESSION } else { FOR_PEOPLE };
    Ok(ctx.globals.timeout.unwrap_or(default))
}

/// One long poll; asked again while nobody answers and time is left.
pub async fn poll(
    ctx: &Context,
    project: &ProjectId,
    request: &WaitRequest,
    left: Duration,
) -> Result<Reply, ErrorBody> {
    let until = Instant::now() + left;
    let mut pause = Duration::from_millis(100);
    loop {
        let left = until.saturating_duration_since(Instant::now());
        let longest = Duration::from_millis(u64::from(WaitEnvelope::MAX_MS));
        let slice = u32::try_from(left.min(longest).as_millis()).unwrap_or(WaitEnvelope::MAX_MS);
        // Whoever does not want to wait wants an answer all the same.
        let outcome = match ctx.caller(left.clamp(Duration::from_secs(1), Duration::from_secs(5))).await {
            Ok(caller) => caller.wait(project, request, &ctx.seen(project), slice).await,
            Err(error) => return Err(error),
        };
        match outcome {
            Err(error) if outbox::is_unanswered(error.code) && Instant::now() + pause < until => {
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(Duration::from_secs(2));
            }
            other => return other,
        }
    }
}

fn targets(ctx: &Context, things: &[String]) -> Result<(ProjectId, Vec<TaskId>, Vec<SessionId>), ErrorBody> {
    let (mut tasks, mut sessions) = (Vec::new(), Vec::new());
    for thing in things.iter().flat_map(|thing| thing.split(',')) {
        match thing.parse::<SessionId>() {
            Ok(session) => sessions.push(session),
            Err(_) => tasks.push(thing.parse::<TaskRef>()?),
        }
    }
    let (project, tasks) = crate::parse::tasks_of_one_project(ctx, &tasks, crate::target::named)?;
    Ok((project, tasks, sessions))
}

fn timed_out(args: &WaitArgs, request: &WaitTasks, ctx: &Context) -> ErrorBody {
    let verb = if request.since_message.is_some() { "session wait" } else { "wait" };
    let mut again = format!("maestro {verb}");
    for thing in &args.things {
        again.push_str(&format!(" {thing}"));
    }
    if args.all {
        again.push_str(" --all");
    }
    if let Some(cursor) = request.since {
        again.push_str(&format!(" --since {cursor}"));
    }
    if let Some(timeout) = ctx.globals.timeout {
        again.push_str(&format!(" --timeout {}ms", timeout.as_millis()));
    }
    let body = ErrorBody::new(ErrorCode::TimedOut, "nothing of it happened in time").commands([again]);
    match request.since {
        Some(cursor) => body.with("cursor", cursor),
        None => body,
    }
}

fn told(waited: &Waited) -> String {
    let mut lines: Vec<String> = waited.reasons.iter().map(reason).collect();
    lines.extend(waited.messages.iter().map(view::message::letter));
    lines.join("\n")
}

fn reason(reason: &WaitReason) -> String {
    match reason {
        WaitReason::Task { task, status } => {
            let (word, style) = view::status(*status);
            format!("{} {}", paint(BOLD, task), paint(style, word))
        }
        WaitReason::Released { task } => format!("{} was given back unfinished", paint(BOLD, task)),
        WaitReason::Session { session, status } => {
            let (word, style) = view::session_status(*status);
            format!("{} {}", paint(BOLD, session), paint(style, word))
        }
    }
}
