//! All projects of this replica. The follower and the service come here to find them.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use maestro_domain::{Actor as Who, Caller, Limits, ProjectId, Refusal, Request, State};
use maestro_wire::{CommandId, ErrorBody, ErrorCode, Reply, digest};
use tokio::sync::oneshot;
use tokio_util::task::TaskTracker;

use crate::{
    clock::now,
    project::{Actor, Ask, Project, ReplyTo, Shared},
    store::Loaded,
};

/// Projects by id. An entry is made by the projection at the start, by the first commit that is followed, or by the
/// command that creates the project. One of which nothing became leaves again.
#[derive(Clone, Default)]
pub struct Entries(Arc<Mutex<ById>>);

type ById = HashMap<ProjectId, Arc<Project>>;

impl Entries {
    fn lock(&self) -> MutexGuard<'_, ById> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an actor's own project out, if nobody can send it anything any more. False: it stays.
    pub fn leave(&self, project: &mut Arc<Project>, is_idle: impl FnOnce() -> bool) -> bool {
        let mut entries = self.lock();
        entries.remove(&project.id);
        // Whoever sends holds the project. Nobody does, nobody comes by one while this is locked, and what was sent
        // before is in the mailbox by now: no command and no commit is lost.
        if Arc::get_mut(project).is_some() && is_idle() {
            return true;
        }
        entries.insert(project.id.clone(), Arc::clone(project));
        false
    }
}

/// All projects, and what their actors need.
pub struct Registry {
    entries: Entries,
    shared: Shared,
    mailbox: usize,
    actors: TaskTracker,
}

impl Registry {
    pub fn new(shared: Shared, mailbox: usize, loaded: Vec<Loaded>) -> Self {
        let registry = Self { entries: Entries::default(), shared, mailbox, actors: TaskTracker::new() };
        for loaded in loaded {
            let Loaded { id, row, tasks, sessions, messages } = loaded;
            let state = State::restore(row.project, tasks, sessions, messages, row.counters);
            registry.start(id, state, row.seq);
        }
        registry
    }

    #[must_use]
    pub fn get(&self, id: &ProjectId) -> Option<Arc<Project>> {
        self.entries.lock().get(id).cloned()
    }

    pub fn get_or_start(&self, id: &ProjectId) -> Arc<Project> {
        self.start(id.clone(), State::default(), 0)
    }

    /// The project that a command is about to create.
    ///
    /// # Errors
    /// `limit_reached`. Replicas that create at the same time may exceed the limit by a few.
    pub fn enter(&self, id: &ProjectId) -> Result<Arc<Project>, Refusal> {
        let mut entries = self.entries.lock();
        let counts = entries.get(id).is_some_and(|project| takes_room(project));
        if !counts && is_full(&entries, Limits::PROJECTS) {
            return Err(Refusal::LimitReached { what: "projects", limit: Limits::PROJECTS as u64 });
        }
        Ok(self.start_in(&mut entries, id.clone(), State::default(), 0))
    }

    /// The project, also when this replica has not followed it yet: the leader knows whether there is one.
    ///
    /// # Errors
    /// `project_not_found`; `unavailable` when the leader cannot be asked.
    pub async fn find(&self, id: &ProjectId) -> Result<Arc<Project>, ErrorBody> {
        if let Some(project) = self.get(id) {
            return Ok(project);
        }
        match self.shared.ledger.last_sequence(id).await {
            Ok(0) => Err(Refusal::ProjectNotFound(id.clone()).into()),
            Ok(_) => Ok(self.get_or_start(id)),
            Err(error) => Err(ErrorBody::new(ErrorCode::Unavailable, format!("the ledger cannot be asked: {error}"))),
        }
    }

    fn start(&self, id: ProjectId, state: State, seq: u64) -> Arc<Project> {
        self.start_in(&mut self.entries.lock(), id, state, seq)
    }

    fn start_in(&self, entries: &mut ById, id: ProjectId, state: State, seq: u64) -> Arc<Project> {
        if let Some(project) = entries.get(&id) {
            return Arc::clone(project);
        }
        let (project, actor) =
            Actor::new(id.clone(), self.shared.clone(), self.entries.clone(), state, seq, self.mailbox);
        self.actors.spawn(actor.run());
        entries.insert(id, Arc::clone(&project));
        project
    }

    /// All projects, by id.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Project>> {
        let mut all: Vec<_> = self.entries.lock().values().cloned().collect();
        all.sort_by(|a, b| a.id.cmp(&b.id));
        all
    }

    /// How many there are, those included of which nothing may become and those that were purged.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.lock().len()
    }

    #[must_use]
    pub const fn shared(&self) -> &Shared {
        &self.shared
    }

    /// Asks as the server itself.
    ///
    /// # Errors
    /// The refusal.
    pub async fn ask_as_system(
        &self,
        id: &ProjectId,
        request: Request,
        command: CommandId,
    ) -> Result<Reply, ErrorBody> {
        let caller = Caller { actor: Who::System, epoch: None };
        self.ask(id, caller, request, command, None).await
    }

    /// Puts a command into a project's mailbox and waits for the answer.
    ///
    /// # Errors
    /// The refusal; `overloaded` when the mailbox is full.
    pub async fn ask(
        &self,
        id: &ProjectId,
        caller: Caller,
        request: Request,
        command: CommandId,
        traceparent: Option<String>,
    ) -> Result<Reply, ErrorBody> {
        let project = self.find(id).await?;
        let (reply, answer) = oneshot::channel();
        let ask = Ask {
            digest: digest(&request),
            caller,
            request,
            id: command,
            traceparent,
            expires_at: now().plus_secs(10),
            raw: None,
            reply: ReplyTo::Here(reply),
        };
        project.try_ask(ask).map_err(|_| overloaded())?;
        match tokio::time::timeout(Duration::from_secs(15), answer).await {
            Ok(Ok(reply)) => match reply.error {
                Some(error) => Err(error),
                None => Ok(reply),
            },
            Ok(Err(_)) | Err(_) => Err(ErrorBody::new(ErrorCode::Unavailable, "the project's actor did not answer")),
        }
    }

    /// Waits until every actor has finished what it had in hand.
    pub async fn finish(&self) {
        self.actors.close();
        self.actors.wait().await;
    }
}

/// Whether it is one of the projects that there may be, or is becoming one. A purged one keeps its entry alone.
fn takes_room(project: &Project) -> bool {
    let view = project.view();
    view.seq == 0 || view.state.project().is_some()
}

fn is_full(entries: &ById, limit: usize) -> bool {
    entries.len() >= limit && entries.values().filter(|project| takes_room(project)).count() >= limit
}

/// The answer of a full mailbox.
#[must_use]
pub fn overloaded() -> ErrorBody {
    ErrorBody::new(ErrorCode::Overloaded, "too many commands wait for this project; this one was not taken")
        .suggest("try again in a moment")
}
