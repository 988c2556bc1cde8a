//! The state of one project: the fold of its events.
//!
//! A persistent value: a clone costs a dozen reference counts, so a decision works on its own copy and a query on a
//! snapshot that nobody changes under it. Everything but the entity maps and the counters is derived.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};

use crate::{
    Actor, DeadlineKind, EntityRef, Event, Message, MessageId, MessageStatus, Priority, Project, ProjectChange,
    Session, SessionId, SessionStatusKind, Status, StatusKind, Task, TaskChange, TaskId, Timestamp,
};

/// The folded events of one project.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    project: Option<Arc<Project>>,
    tasks: OrdMap<TaskId, Arc<Task>>,
    sessions: OrdMap<SessionId, Arc<Session>>,
    /// Messages that have not been seen.
    messages: OrdMap<MessageId, Arc<Message>>,
    last_task: u32,
    last_session: u32,
    last_message: u32,

    ready: OrdSet<(Priority, TaskId)>,
    by_status: [OrdSet<TaskId>; 6],
    by_update: OrdSet<(Timestamp, TaskId)>,
    by_priority: OrdSet<(Priority, TaskId)>,
    dependants: OrdMap<TaskId, OrdSet<TaskId>>,
    held: OrdMap<Actor, OrdSet<TaskId>>,
    inbox: OrdMap<Actor, OrdSet<MessageId>>,
    living: OrdSet<SessionId>,
    deadlines: OrdSet<(Timestamp, SessionId, DeadlineKind)>,
}

/// An event that does not follow from the state: the ledger holds something that this program cannot have written.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{entity}: {problem}")]
pub struct IllegalEvent {
    pub entity: EntityRef,
    pub problem: String,
}

impl State {
    #[must_use]
    pub fn project(&self) -> Option<&Arc<Project>> {
        self.project.as_ref()
    }
    #[must_use]
    pub fn task(&self, id: TaskId) -> Option<&Arc<Task>> {
        self.tasks.get(&id)
    }
    #[must_use]
    pub fn session(&self, id: SessionId) -> Option<&Arc<Session>> {
        self.sessions.get(&id)
    }
    /// A message that has not been seen.
    #[must_use]
    pub fn message(&self, id: MessageId) -> Option<&Arc<Message>> {
        self.messages.get(&id)
    }
    /// All tasks in the order of their ids.
    #[must_use]
    pub const fn tasks(&self) -> &OrdMap<TaskId, Arc<Task>> {
        &self.tasks
    }
    #[must_use]
    pub const fn sessions(&self) -> &OrdMap<SessionId, Arc<Session>> {
        &self.sessions
    }
    #[must_use]
    pub const fn messages(&self) -> &OrdMap<MessageId, Arc<Message>> {
        &self.messages
    }
    /// Ready tasks, the best first.
    #[must_use]
    pub const fn ready(&self) -> &OrdSet<(Priority, TaskId)> {
        &self.ready
    }
    #[must_use]
    pub const fn with_status(&self, status: StatusKind) -> &OrdSet<TaskId> {
        &self.by_status[status as usize]
    }
    /// Tasks by the time of their last change, the oldest first.
    #[must_use]
    pub const fn by_update(&self) -> &OrdSet<(Timestamp, TaskId)> {
        &self.by_update
    }
    /// All tasks, the most urgent first, then by age.
    #[must_use]
    pub const fn by_priority(&self) -> &OrdSet<(Priority, TaskId)> {
        &self.by_priority
    }
    /// The tasks that depend on this one.
    pub fn dependants(&self, id: TaskId) -> impl Iterator<Item = TaskId> + '_ {
        self.dependants.get(&id).into_iter().flatten().copied()
    }
    /// The tasks whose live claim this actor holds.
    pub fn held_by(&self, actor: &Actor) -> impl Iterator<Item = TaskId> + '_ {
        self.held.get(actor).into_iter().flatten().copied()
    }
    /// Messages to this actor that have not been seen, the oldest first.
    pub fn inbox(&self, actor: &Actor) -> impl Iterator<Item = MessageId> + '_ {
        self.inbox.get(actor).into_iter().flatten().copied()
    }
    #[must_use]
    pub fn unread(&self, actor: &Actor) -> usize {
        self.inbox.get(actor).map_or(0, OrdSet::len)
    }
    #[must_use]
    pub const fn living(&self) -> &OrdSet<SessionId> {
        &self.living
    }
    /// What is due, the earliest first.
    #[must_use]
    pub const fn deadlines(&self) -> &OrdSet<(Timestamp, SessionId, DeadlineKind)> {
        &self.deadlines
    }
    /// The highest numbers given so far: tasks, sessions, messages.
    #[must_use]
    pub const fn counters(&self) -> (u32, u32, u32) {
        (self.last_task, self.last_session, self.last_message)
    }
    /// Pending, and everything it depends on is completed.
    #[must_use]
    pub fn is_ready(&self, task: &Task) -> bool {
        matches!(task.status, Status::Pending) && self.open_dependencies(task).next().is_none()
    }
    /// What this task still waits for.
    pub fn open_dependencies<'a>(&'a self, task: &'a Task) -> impl Iterator<Item = TaskId> + 'a {
        task.depends_on.iter().copied().filter(|id| {
            !self.tasks.get(id).is_some_and(|dependency| matches!(dependency.status, Status::Completed { .. }))
        })
    }

    /// Rebuilds a state from stored entities and counters; the derived parts follow from them.
    #[must_use]
    pub fn restore(
        project: Option<Arc<Project>>,
        tasks: impl IntoIterator<Item = Arc<Task>>,
        sessions: impl IntoIterator<Item = Arc<Session>>,
        messages: impl IntoIterator<Item = Arc<Message>>,
        counters: (u32, u32, u32),
    ) -> Self {
        let mut state = Self { project, ..Self::default() };
        (state.last_task, state.last_session, state.last_message) = counters;
        let tasks: Vec<_> = tasks.into_iter().collect();
        state.tasks = tasks.iter().map(|task| (task.id, Arc::clone(task))).collect();
        for task in &tasks {
            state.index_task(task);
        }
        for session in sessions {
            state.put_session(session);
        }
        for message in messages {
            state.put_message(message);
        }
        state
    }

    /// Folds one event in.
    ///
    /// # Errors
    /// When the event does not follow from this state: a gap in `rev`, an arrow that does not exist, an entity that is
    /// not there.
    pub fn apply(&mut self, event: &Event) -> Result<(), IllegalEvent> {
        let illegal = |problem: String| Err(IllegalEvent { entity: event.entity(), problem });
        let gap = |before: u32, after: u32| illegal(format!("rev {after} follows rev {before}"));
        let follows = |before: u32, after: u32| before.checked_add(1) == Some(after);
        match event {
            Event::Project { after: Some(after), .. } => {
                let rev = self.project.as_ref().map_or(0, |p| p.rev);
                if !follows(rev, after.rev) {
                    return gap(rev, after.rev);
                }
                self.project = Some(Arc::clone(after));
            }
            Event::Project { change: ProjectChange::Purged {}, after: None } => *self = Self::default(),
            Event::Task { id, change: TaskChange::Ready {}, after: None } => {
                if !self.tasks.contains_key(id) {
                    return illegal("an unknown task is ready".into());
                }
            }
            Event::Task { id, change: TaskChange::Deleted {}, after: None } => {
                let Some(task) = self.tasks.remove(id) else { return illegal("an unknown task was deleted".into()) };
                self.unindex_task(&task);
                self.index_dependants(*id);
            }
            Event::Task { id, after: Some(after), .. } => {
                let before = self.tasks.get(id).cloned();
                let rev = before.as_ref().map_or(0, |t| t.rev);
                if *id != after.id {
                    return illegal(format!("the entity is {}", after.id));
                }
                if !follows(rev, after.rev) {
                    return gap(rev, after.rev);
                }
                match &before {
                    None if id.number() <= self.last_task => return illegal("the id was used before".into()),
                    Some(b) if !b.status.kind().may_become(after.status.kind()) => {
                        return illegal(format!("{} follows {}", after.status.kind(), b.status.kind()));
                    }
                    None | Some(_) => {}
                }
                self.last_task = self.last_task.max(id.number());
                if let Some(before) = before.as_ref().filter(|before| indexed_alike(before, after)) {
                    if before.updated_at != after.updated_at {
                        self.by_update.remove(&(before.updated_at, *id));
                        self.by_update.insert((after.updated_at, *id));
                    }
                    self.tasks.insert(*id, Arc::clone(after));
                    return Ok(());
                }
                if let Some(before) = &before {
                    self.unindex_task(before);
                }
                self.tasks.insert(*id, Arc::clone(after));
                self.index_task(after);
                if before.is_none_or(|b| b.status.kind() != after.status.kind()) {
                    self.index_dependants(*id);
                }
            }
            Event::Session { id, after: Some(after), .. } => {
                let before = self.sessions.get(id);
                let rev = before.map_or(0, |s| s.rev);
                if *id != after.id {
                    return illegal(format!("the entity is {}", after.id));
                }
                if !follows(rev, after.rev) {
                    return gap(rev, after.rev);
                }
                if before.is_none() && id.number() <= self.last_session {
                    return illegal("the id was used before".into());
                }
                let (epoch, to) = (before.map_or(0, |s| s.epoch), after.status.kind());
                match before.filter(|b| b.epoch == after.epoch) {
                    Some(b) if !b.status.kind().may_become(to) => {
                        return illegal(format!("{to} follows {}", b.status.kind()));
                    }
                    None if !follows(epoch, after.epoch) => {
                        return illegal(format!("epoch {} follows epoch {epoch}", after.epoch));
                    }
                    None if to != SessionStatusKind::Requested => return illegal(format!("an epoch begins as {to}")),
                    None | Some(_) => {}
                }
                self.last_session = self.last_session.max(id.number());
                self.put_session(Arc::clone(after));
            }
            Event::Message { id, after: Some(after), .. } => {
                let before = self.messages.get(id);
                let rev = before.map_or(0, |m| m.rev);
                if *id != after.id {
                    return illegal(format!("the entity is {}", after.id));
                }
                if !follows(rev, after.rev) {
                    return gap(rev, after.rev);
                }
                if before.is_none() && id.number() <= self.last_message {
                    return illegal("the id was used before".into());
                }
                self.last_message = self.last_message.max(id.number());
                self.put_message(Arc::clone(after));
            }
            Event::Project { after: None, .. }
            | Event::Task { after: None, .. }
            | Event::Session { after: None, .. }
            | Event::Message { after: None, .. } => {
                return illegal(format!("{:?} leaves the entity as it is", event.kind()));
            }
            Event::Effect { .. } => {}
        }
        Ok(())
    }

    fn put_session(&mut self, session: Arc<Session>) {
        if let Some(before) = self.sessions.get(&session.id)
            && let Some((at, kind)) = before.deadline()
        {
            self.deadlines.remove(&(at, session.id, kind));
        }
        if let Some((at, kind)) = session.deadline() {
            self.deadlines.insert((at, session.id, kind));
        }
        if session.is_living() {
            self.living.insert(session.id);
        } else {
            self.living.remove(&session.id);
        }
        self.sessions.insert(session.id, session);
    }

    fn put_message(&mut self, message: Arc<Message>) {
        let (id, to) = (message.id, message.to.clone());
        if message.status == MessageStatus::Seen {
            self.messages.remove(&id);
            take(&mut self.inbox, &to, &id);
        } else {
            self.messages.insert(id, message);
            self.inbox.entry(to).or_default().insert(id);
        }
    }

    fn index_task(&mut self, task: &Task) {
        self.by_status[task.status.kind() as usize].insert(task.id);
        self.by_update.insert((task.updated_at, task.id));
        self.by_priority.insert((task.priority, task.id));
        for dependency in &task.depends_on {
            self.dependants.entry(*dependency).or_default().insert(task.id);
        }
        if let Some(claim) = &task.claim {
            self.held.entry(claim.holder.actor.clone()).or_default().insert(task.id);
        }
        if self.is_ready(task) {
            self.ready.insert((task.priority, task.id));
        }
    }

    fn unindex_task(&mut self, task: &Task) {
        self.by_status[task.status.kind() as usize].remove(&task.id);
        self.by_update.remove(&(task.updated_at, task.id));
        self.by_priority.remove(&(task.priority, task.id));
        for dependency in &task.depends_on {
            take(&mut self.dependants, dependency, &task.id);
        }
        if let Some(claim) = &task.claim {
            take(&mut self.held, &claim.holder.actor, &task.id);
        }
        self.ready.remove(&(task.priority, task.id));
    }

    /// A task was completed or reopened: those that wait for it become ready or stop being so.
    fn index_dependants(&mut self, id: TaskId) {
        let waiting: Vec<TaskId> = self.dependants(id).collect();
        for dependant in waiting {
            let Some(task) = self.tasks.get(&dependant).cloned() else { continue };
            if self.is_ready(&task) {
                self.ready.insert((task.priority, task.id));
            } else {
                self.ready.remove(&(task.priority, task.id));
            }
        }
    }
}

/// Whether all that is derived from a task, but for the order of changes, is the same of both: most events (progress,
/// steps, texts) leave it so, and a persistent set copies its path even when nothing changes.
fn indexed_alike(before: &Task, after: &Task) -> bool {
    let holder = |task: &Task| task.claim.as_ref().map(|claim| claim.holder.actor.clone());
    before.status.kind() == after.status.kind()
        && before.priority == after.priority
        && before.depends_on == after.depends_on
        && holder(before) == holder(after)
}

/// Removes a member of a set in a map, and the set with its last member.
fn take<K: Ord + Clone, V: Ord + Clone>(map: &mut OrdMap<K, OrdSet<V>>, key: &K, member: &V) {
    let Some(set) = map.get_mut(key) else { return };
    set.remove(member);
    if set.is_empty() {
        map.remove(key);
    }
}
