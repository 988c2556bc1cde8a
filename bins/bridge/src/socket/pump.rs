//! Brings one client its project: what it missed, or a snapshot, and then every commit.

use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use maestro_client::Seen;
use maestro_domain::ProjectId;
use maestro_wire::ErrorBody;
use serde_json::value::RawValue;
use tokio::sync::{mpsc, watch};

use super::frame::{self, ToClient};
use crate::feed::{After, ReplayEnd};
use crate::http::App;
use crate::snapshot::{self, Failed};

/// Between two tries at a snapshot.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// What a client follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    pub project: ProjectId,
    /// The last commit it has of this ledger.
    pub since: Option<u64>,
}

/// How far a client is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its hello is not answered yet: nothing is said to it.
    Hello,
    Welcomed {
        /// Whether the welcome had the projects; else they are told as soon as the server can say them.
        listed: bool,
        /// Nothing, as long as it names no project and there is none.
        target: Option<Target>,
    },
}

impl Stage {
    pub const fn target(&self) -> Option<&Target> {
        match self {
            Self::Hello => None,
            Self::Welcomed { target, .. } => target.as_ref(),
        }
    }
}

/// The client is gone; there is nobody to tell.
struct Gone;

/// Serves whatever the client follows, until it is gone. Projects and nodes it is told of whatever it follows.
pub async fn pump(
    app: &App,
    mut stages: watch::Receiver<Stage>,
    control: &mpsc::Sender<Utf8Bytes>,
    data: mpsc::Sender<Utf8Bytes>,
) {
    // From before the welcome on, so that no change falls between its list and the first that is told.
    let mut projects = app.feed.projects();
    let listed = match stages.wait_for(|stage| *stage != Stage::Hello).await.as_deref() {
        Ok(Stage::Welcomed { listed, .. }) => *listed,
        Ok(Stage::Hello) | Err(_) => return,
    };
    if !listed {
        projects.mark_changed();
    }
    let commits = async {
        loop {
            let target = stages.borrow_and_update().target().cloned();
            let following = async {
                match target {
                    Some(Target { project, since }) => Pump { app, project, control, data: &data }.run(since).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Gone = following => return,
                changed = stages.changed() => if changed.is_err() { return },
            }
        }
    };
    tokio::select! {
        () = commits => {}
        Gone = tell_projects(app, projects, control) => {}
        Gone = tell_nodes(app, control) => {}
    }
}

struct Pump<'a> {
    app: &'a App,
    project: ProjectId,
    control: &'a mpsc::Sender<Utf8Bytes>,
    data: &'a mpsc::Sender<Utf8Bytes>,
}

impl Pump<'_> {
    async fn run(&self, since: Option<u64>) -> Gone {
        let mut since = since;
        loop {
            // A client that is ahead of the stream comes from another one. What happens once is kept apart, so that it
            // takes no memory for as long as the client follows.
            let position = match since.take() {
                Some(position) => position,
                None => match Box::pin(self.snapshot()).await {
                    Ok(position) => position,
                    Err(Gone) => return Gone,
                },
            };
            let Ok(()) = self.join_and_follow(position).await else { return Gone };
            self.app.metrics.resyncs.one();
            let resync = ToClient::Resync { project: &self.project }.encode();
            if self.data.send(resync).await.is_err() {
                return Gone;
            }
        }
    }

    async fn send(&self, frame: Utf8Bytes) -> Result<(), Gone> {
        self.app.budget.spend(frame.len()).await;
        self.data.send(frame).await.map_err(|_| Gone)
    }

    /// Returns when the client has fallen behind what can be replayed.
    async fn join_and_follow(&self, position: u64) -> Result<(), Gone> {
        let Some(position) = Box::pin(self.join(position)).await? else { return Ok(()) };
        let mut position = position;
        let mut head = self.app.feed.head();
        loop {
            head.borrow_and_update();
            match self.app.feed.after(self.project.as_str(), position) {
                After::Behind { .. } => return Ok(()),
                After::Commits { commits, position: next } => {
                    position = next;
                    if commits.is_empty() && head.changed().await.is_err() {
                        return Err(Gone);
                    }
                    for commit in commits {
                        self.send(commit.frame).await?;
                    }
                }
            }
        }
    }

    /// From `position` to where the ring takes over; `None` when that is too far.
    async fn join(&self, mut position: u64) -> Result<Option<u64>, Gone> {
        let mut wait = RETRY.0;
        loop {
            let floor = match self.app.feed.after(self.project.as_str(), position) {
                After::Commits { .. } => return Ok(Some(position)),
                After::Behind { floor } => floor,
            };
            if floor == u64::MAX {
                // The follower has no place yet.
                tokio::time::sleep(RETRY.0).await;
                continue;
            }
            let mut replay = match self.app.feed.replay(self.project.as_str(), position, floor).await {
                Ok(replay) => replay,
                Err(cause) => {
                    tracing::warn!(%cause, "missed commits cannot be read");
                    tokio::time::sleep(wait).await;
                    wait = (wait * 2).min(RETRY.1);
                    continue;
                }
            };
            let end = loop {
                match replay.next().await {
                    Ok(Ok(commit)) => self.send(commit.frame).await?,
                    Ok(Err(end)) => break end,
                    Err(cause) => {
                        tracing::warn!(%cause, "missed commits cannot be read");
                        break ReplayEnd::TooFar;
                    }
                }
            };
            replay.close().await;
            match end {
                ReplayEnd::Joined { position: joined } => position = joined,
                ReplayEnd::TooFar => return Ok(None),
            }
        }
    }

    /// Until one goes through. What stands in the way is told once, and again when it changes.
    async fn snapshot(&self) -> Result<u64, Gone> {
        let mut wait = RETRY.0;
        let mut told: Option<ErrorBody> = None;
        let mut projects = self.app.feed.projects();
        self.app.metrics.snapshots.one();
        loop {
            let ledger = self.app.feed.ledger().borrow().id.clone();
            match snapshot::send(self.app, &self.project, &Seen { seq: None, ledger }, self.data).await {
                Ok(position) => return Ok(position),
                Err(Failed::Gone) => return Err(Gone),
                Err(Failed::Refused(error)) => {
                    if told.as_ref().is_none_or(|told| told.code != error.code) {
                        self.control.send(frame::error(&error)).await.map_err(|_| Gone)?;
                    }
                    told = Some(error);
                }
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => wait = (wait * 2).min(RETRY.1),
                // It may be there now.
                _ = projects.changed() => {}
            }
        }
    }
}

/// The list of projects, whenever it changed and the server can say it.
async fn tell_projects(app: &App, mut changes: watch::Receiver<u64>, control: &mpsc::Sender<Utf8Bytes>) -> Gone {
    loop {
        if changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        let projects = loop {
            let seq = *changes.borrow_and_update();
            match Box::pin(snapshot::projects(&app.caller, Some(seq))).await {
                Ok(projects) => break projects,
                Err(cause) => {
                    tracing::debug!(%cause, "the projects cannot be listed now");
                    tokio::time::sleep(RETRY.1).await;
                }
            }
        };
        if control.send(projects_frame(&projects)).await.is_err() {
            return Gone;
        }
    }
}

/// The spawners, at the beginning and whenever they changed.
async fn tell_nodes(app: &App, control: &mpsc::Sender<Utf8Bytes>) -> Gone {
    let mut changes = app.nodes.clone();
    loop {
        let frame = {
            let nodes = changes.borrow_and_update();
            ToClient::Nodes { nodes: nodes.values().collect() }.encode()
        };
        if control.send(frame).await.is_err() {
            return Gone;
        }
        if changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

pub fn projects_frame(projects: &[Box<RawValue>]) -> Utf8Bytes {
    ToClient::Projects { projects }.encode()
}
