//! Which sessions live: named before a shutdown ends them.

use std::time::Duration;

use maestro_client::{Caller, Mode, Seen};
use maestro_domain::Actor;
use maestro_wire::{ErrorBody, Page, Place, Query, SessionList, SessionView};

use super::broker::connect_as;
use crate::gather;

/// A shutdown waits no longer than this to learn whom it ends.
const WITHIN: Duration = Duration::from_secs(2);
const MOST: u32 = 50;

/// A living session as one line: `web/s3 Worker: parse the file (t4)`.
pub async fn living_sessions(edge_address: &str, user: &str) -> Vec<String> {
    let asked = tokio::time::timeout(WITHIN, ask(edge_address, user)).await;
    // Nobody answers: then nobody can be named, and the shutdown goes on.
    asked.ok().and_then(Result::ok).unwrap_or_default()
}

async fn ask(edge_address: &str, user: &str) -> Result<Vec<String>, ErrorBody> {
    let client = connect_as(edge_address, Mode::OneShot).await?;
    let actor: Actor = user.parse()?;
    let caller = Caller::new(client, actor, None);
    let seen = Seen::default();
    let projects = gather::projects(&caller, MOST as usize, WITHIN).await?;
    let mut lines = Vec::new();
    for view in projects.into_iter().filter(|view| view.living_sessions > 0) {
        let id = view.project.id;
        let list = Query::SessionList(SessionList { limit: Some(MOST), ..SessionList::default() });
        let place = Place::Project(id.clone());
        let sessions: Page<SessionView> = caller.query(&place, &list, &seen, WITHIN).await?.parse()?;
        lines.extend(sessions.items.iter().map(|view| {
            let holds: Vec<String> = view.holds.iter().map(ToString::to_string).collect();
            let holds = if holds.is_empty() { String::new() } else { format!(" ({})", holds.join(", ")) };
            format!("{id}/{} {}{holds}", view.session.id, view.session.name)
        }));
    }
    Ok(lines)
}
