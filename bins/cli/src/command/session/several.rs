//! One command for many sessions of a project.

use futures::{StreamExt, stream};
use maestro_domain::{ProjectId, Request, SessionId, SessionStatusKind};
use maestro_wire::{ErrorBody, ErrorCode, Page, Query, SessionList, SessionView};

use crate::context::Context;
use crate::output::Output;
use crate::view;

const PAGE: u32 = 1_000;
const AT_ONCE: usize = 16;

/// The sessions that are in one of these states and that `wanted` takes.
pub async fn which(
    ctx: &Context,
    project: &ProjectId,
    status: Vec<SessionStatusKind>,
    wanted: impl Fn(&SessionView) -> bool,
) -> Result<Vec<SessionId>, ErrorBody> {
    let mut found = Vec::new();
    let mut cursor = None;
    loop {
        let list =
            SessionList { all: true, status: status.clone(), limit: Some(PAGE), cursor, ..SessionList::default() };
        let page: Page<SessionView> = ctx.ask(project, Query::SessionList(list)).await?.parse()?;
        found.extend(page.items.iter().filter(|view| wanted(view)).map(|view| view.session.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(found);
        }
    }
}

/// Asks for each of them. One that has changed meanwhile, so that there is nothing to do, is left out; any other refusal
/// is the answer, with what was done in its details.
pub async fn each(
    ctx: &Context,
    project: &ProjectId,
    sessions: Vec<SessionId>,
    request: impl Fn(SessionId) -> Request,
    nothing: &'static str,
) -> Result<Output, ErrorBody> {
    let asked = sessions.into_iter().map(|id| {
        let request = request(id);
        async move { ctx.command(project, &request).await }
    });
    let mut replies = stream::iter(asked).buffered(AT_ONCE);
    let (mut items, mut seq, mut refused) = (Vec::new(), None, None);
    while let Some(reply) = replies.next().await {
        let told = reply.and_then(|reply| Ok((reply.seq, reply.parse::<SessionView>()?)));
        match told {
            Ok((at, view)) => {
                seq = seq.max(at);
                items.push(view);
            }
            Err(error) if error.code == ErrorCode::SessionState => {}
            Err(error) => refused = refused.or(Some(error)),
        }
    }
    if let Some(error) = refused {
        let done: Vec<String> = items.iter().map(|view| view.session.id.to_string()).collect();
        return Err(error.with("done", done));
    }
    let page = Page { items, next_cursor: None };
    let human = page.items.clone();
    let text = move || match human.as_slice() {
        [] => nothing.to_owned(),
        sessions => sessions.iter().map(view::session::line).collect::<Vec<_>>().join("\n"),
    };
    Ok(Output::new(&page, text).at(seq))
}
