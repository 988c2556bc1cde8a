//! A whole project in pages, asked from the server.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::ws::Utf8Bytes;
use maestro_client::{Caller, Seen};
use maestro_domain::{ProjectId, SessionStatusKind};
use maestro_wire::{ErrorBody, ErrorCode, EventList, Place, ProjectList, Query, Reply, SessionList, TaskList};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::mpsc::{self, error::TrySendError};

use crate::feed::After;
use crate::http::App;

const TIMEOUT: Duration = Duration::from_secs(10);
/// How old a snapshot may be that another client is given too.
const YOUNG: Duration = Duration::from_secs(1);
/// Commits that may have come since; they follow it.
const NEAR: usize = 64;
/// Snapshots that are kept, and how large one of them may be.
const KEPT_PROJECTS: usize = 4;
const KEPT_BYTES: usize = 16 << 20;
/// Items that are asked for at once: with the longest rows well below a megabyte.
const PAGE: u32 = 250;
/// Pages of the list of projects at most; the page shows no more.
const PROJECT_PAGES: usize = 40;
/// Bytes of the items in a page. What writes a frame keeps a buffer of the longest one for as long as the client stays,
/// so a page is as short as can be: a client's memory is bounded by it.
const PAGE_BYTES: usize = 12 << 10;
/// Pages of ended sessions that a snapshot shows at most, the newest first; tasks and living sessions come all.
const ENDED_PAGES: u32 = 8;
const ENDED: [SessionStatusKind; 4] =
    [SessionStatusKind::Exited, SessionStatusKind::Failed, SessionStatusKind::Stopped, SessionStatusKind::Lost];
/// Entries of the timeline that a snapshot begins with; fewer when they are too long for one answer.
const TIMELINE: [u32; 3] = [100, 20, 4];
const TIMELINE_TIMEOUT: Duration = Duration::from_secs(3);

/// One page. Its entities are at least as new as `seq`; commits are replayed from the lowest `seq` of the pages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Frame<'a> {
    r#type: &'static str,
    project: &'a str,
    seq: u64,
    page: usize,
    last: bool,
    tasks: &'a [Box<RawValue>],
    sessions: &'a [Box<RawValue>],
    /// The newest entries, the newest first.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<&'a [Box<RawValue>]>,
}

/// A page of anything, its items unread.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RawPage {
    pub items: Vec<Box<RawValue>>,
    #[serde(default)]
    next_cursor: Option<String>,
}

/// Why a snapshot did not come through.
pub enum Failed {
    /// The server says so, or does not answer.
    Refused(ErrorBody),
    /// The client is gone.
    Gone,
}

impl From<ErrorBody> for Failed {
    fn from(error: ErrorBody) -> Self {
        Self::Refused(error)
    }
}

/// Snapshots that are young enough to be given to others: a thousand clients that come at once, as after a restart,
/// cost the server one. Bounded by number and bytes; the oldest makes room.
#[derive(Default)]
pub struct Snapshots(Mutex<VecDeque<(ProjectId, Slot)>>);

/// Whoever makes one holds it; who comes meanwhile waits for the result.
type Slot = Arc<tokio::sync::Mutex<Option<Kept>>>;

struct Kept {
    pages: Vec<Utf8Bytes>,
    lowest: u64,
    ledger: Option<String>,
    at: Instant,
}

impl Snapshots {
    fn slot(&self, project: &ProjectId) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, slot)) = slots.iter().find(|(known, _)| known == project) {
            return slot.clone();
        }
        if slots.len() >= KEPT_PROJECTS {
            slots.pop_front();
        }
        let slot = Slot::default();
        slots.push_back((project.clone(), slot.clone()));
        slot
    }
}

/// Sends every page to `out` and returns the sequence behind which commits go on.
pub async fn send(app: &App, project: &ProjectId, seen: &Seen, out: &mpsc::Sender<Utf8Bytes>) -> Result<u64, Failed> {
    let slot = app.snapshots.slot(project);
    // One that is never done keeps nobody waiting for ever.
    let mut kept = tokio::time::timeout(TIMEOUT, slot.lock()).await.map_err(|_| {
        ErrorBody::new(ErrorCode::Unavailable, "the server does not answer in time").commands(["maestro doctor"])
    })?;
    let young = kept.as_ref().filter(|kept| kept.at.elapsed() < YOUNG && kept.ledger == seen.ledger);
    let young = young.filter(|kept| match app.feed.after(project.as_str(), kept.lowest) {
        After::Commits { commits, .. } => commits.len() <= NEAR,
        After::Behind { .. } => false,
    });
    let (pages, lowest, sent) = match young {
        Some(kept) => (kept.pages.clone(), kept.lowest, 0),
        None => {
            *kept = None;
            let at = Instant::now();
            let mut made = Made { project: project.to_string(), pages: Vec::new(), lowest: u64::MAX, sent: 0, out };
            make(app, project, seen, &mut made).await?;
            let Made { pages, lowest, sent, .. } = made;
            if pages.iter().map(|page| page.len()).sum::<usize>() <= KEPT_BYTES {
                *kept = Some(Kept { pages: pages.clone(), lowest, ledger: seen.ledger.clone(), at });
            }
            (pages, lowest, sent)
        }
    };
    drop(kept);
    for page in pages.into_iter().skip(sent) {
        app.budget.spend(page.len()).await;
        out.send(page).await.map_err(|_| Failed::Gone)?;
    }
    Ok(lowest)
}

async fn make(app: &App, project: &ProjectId, seen: &Seen, made: &mut Made<'_>) -> Result<(), Failed> {
    let (caller, place) = (&app.caller, Place::Project(project.clone()));
    let mut cursor = None;
    loop {
        let query = TaskList { limit: Some(PAGE), cursor, ..TaskList::default() };
        let (seq, page) = ask(caller, &place, &Query::TaskList(query), seen).await?;
        made.take(seq, &page.items, &[])?;
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    // One that lives again meanwhile is in a commit behind these pages.
    loop {
        let query = SessionList { limit: Some(PAGE), cursor, ..SessionList::default() };
        let (seq, page) = ask(caller, &place, &Query::SessionList(query), seen).await?;
        made.take(seq, &[], &page.items)?;
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let mut reverse = true;
    for _ in 0..ENDED_PAGES {
        let (seq, page) = match ask(caller, &place, &ended(reverse, cursor.clone()), seen).await {
            // A server that is older has one order only.
            Err(refused) if reverse && !refused.retryable => {
                reverse = false;
                ask(caller, &place, &ended(reverse, None), seen).await?
            }
            answered => answered?,
        };
        made.take(seq, &[], &page.items)?;
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let (seq, timeline) = recent(caller, &place, seen).await.unwrap_or((made.lowest, Vec::new()));
    let mut entries = pieces(&timeline);
    let mut last = entries.next().unwrap_or_default();
    for piece in entries {
        made.page(seq, &[], &[], Some(std::mem::replace(&mut last, piece)), false)?;
    }
    made.page(seq, &[], &[], Some(last), true)
}

fn ended(reverse: bool, cursor: Option<String>) -> Query {
    let status = ENDED.to_vec();
    Query::SessionList(SessionList { status, reverse, limit: Some(PAGE), cursor, ..SessionList::default() })
}

/// The timeline's newest entries, as many as come: tasks and sessions are worth showing without them.
async fn recent(caller: &Caller, place: &Place, seen: &Seen) -> Option<(u64, Vec<Box<RawValue>>)> {
    for limit in TIMELINE {
        let query = Query::EventList(EventList { entity: None, limit: Some(limit), cursor: None });
        match ask_within(caller, place, &query, seen, TIMELINE_TIMEOUT).await {
            Ok((seq, page)) => return Some((seq, page.items)),
            Err(cause) => tracing::info!(limit, code = %cause.code, cause = %cause, "no timeline for a snapshot"),
        }
    }
    None
}

/// The projects that are not archived, as somebody who has seen `seq` of the ledger may be shown them.
pub async fn projects(caller: &Caller, seq: Option<u64>) -> Result<Vec<Box<RawValue>>, ErrorBody> {
    let mut projects = Vec::new();
    let mut cursor = None;
    for _ in 0..PROJECT_PAGES {
        let query = Query::ProjectList(ProjectList { limit: Some(PAGE), cursor, ..ProjectList::default() });
        let reply = caller.query(&Place::None, &query, &Seen { seq, ledger: None }, TIMEOUT).await?;
        let page: RawPage = reply.parse()?;
        projects.extend(page.items);
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    Ok(projects)
}

async fn ask(caller: &Caller, place: &Place, query: &Query, seen: &Seen) -> Result<(u64, RawPage), ErrorBody> {
    ask_within(caller, place, query, seen, TIMEOUT).await
}

async fn ask_within(
    caller: &Caller,
    place: &Place,
    query: &Query,
    seen: &Seen,
    timeout: Duration,
) -> Result<(u64, RawPage), ErrorBody> {
    let reply: Reply = caller.query(place, query, seen, timeout).await?;
    let seq = reply.seq.ok_or_else(|| ErrorBody::new(ErrorCode::Internal, "the server's page has no sequence"))?;
    Ok((seq, reply.parse()?))
}

/// A snapshot that is being made for one client, and kept for others.
struct Made<'a> {
    project: String,
    pages: Vec<Utf8Bytes>,
    lowest: u64,
    /// How many of the pages the client has already.
    sent: usize,
    out: &'a mpsc::Sender<Utf8Bytes>,
}

impl Made<'_> {
    /// Takes what the server answered, in pages: one at least, since commits are replayed from the lowest `seq` of them.
    fn take(&mut self, seq: u64, tasks: &[Box<RawValue>], sessions: &[Box<RawValue>]) -> Result<(), Failed> {
        if tasks.is_empty() && sessions.is_empty() {
            return self.page(seq, &[], &[], None, false);
        }
        for tasks in pieces(tasks) {
            self.page(seq, tasks, &[], None, false)?;
        }
        for sessions in pieces(sessions) {
            self.page(seq, &[], sessions, None, false)?;
        }
        Ok(())
    }

    /// Takes a page and passes it on if the client takes it now; others are not kept waiting for one that reads slowly.
    fn page(
        &mut self,
        seq: u64,
        tasks: &[Box<RawValue>],
        sessions: &[Box<RawValue>],
        timeline: Option<&[Box<RawValue>]>,
        last: bool,
    ) -> Result<(), Failed> {
        self.lowest = self.lowest.min(seq);
        let page = self.pages.len();
        let frame = Frame { r#type: "snapshot", project: &self.project, seq, page, last, tasks, sessions, timeline };
        let text: Utf8Bytes = serde_json::to_string(&frame).unwrap_or_default().into();
        if self.sent == self.pages.len() {
            match self.out.try_send(text.clone()) {
                Ok(()) => self.sent += 1,
                Err(TrySendError::Full(_)) => {}
                Err(TrySendError::Closed(_)) => return Err(Failed::Gone),
            }
        }
        self.pages.push(text);
        Ok(())
    }
}

/// `items` in runs of [`PAGE_BYTES`] at most, or of one item that is longer.
fn pieces(items: &[Box<RawValue>]) -> impl Iterator<Item = &[Box<RawValue>]> {
    let mut rest = items;
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fits = rest.iter().take_while(|item| {
            bytes += item.get().len();
            bytes <= PAGE_BYTES
        });
        let (piece, left) = rest.split_at_checked(fits.count().max(1))?;
        rest = left;
        Some(piece)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(items: &[usize]) -> Vec<usize> {
        let items: Vec<_> =
            items.iter().map(|n| RawValue::from_string(format!("\"{}\"", "x".repeat(n - 2))).unwrap()).collect();
        pieces(&items).map(<[_]>::len).collect()
    }

    #[test]
    fn a_page_ends_before_it_is_too_long_and_holds_one_item_at_least() {
        assert_eq!(lengths(&[]), Vec::<usize>::new());
        assert_eq!(lengths(&[10, 20]), [2]);
        assert_eq!(lengths(&[PAGE_BYTES / 2, PAGE_BYTES / 2, 10]), [2, 1]);
        assert_eq!(lengths(&[10, PAGE_BYTES * 3, PAGE_BYTES + 1, 10, 10]), [1, 1, 1, 2]);
    }
}
