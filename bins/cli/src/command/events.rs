//! `events`

use std::time::{Duration, Instant};

use clap::Args;
use maestro_domain::{EntityRef, ProjectId, SessionId, TaskId};
use maestro_wire::{ErrorBody, ErrorCode, EventList, Page, Query, TimelineEntry, WaitEvents, WaitRequest, Waited};

use crate::context::Context;
use crate::fields::{self, FieldsArgs};
use crate::output::Output;
use crate::view;

use super::wait;

/// Show what happened in the project, and with --follow what happens
#[derive(Args, Debug)]
pub struct EventsArgs {
    /// Go on with what happens from now on; in a session for 90 s unless --timeout says otherwise
    #[arg(long, short = 'f')]
    pub follow: bool,
    /// Only about this: t3, s7, task/t3, project
    #[arg(long, value_name = "THING", value_parser = entity)]
    pub about: Option<EntityRef>,
    /// Only what happened after this sequence
    #[arg(long, value_name = "SEQ")]
    pub since: Option<u64>,
    /// About this many at once: what one command changed is not parted [default: 50; with --follow 10 old ones]
    #[arg(long, short = 'n')]
    pub limit: Option<u32>,
    /// Go on from where the last page ended
    #[arg(long, conflicts_with_all = ["follow", "since"])]
    pub cursor: Option<String>,
    #[command(flatten)]
    pub only: FieldsArgs,
}

fn entity(text: &str) -> Result<EntityRef, maestro_domain::InvalidValue> {
    if let Ok(task) = text.parse::<TaskId>() {
        return Ok(EntityRef::Task(task));
    }
    if let Ok(session) = text.parse::<SessionId>() {
        return Ok(EntityRef::Session(session));
    }
    text.parse()
}

pub async fn run(args: EventsArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let project = ctx.project()?;
    match (args.follow, args.since) {
        (true, _) => follow(args, ctx, &project).await,
        (false, Some(_)) => after(args, ctx, &project).await,
        (false, None) => {
            let query = Query::EventList(EventList { entity: args.about, limit: args.limit, cursor: args.cursor });
            let reply = ctx.ask(&project, query).await?;
            let words = ctx.words.clone();
            fields::shown(reply, args.only, move |data| {
                view::of(data, |mut page: Page<TimelineEntry>| {
                    page.items.reverse();
                    view::event::lines(&page.items) + &view::more(&words, page.next_cursor.as_ref())
                })
            })
        }
    }
}

/// What happened after a sequence, the oldest first.
async fn after(args: EventsArgs, ctx: &Context, project: &ProjectId) -> Result<Output, ErrorBody> {
    let events = WaitEvents { since: args.since, entity: args.about, limit: args.limit };
    let caller = ctx.caller(ctx.left()).await?;
    let reply = caller.wait(project, &WaitRequest::Events(events), &ctx.seen(project), 1).await?;
    let seq = reply.seq;
    let waited: Waited = reply.parse()?;
    let page = Page { items: waited.events, next_cursor: None };
    let human = page.items.clone();
    Ok(Output::new(&page, move || view::event::lines(&human)).at(seq))
}

async fn follow(args: EventsArgs, ctx: &Context, project: &ProjectId) -> Result<Output, ErrorBody> {
    let in_session = ctx.actor()?.0.session().is_some();
    let bounded = ctx.globals.timeout.is_some() || in_session;
    let until = if bounded { Some(Instant::now() + wait::bound(ctx)?) } else { None };
    let mut since = args.since;
    if since.is_none() {
        let limit = Some(args.limit.unwrap_or(10));
        let reply =
            ctx.ask(project, Query::EventList(EventList { entity: args.about.clone(), limit, cursor: None })).await?;
        since = reply.seq;
        let mut page: Page<TimelineEntry> = reply.parse()?;
        page.items.reverse();
        if !print(ctx, &page.items) {
            return Ok(Output::printed());
        }
    }
    loop {
        let left = until.map_or(Duration::from_secs(3_600), |until| until.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Ok(Output::printed());
        }
        let events = WaitEvents { since, entity: args.about.clone(), limit: None };
        let request = WaitRequest::Events(events);
        let answered = tokio::select! {
            answered = wait::poll(ctx, project, &request, left) => answered,
            () = unheard(ctx) => return Ok(Output::printed()),
        };
        let waited: Waited = match answered {
            Ok(reply) => reply.parse()?,
            Err(error) if bounded && error.code == ErrorCode::TimedOut => return Ok(Output::printed()),
            Err(error) => return Err(error),
        };
        if !print(ctx, &waited.events) {
            return Ok(Output::printed());
        }
        since = Some(waited.cursor);
    }
}

/// Returns when nobody reads stdout any more.
pub async fn unheard(ctx: &Context) {
    while ctx.printer.is_heard() {
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// False when nobody reads any more.
fn print(ctx: &Context, entries: &[TimelineEntry]) -> bool {
    entries.iter().all(|entry| ctx.printer.line(entry, || view::event::line(entry)).is_ok())
}
