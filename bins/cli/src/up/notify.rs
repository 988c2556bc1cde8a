//! `notify.command`: run for what needs the person of this stack.
//!
//! What needs a person is decided by the server: it sends them a message in the same commit as what happened (a session
//! that they started needs input, failed or was lost, a task is blocked or in review, an agent writes). So this follows the
//! person's unread messages and decides nothing. It is done here, by the one process that runs on the person's machine, once
//! a home, and with its configuration and its desktop; servers may be many and elsewhere, and hooks know one session only.
//!
//! Each message at most once: its number is written down right before the command runs. A command that still runs when the
//! stack ends is ended with everything it started.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Stdio;
use std::sync::PoisonError;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use maestro_client::{Caller, Mode, Seen};
use maestro_domain::{Actor, MessageId, ProjectId, Timestamp};
use maestro_runtime::{read_optional, write_atomically};
use maestro_wire::{ErrorBody, ErrorCode, MessageView, WaitRequest, WaitTasks, Waited};
use serde::{Deserialize, Serialize};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::sync::Mutex;

use super::broker;
use super::process::{Identity, kill_group};
use super::stack::{NOTIFY, Plan};
use crate::context::Context;
use crate::{gather, settings};

/// Projects that are followed; those beyond it are not.
const PROJECTS: usize = 50;
/// How often new projects and a new configuration are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// One long poll: a server that dies in it is noticed this late.
const POLL_MS: u32 = 5_000;
const PAUSE: Duration = Duration::from_secs(2);
/// How long one command may take.
const WITHIN: Duration = Duration::from_secs(10);
/// Of a message in a variable; stdin has all of it.
const TEXT: usize = 2_000;

/// Never ends by itself.
pub async fn notify(plan: &Plan, ctx: &Context, nats_port: u16) {
    let mut follower = Follower { plan, ctx, nats_port, one: Mutex::new(()), command: None };
    loop {
        follower.command = command(ctx);
        if follower.command.is_some() {
            // Nobody answers: it is tried again.
            let _ = follower.follow().await;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

fn command(ctx: &Context) -> Option<String> {
    let home = ctx.home().ok()?;
    let config = settings::read(&ctx.globals, &ctx.environment, Some(&home)).ok()?;
    config.notify_command.map(|setting| setting.value).filter(|command| !command.trim().is_empty())
}

struct Follower<'a> {
    plan: &'a Plan,
    ctx: &'a Context,
    nats_port: u16,
    /// One command at a time.
    one: Mutex<()>,
    command: Option<String>,
}

/// Projects that are followed, and when each was created.
#[derive(Default)]
struct Known(std::sync::Mutex<BTreeMap<ProjectId, Timestamp>>);

impl Known {
    /// Notes a project that is there; answers whether it is to be followed from now on.
    fn note(&self, project: &ProjectId, created: Timestamp) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = !known.contains_key(project);
        if is_new && known.len() >= PROJECTS {
            return false;
        }
        known.insert(project.clone(), created);
        is_new
    }

    fn created(&self, project: &ProjectId) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(project).copied()
    }

    fn forget(&self, project: &ProjectId) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(project);
    }
}

/// How far a project was told.
#[derive(Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
struct Told {
    ledger: Option<String>,
    /// When the project was created; older files do not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    created: Option<Timestamp>,
    message: Option<MessageId>,
}

impl Told {
    /// Of the project that was created then: one that was purged comes again, and its messages count anew.
    fn of(self, created: Option<Timestamp>) -> Self {
        match (self.created, created) {
            (Some(old), Some(new)) if old != new => Self { created, ..Self::default() },
            (Some(_) | None, _) => Self { created: created.or(self.created), ..self },
        }
    }
}

impl Follower<'_> {
    /// Until the connection cannot be made, or the configuration is another one.
    async fn follow(&self) -> Result<(), ErrorBody> {
        let edge = broker::address(&self.plan.credentials, "edge", self.nats_port);
        let actor: Actor = self.plan.user.parse()?;
        let caller = Caller::new(broker::connect_as(&edge, Mode::Daemon).await?, actor, None);
        let known = Known::default();
        let mut projects = FuturesUnordered::new();
        let mut look = tokio::time::interval(LOOK_EVERY);
        loop {
            tokio::select! {
                _ = look.tick() => {
                    // One that runs is let end; it is bounded.
                    if command(self.ctx) != self.command && self.one.try_lock().is_ok() {
                        return Ok(());
                    }
                    let asked = gather::projects(&caller, PROJECTS, PAUSE).await;
                    for project in asked.into_iter().flatten().map(|view| view.project) {
                        if known.note(&project.id, project.created_at) {
                            projects.push(self.project(project.id, &caller, &known));
                        }
                    }
                }
                Some(gone) = projects.next() => known.forget(&gone),
            }
        }
    }

    /// Until the project is gone.
    async fn project(&self, project: ProjectId, caller: &Caller, known: &Known) -> ProjectId {
        let path = self.plan.home.memory().join(format!("{project}.notified"));
        let mut told: Told =
            read_optional(&path).ok().flatten().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        loop {
            told = told.of(known.created(&project));
            let wait = WaitTasks { since_message: told.message, ..WaitTasks::default() };
            let asked = caller.wait(&project, &WaitRequest::Tasks(wait), &Seen::default(), POLL_MS).await;
            let ledger = asked.as_ref().ok().and_then(|reply| reply.ledger.clone());
            let waited: Waited = match asked.and_then(maestro_wire::Reply::parse) {
                Ok(waited) => waited,
                Err(error) if error.code == ErrorCode::ProjectNotFound => return project,
                Err(_) => {
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            if told.ledger.is_some() && told.ledger != ledger {
                // Another ledger counts anew.
                told = Told { ledger, message: None, ..told };
                continue;
            }
            told.ledger = ledger;
            for message in waited.messages {
                let next = Told { ledger: told.ledger.clone(), message: Some(message.message.id), ..told };
                if let Err(error) = self.tell(&project, &path, &next, &message).await {
                    self.ctx.printer.warn(&format!("notify.command is not run: {error}"));
                    tokio::time::sleep(LOOK_EVERY).await;
                    break;
                }
                told = next;
            }
        }
    }

    /// Runs the command when its turn has come; the error is that it could not be written down before, so it was not run.
    async fn tell(&self, project: &ProjectId, path: &Path, told: &Told, view: &MessageView) -> std::io::Result<()> {
        let Some(command) = &self.command else { return Ok(()) };
        let _one = self.one.lock().await;
        std::fs::create_dir_all(self.plan.home.memory())?;
        write_atomically(path, &serde_json::to_vec(told).unwrap_or_default(), 0o600)?;
        if let Err(error) = run(command, project, view, &self.plan.home.run()).await {
            self.ctx.printer.warn(&format!("notify.command for {project}/{}: {error}", view.message.id));
        }
        Ok(())
    }
}

/// A command that runs. Dropped before it ended, everything it started ends.
struct Running<'a> {
    leader: u32,
    run: &'a Path,
    ended: bool,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.ended {
            // It was not waited for, so the id is nobody else's.
            kill_group(self.leader);
        }
        Identity::forget(self.run, NOTIFY);
    }
}

async fn run(command: &str, project: &ProjectId, view: &MessageView, run: &Path) -> Result<(), String> {
    let message = &view.message;
    let mut child = Command::new("sh")
        .args(["-c", command])
        .env("MAESTRO_NOTIFY_PROJECT", project.as_str())
        .env("MAESTRO_NOTIFY_MESSAGE", message.id.to_string())
        .env("MAESTRO_NOTIFY_FROM", message.from.to_string())
        .env("MAESTRO_NOTIFY_TASK", message.task.map(|task| task.to_string()).unwrap_or_default())
        .env("MAESTRO_NOTIFY_TEXT", view.body.chars().take(TEXT).collect::<String>())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| error.to_string())?;
    let leader = child.id().unwrap_or_default();
    let mut running = Running { leader, run, ended: false };
    if let Some(identity) = Identity::of(NOTIFY, leader) {
        // Unwritten, it outlives a stack that is killed.
        let _ = identity.record(run);
    }
    let all = serde_json::json!({ "project": project, "message": view }).to_string();
    let ended = tokio::time::timeout(WITHIN, async {
        if let Some(mut stdin) = child.stdin.take() {
            // It may not read.
            let _ = stdin.write_all(all.as_bytes()).await;
        }
        child.wait().await
    })
    .await;
    // What it left in the background on purpose is its own affair.
    running.ended = ended.is_ok();
    match ended {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(format!("it ended with {status}")),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => {
            kill_group(leader);
            let _ = child.wait().await;
            Err(format!("it was still running after {} s and was ended", WITHIN.as_secs()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_that_came_again_counts_anew() {
        let at = |day: i64| Timestamp::from_millis(day * 86_400_000);
        // As it was written before projects were told apart.
        let old: Told = serde_json::from_str(r#"{"ledger":"L","message":"m7"}"#).unwrap();
        let seventh = Some("m7".parse().unwrap());
        assert_eq!(old, Told { ledger: Some("L".to_owned()), created: None, message: seventh });
        let told = old.of(Some(at(1)));
        assert_eq!((told.created, told.message), (Some(at(1)), seventh), "it is taken for this one");
        let told: Told = serde_json::from_str(&serde_json::to_string(&told).unwrap()).unwrap();
        assert_eq!(told.created, Some(at(1)));
        let told = told.of(Some(at(1))).of(None);
        assert_eq!((told.created, told.message), (Some(at(1)), seventh));
        let told = told.of(Some(at(2)));
        assert_eq!((told.created, told.message), (Some(at(2)), None));
    }

    #[test]
    fn projects_are_followed_once_and_noted_again_when_they_come_again() {
        let (known, web): (Known, ProjectId) = (Known::default(), "web".parse().unwrap());
        let at = Timestamp::from_millis;
        assert_eq!((known.note(&web, at(1)), known.note(&web, at(2))), (true, false));
        assert_eq!(known.created(&web), Some(at(2)));
        for number in 1..PROJECTS {
            assert!(known.note(&format!("p{number}").parse().unwrap(), at(1)));
        }
        assert!(!known.note(&"late".parse().unwrap(), at(1)), "there is no room");
        assert!(!known.note(&web, at(3)));
        assert_eq!(known.created(&web), Some(at(3)));
        known.forget(&web);
        assert_eq!(known.created(&web), None);
    }
}
