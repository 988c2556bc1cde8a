//! A whole project in pages, asked from the server.

use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use maestro_client::{Caller, Seen};
use maestro_domain::ProjectId;
use maestro_wire::{ErrorBody, ErrorCode, EventList, Place, ProjectList, Query, Reply, SessionList, TaskList};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::sync::mpsc;

const TIMEOUT: Duration = Duration::from_secs(10);
/// Items a page: with the longest rows well below a megabyte.
const PAGE: u32 = 250;
/// Sessions that a snapshot shows at most, the ended ones included; tasks come all.
const SESSION_PAGES: u32 = 8;
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
    page: u32,
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

/// Sends every page to `out` and returns the sequence behind which commits go on.
pub async fn send(
    caller: &Caller,
    project: &ProjectId,
    seen: &Seen,
    out: &mpsc::Sender<Utf8Bytes>,
) -> Result<u64, Failed> {
    let place = Place::Project(project.clone());
    let mut sender = Sender { project: project.to_string(), page: 0, lowest: u64::MAX, out };
    let mut cursor = None;
    loop {
        let query = TaskList { limit: Some(PAGE), cursor, ..TaskList::default() };
        let (seq, page) = ask(caller, &place, &Query::TaskList(query), seen).await?;
        sender.send(seq, &page.items, &[], None).await?;
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    for _ in 0..SESSION_PAGES {
        let query = SessionList { all: true, limit: Some(PAGE), cursor, ..SessionList::default() };
        let (seq, page) = ask(caller, &place, &Query::SessionList(query), seen).await?;
        sender.send(seq, &[], &page.items, None).await?;
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let (seq, timeline) = recent(caller, &place, seen).await.unwrap_or((sender.lowest, Vec::new()));
    sender.send(seq, &[], &[], Some(&timeline)).await?;
    Ok(sender.lowest)
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
    let query = ProjectList { limit: Some(PAGE), ..ProjectList::default() };
    let reply = caller.query(&Place::None, &Query::ProjectList(query), &Seen { seq, ledger: None }, TIMEOUT).await?;
    Ok(reply.parse::<RawPage>()?.items)
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

struct Sender<'a> {
    project: String,
    page: u32,
    lowest: u64,
    out: &'a mpsc::Sender<Utf8Bytes>,
}

impl Sender<'_> {
    async fn send(
        &mut self,
        seq: u64,
        tasks: &[Box<RawValue>],
        sessions: &[Box<RawValue>],
        timeline: Option<&[Box<RawValue>]>,
    ) -> Result<(), Failed> {
        self.lowest = self.lowest.min(seq);
        let last = timeline.is_some();
        let (project, page) = (&self.project, self.page);
        let frame = Frame { r#type: "snapshot", project, seq, page, last, tasks, sessions, timeline };
        self.page += 1;
        let text = serde_json::to_string(&frame).unwrap_or_default();
        self.out.send(text.into()).await.map_err(|_| Failed::Gone)
    }
}
