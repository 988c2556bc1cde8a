//! `task watch`

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use clap::Args;
use maestro_domain::{ProjectId, StatusKind, TaskId, TaskRef};
use maestro_wire::{ErrorBody, ErrorCode, Page, Query, TaskList, TaskRow, TaskSort, WaitEvents, WaitRequest, Waited};

use crate::command::{events, wait};
use crate::context::Context;
use crate::output::Output;
use crate::{parse, target, view};

/// Show tasks and, whenever one changes, show it again
#[derive(Args, Debug)]
pub struct WatchArgs {
    /// Only these, until all of them are completed or cancelled [default: all, until Ctrl-C]
    pub tasks: Vec<TaskRef>,
    /// At most this many
    #[arg(long, short = 'n', value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
}

/// Home, and away with what is below.
const AGAIN: &str = "\u{1b}[H\u{1b}[J";

pub async fn run(args: WatchArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (project, named) = parse::tasks_of_one_project(ctx, &args.tasks, target::named)?;
    let in_session = ctx.actor()?.0.session().is_some();
    let bounded = ctx.globals.timeout.is_some() || in_session;
    let until = if bounded { Some(Instant::now() + wait::bound(ctx)?) } else { None };
    let draws = !ctx.json() && std::io::stdout().is_terminal();
    let mut known: BTreeMap<TaskId, u32> = BTreeMap::new();
    let mut since = None;
    loop {
        let (rows, seq) = rows(ctx, &project, &named, args.limit).await?;
        since = since.max(seq);
        let fresh: Vec<&TaskRow> =
            rows.iter().filter(|row| known.insert(row.task.id, row.task.rev) != Some(row.task.rev)).collect();
        if !show(ctx, &rows, &fresh, draws) {
            return Ok(Output::printed());
        }
        let ended = |row: &TaskRow| matches!(row.status(), StatusKind::Completed | StatusKind::Cancelled);
        if !named.is_empty() && rows.iter().all(ended) {
            return Ok(Output::printed());
        }
        match change(ctx, &project, since, until).await? {
            Some(cursor) => since = Some(cursor),
            None => return Ok(Output::printed()),
        }
    }
}

/// Waits until something happened; `None` when the time is over or nobody reads.
async fn change(
    ctx: &Context,
    project: &ProjectId,
    since: Option<u64>,
    until: Option<Instant>,
) -> Result<Option<u64>, ErrorBody> {
    loop {
        let left = until.map_or(Duration::from_secs(3_600), |until| until.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Ok(None);
        }
        let request = WaitRequest::Events(WaitEvents { since, entity: None, limit: None });
        let answered = tokio::select! {
            answered = wait::poll(ctx, project, &request, left) => answered,
            () = events::unheard(ctx) => return Ok(None),
        };
        match answered {
            Ok(reply) => {
                let waited: Waited = reply.parse()?;
                if !waited.events.is_empty() {
                    return Ok(Some(waited.cursor));
                }
            }
            Err(error) if until.is_some() && error.code == ErrorCode::TimedOut => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// The tasks that are watched, and the sequence that they are of.
async fn rows(
    ctx: &Context,
    project: &ProjectId,
    named: &[TaskId],
    limit: u32,
) -> Result<(Vec<TaskRow>, Option<u64>), ErrorBody> {
    let left = ctx.timeout();
    let caller = ctx.caller(left).await?;
    let place = maestro_wire::Place::Project(project.clone());
    if named.is_empty() {
        let list = TaskList { sort: TaskSort::Updated, limit: Some(limit), ..TaskList::default() };
        let reply = caller.query(&place, &Query::TaskList(list), &ctx.seen(project), left).await?;
        let seq = reply.seq;
        return Ok((reply.parse::<Page<TaskRow>>()?.items, seq));
    }
    let (mut found, mut seq) = (Vec::new(), None);
    for task in named {
        let get = maestro_wire::TaskGet { task: Some(*task), timeline: Some(0) };
        let reply = caller.query(&place, &Query::TaskGet(get), &ctx.seen(project), left).await?;
        // The lowest: what happened between two answers is looked at again.
        seq = seq.map_or(reply.seq, |lowest: u64| Some(lowest.min(reply.seq.unwrap_or(lowest))));
        let detail: maestro_wire::TaskDetail = reply.parse()?;
        found.push(TaskRow { task: detail.task, progress: detail.progress, ready: detail.ready });
    }
    Ok((found, seq))
}

/// False when nobody reads any more.
fn show(ctx: &Context, rows: &[TaskRow], fresh: &[&TaskRow], draws: bool) -> bool {
    if draws {
        let board = view::board::card(rows, None);
        // What does not fit would scroll, and be drawn below itself the next time.
        let height =
            rustix::termios::tcgetwinsize(std::io::stdout()).map_or(usize::MAX, |size| usize::from(size.ws_row));
        let seen: Vec<&str> = board.lines().take(height.saturating_sub(1).max(1)).collect();
        return ctx.printer.line(&(), || format!("{AGAIN}{}", seen.join("\n"))).is_ok();
    }
    fresh.iter().all(|row| ctx.printer.line(row, || view::task::line(row)).is_ok())
}
