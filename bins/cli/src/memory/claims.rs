//! Which tasks an incarnation of a session took: what its reports are about where nobody can be asked.
//!
//! One small file an incarnation, kept up to date from the answers to its commands. Nothing here ever fails a command, and
//! one that names its task needs none of it.

use std::fs::{self, DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use maestro_domain::{CompleteTask, Holder, ProjectId, Request, Status, SubmitTask, Task, TaskId, Timestamp};
use maestro_runtime::{lock_file, write_passing};
use maestro_wire::{ErrorBody, Reply};
use serde::{Deserialize, Serialize};

use crate::context::Context;
use crate::outbox::is_unanswered;

/// Another command of this home writes for no longer than this.
const TURN: Duration = Duration::from_millis(200);
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Whether there was a task beside a certain one: two different ones tell.
const PAST: usize = 2;

/// The memory of one incarnation.
pub struct Claims {
    directory: PathBuf,
    stem: String,
    holder: Holder,
    manifest: Option<PathBuf>,
}

/// What it took, as far as its own commands tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Taken {
    /// When its project was created: one that was purged comes again, with sessions of the same numbers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project: Option<Timestamp>,
    /// In its hands, the last one last.
    pub holds: Vec<TaskId>,
    /// Reported on or given back, the last one last.
    pub past: Vec<TaskId>,
    /// It asked for another one and was not answered.
    pub unsure: bool,
}

/// The part of a manifest that is read here.
#[derive(Deserialize)]
struct Given {
    project: Place,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    created_at: Timestamp,
}

impl Claims {
    /// Of who acts here; `None` for people, and without a home.
    pub fn of(ctx: &Context, project: &ProjectId) -> Option<Self> {
        let (actor, epoch) = ctx.actor().ok()?;
        let session = actor.session()?;
        let stem = format!("{project}.{session}-{}", epoch.unwrap_or_default());
        let directory = ctx.home().ok()?.memory();
        Some(Self { directory, stem, holder: Holder { actor, epoch }, manifest: ctx.environment.manifest() })
    }

    fn path(&self) -> PathBuf {
        self.directory.join(format!("{}.claims", self.stem))
    }

    /// What it took so far.
    pub fn taken(&self) -> Taken {
        let Some(taken) = fs::read(self.path()).ok().and_then(|text| serde_json::from_slice::<Taken>(&text).ok())
        else {
            return Taken::default();
        };
        match (taken.project, self.born()) {
            (Some(then), Some(now)) if then != now => Taken::default(),
            (Some(_) | None, _) => taken,
        }
    }

    /// When the project was created in which this incarnation was started.
    fn born(&self) -> Option<Timestamp> {
        let text = fs::read(self.manifest.as_ref()?).ok()?;
        serde_json::from_slice::<Given>(&text).ok().map(|given| given.project.created_at)
    }

    /// Learns from what came of a command.
    pub fn learn(&self, request: &Request, answered: &Result<Reply, ErrorBody>) {
        match answered {
            Ok(reply) => {
                let Some(data) = &reply.data else { return };
                let Ok(task) = serde_json::from_str::<Task>(data.get()) else { return };
                if self.is_worked_on(&task) {
                    self.change(|taken| taken.take(task.id));
                } else {
                    self.change(|taken| taken.let_go(task.id));
                }
            }
            // It may have been carried out.
            Err(error) if is_unanswered(error.code) => {
                if let Request::StartTask(start) = request {
                    self.change(|taken| taken.may_hold(Some(start.task)));
                } else if matches!(request, Request::NextTask(next) if next.claim) {
                    self.change(|taken| taken.may_hold(None));
                }
            }
            Err(_) => {}
        }
    }

    fn is_worked_on(&self, task: &Task) -> bool {
        let is_handed_in = matches!(task.status, Status::InReview { .. });
        !is_handed_in && task.claim.as_ref().is_some_and(|claim| claim.holder == self.holder)
    }

    /// A report waits for a server: what it ends is not in hand any more.
    pub fn reported(&self, request: &Request) {
        if let Request::CompleteTask(CompleteTask { task, .. }) | Request::SubmitTask(SubmitTask { task, .. }) = request
        {
            self.change(|taken| taken.let_go(*task));
        }
    }

    /// The server's word on what it holds; answers what it took.
    pub fn held(&self, held: &[TaskId]) -> Taken {
        self.change(|taken| taken.are_held(held))
    }

    /// Read again under a lock before it is written: commands of one session run side by side.
    fn change(&self, change: impl Fn(&mut Taken)) -> Taken {
        let changed = || {
            let before = self.taken();
            let mut after = before.clone();
            change(&mut after);
            (after != before, after)
        };
        let (is_new, after) = changed();
        if !is_new {
            return after;
        }
        // What cannot be written is not remembered.
        let _ = DirBuilder::new().recursive(true).mode(0o700).create(&self.directory);
        let turn = self.turn();
        let (_, mut after) = changed();
        after.project = self.born();
        let _ = write_passing(&self.path(), &serde_json::to_vec(&after).unwrap_or_default());
        drop(turn);
        after
    }

    fn turn(&self) -> Option<File> {
        let file = lock_file(&self.directory.join("claims.lock")).ok()?;
        for _ in 0..TURN.as_millis() / LOOK_EVERY.as_millis() {
            if file.try_lock().is_ok() {
                return Some(file);
            }
            thread::sleep(LOOK_EVERY);
        }
        None
    }
}

impl Taken {
    fn take(&mut self, task: TaskId) {
        self.past.retain(|past| *past != task);
        if !self.holds.contains(&task) {
            self.holds.push(task);
        }
    }

    fn let_go(&mut self, task: TaskId) {
        if self.holds.contains(&task) {
            self.holds.retain(|held| *held != task);
            self.put_behind(task);
        }
    }

    fn put_behind(&mut self, task: TaskId) {
        self.past.retain(|past| *past != task);
        self.past.push(task);
        if self.past.len() > PAST {
            self.past.remove(0);
        }
    }

    /// Nobody said whether it got this one, or whichever was the best.
    fn may_hold(&mut self, task: Option<TaskId>) {
        match task {
            Some(task) if self.holds.contains(&task) => {}
            // It is this one or none.
            Some(task) if self.holds.is_empty() && self.past.iter().all(|past| *past == task) => self.put_behind(task),
            Some(_) | None => self.unsure = true,
        }
    }

    fn are_held(&mut self, held: &[TaskId]) {
        let gone: Vec<TaskId> = self.holds.iter().copied().filter(|task| !held.contains(task)).collect();
        gone.into_iter().for_each(|task| self.let_go(task));
        held.iter().for_each(|task| self.take(*task));
        self.unsure = false;
    }
}

#[cfg(test)]
mod tests {
    use maestro_domain::{NextTask, StartTask};
    use maestro_wire::ErrorCode;
    use serde_json::json;

    use super::*;

    fn t(number: u32) -> TaskId {
        TaskId::new(number)
    }

    fn claims(root: &std::path::Path, manifest: Option<PathBuf>) -> Claims {
        let holder = Holder { actor: "s7".parse().unwrap(), epoch: Some(2) };
        Claims { directory: root.join("memory"), stem: "web.s7-2".to_owned(), holder, manifest }
    }

    /// As the server answers about a task, held by this session or by nobody.
    fn answer(number: u32, status: &serde_json::Value, held: bool) -> Result<Reply, ErrorBody> {
        let at = "2026-01-01T00:00:00.000Z";
        let mut task = json!({
            "id": t(number), "rev": 1, "title": "x", "priority": "medium", "createdAt": at, "createdBy": "ann",
            "updatedAt": at, "updatedBy": "ann", "claims": 1, "releases": 0, "lastSubtask": 0,
            "progress": {"completed": 0, "total": 0},
        });
        for (name, value) in status.as_object().unwrap() {
            task[name] = value.clone();
        }
        if held {
            task["claim"] = json!({"number": 1, "actor": "s7", "epoch": 2, "since": at});
        }
        assert!(serde_json::from_value::<Task>(task.clone()).is_ok(), "{:?}", serde_json::from_value::<Task>(task));
        Ok(Reply::ok(&task))
    }

    fn start(number: u32) -> Request {
        Request::StartTask(StartTask { task: t(number), force: false })
    }

    fn next() -> Request {
        Request::NextTask(NextTask { claim: true, labels: Vec::new() })
    }

    fn silence() -> Result<Reply, ErrorBody> {
        Err(ErrorBody::new(ErrorCode::TimedOut, "no answer in time"))
    }

    #[test]
    fn answers_tell_what_is_in_hand() {
        let root = tempfile::tempdir().unwrap();
        let claims = claims(root.path(), None);
        let at = "2026-01-01T00:00:00.000Z";
        let going = json!({"status": "in_progress", "startedAt": at});
        let done = json!({"status": "completed", "completedAt": at, "completedBy": "s7"});
        let handed_in = json!({"status": "in_review", "submittedAt": at});
        let complete = Request::CompleteTask(CompleteTask { task: t(4), summary: None, force: false });
        claims.learn(&start(4), &answer(4, &going, true));
        assert_eq!(claims.taken().holds, [t(4)]);
        claims.learn(&complete, &answer(4, &done, false));
        claims.learn(&next(), &answer(3, &going, true));
        // A task of somebody else's, as a question tells it.
        claims.learn(&next(), &answer(9, &json!({"status": "pending"}), false));
        assert_eq!((claims.taken().holds, claims.taken().past), (vec![t(3)], vec![t(4)]));
        claims.learn(&next(), &answer(3, &handed_in, true));
        assert_eq!((claims.taken().holds, claims.taken().past), (vec![], vec![t(4), t(3)]));
    }

    #[test]
    fn a_report_that_waits_ends_it_and_a_claim_without_an_answer_may_be_one() {
        let root = tempfile::tempdir().unwrap();
        let claims = claims(root.path(), None);
        claims.learn(&start(4), &silence());
        assert_eq!((claims.taken().past, claims.taken().unsure), (vec![t(4)], false), "it or none");
        claims.held(&[t(4)]);
        claims.reported(&Request::CompleteTask(CompleteTask { task: t(4), summary: None, force: false }));
        assert_eq!((claims.taken().holds, claims.taken().past), (vec![], vec![t(4)]));
        claims.learn(&next(), &silence());
        assert!(claims.taken().unsure);
        // The server's word ends the doubt.
        let taken = claims.held(&[t(3), t(5)]);
        assert_eq!((taken.holds, taken.past, taken.unsure), (vec![t(3), t(5)], vec![t(4)], false));
        claims.learn(&start(6), &silence());
        assert!(claims.taken().unsure, "beside others");
    }

    #[test]
    fn a_project_that_came_again_is_another_one() {
        let root = tempfile::tempdir().unwrap();
        let manifest = root.path().join("manifest.json");
        let claims = claims(root.path(), Some(manifest.clone()));
        let of = |at: &str| json!({"project": {"id": "web", "createdAt": at}, "session": "s7"}).to_string();
        fs::write(&manifest, of("2026-01-01T00:00:00.000Z")).unwrap();
        claims.held(&[t(3)]);
        assert_eq!(claims.taken().holds, [t(3)]);
        fs::write(&manifest, of("2026-01-02T00:00:00.000Z")).unwrap();
        assert_eq!(claims.taken(), Taken::default());
        assert_eq!(claims.held(&[t(1)]).holds, [t(1)]);
        // One that is gone tells nothing.
        fs::remove_file(&manifest).unwrap();
        assert_eq!(claims.taken().holds, [t(1)]);
    }

    #[test]
    fn nonsense_and_missing_rights_are_no_memory() {
        let root = tempfile::tempdir().unwrap();
        let broken = claims(root.path(), None);
        fs::create_dir(root.path().join("memory")).unwrap();
        fs::write(broken.path(), b"{").unwrap();
        assert_eq!(broken.taken(), Taken::default());
        fs::write(root.path().join("file"), b"").unwrap();
        let nowhere = Claims { directory: root.path().join("file"), ..claims(root.path(), None) };
        assert_eq!(nowhere.held(&[t(3)]).holds, [t(3)]);
        assert_eq!(nowhere.taken(), Taken::default());
    }

    #[test]
    fn claims_in_parallel_are_all_remembered() {
        let root = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for number in 1..9 {
                let claims = claims(root.path(), None);
                scope.spawn(move || claims.change(|taken| taken.take(t(number))));
            }
        });
        let mut holds = claims(root.path(), None).taken().holds;
        holds.sort_unstable();
        assert_eq!(holds, (1..9).map(t).collect::<Vec<_>>());
    }
}
