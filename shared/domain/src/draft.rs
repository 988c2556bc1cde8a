//! A decision being made: the events so far, and the state as they leave it.

use std::sync::Arc;

use crate::{
    Actor, Event, IllegalEvent, Limits, Line, Message, MessageChange, MessageId, MessageKind, MessageStatus, Project,
    ProjectChange, Refusal, Session, SessionChange, SessionId, State, Task, TaskChange, TaskId, Text, Timestamp,
};

pub(crate) struct Draft {
    pub state: State,
    pub events: Vec<Event>,
    /// A defect: an event was decided that the state does not take.
    pub illegal: Option<IllegalEvent>,
    pub actor: Actor,
    pub now: Timestamp,
}

impl Draft {
    pub fn new(state: State, actor: &Actor, now: Timestamp) -> Self {
        Self { state, events: Vec::new(), illegal: None, actor: actor.clone(), now }
    }

    pub fn task(&self, id: TaskId) -> Result<Arc<Task>, Refusal> {
        self.state.task(id).cloned().ok_or(Refusal::TaskNotFound(id))
    }

    pub fn session(&self, id: SessionId) -> Result<Arc<Session>, Refusal> {
        self.state.session(id).cloned().ok_or(Refusal::SessionNotFound(id))
    }

    pub fn push(&mut self, event: Event) {
        let outcome: Result<(), IllegalEvent> = self.state.apply(&event);
        debug_assert!(outcome.is_ok(), "decided an illegal event: {outcome:?}");
        if let Err(illegal) = outcome {
            self.illegal.get_or_insert(illegal);
        }
        self.events.push(event);
    }

    pub fn put_project(&mut self, change: ProjectChange, mut project: Project) {
        project.rev += 1;
        project.updated_by = self.actor.clone();
        project.updated_at = self.now;
        self.push(Event::Project { change, after: Some(Arc::new(project)) });
    }

    pub fn purge_project(&mut self) {
        self.push(Event::Project { change: ProjectChange::Purged {}, after: None });
    }

    /// Records a change of a task; `task` is as it will be, but for `rev` and who changed it when.
    pub fn put_task(&mut self, change: TaskChange, mut task: Task) {
        task.rev += 1;
        task.updated_by = self.actor.clone();
        task.updated_at = self.now;
        self.push(Event::Task { id: task.id, change, after: Some(Arc::new(task)) });
    }

    /// Loads a task, changes it, records it.
    pub fn change_task(&mut self, id: TaskId, change: TaskChange, edit: impl FnOnce(&mut Task)) {
        if let Some(task) = self.state.task(id) {
            let mut task = Task::clone(task);
            edit(&mut task);
            self.put_task(change, task);
        }
    }

    pub fn delete_task(&mut self, id: TaskId) {
        self.push(Event::Task { id, change: TaskChange::Deleted {}, after: None });
    }

    pub fn announce_ready(&mut self, id: TaskId) {
        self.push(Event::Task { id, change: TaskChange::Ready {}, after: None });
    }

    pub fn put_session(&mut self, change: SessionChange, mut session: Session) {
        session.rev += 1;
        session.updated_at = self.now;
        self.push(Event::Session { id: session.id, change, after: Some(Arc::new(session)) });
    }

    pub fn has_room_for_a_message(&self) -> bool {
        self.state.messages().len() < Limits::UNREAD_IN_ALL && self.state.counters().2 < Limits::NUMBER
    }

    /// Queues a message; the caller has seen that there is room.
    pub fn send(
        &mut self,
        kind: MessageKind,
        to: Actor,
        epoch: Option<u32>,
        task: Option<TaskId>,
        body: &str,
    ) -> MessageId {
        let id = MessageId::new(self.state.counters().2 + 1);
        let message = Message {
            id,
            rev: 1,
            kind,
            from: self.actor.clone(),
            to,
            epoch,
            task,
            status: MessageStatus::Queued,
            created_at: self.now,
            updated_at: self.now,
        };
        let body = Text::parse(body).unwrap_or_default();
        self.push(Event::Message { id, change: MessageChange::Queued { body }, after: Some(Arc::new(message)) });
        id
    }

    /// Tells somebody what became of something, unless it is the actor itself: the timeline has it all the same.
    pub fn notify(&mut self, to: &Actor, task: Option<TaskId>, body: &str) {
        if *to != self.actor {
            self.tell(to, task, body);
        }
    }

    /// As [`Draft::notify`], for whoever is to act on it: for a session that has ended, the one that it reported to.
    pub fn report(&mut self, to: &Actor, task: Option<TaskId>, body: &str) {
        let reader = self.reader(to);
        if reader == *to {
            self.notify(to, task, body);
        } else {
            self.notify(&reader, task, &format!("for {to}, which has ended: {body}"));
        }
    }

    /// The first up the line that lives.
    fn reader(&self, to: &Actor) -> Actor {
        const LONGEST_LINE: usize = 16;
        let mut reader = to.clone();
        for _ in 0..LONGEST_LINE {
            let Some(session) = reader.session().and_then(|id| self.state.session(id)) else { break };
            if session.is_living() || session.restart_at.is_some() {
                break;
            }
            reader = session.parent.clone();
        }
        reader
    }

    /// Leaves a notice. In a full inbox it takes the place of the oldest one; where there is none, it stays unsaid.
    pub fn tell(&mut self, to: &Actor, task: Option<TaskId>, body: &str) {
        if *to == Actor::System {
            return;
        }
        let full = self.state.unread(to) >= Limits::UNREAD || !self.has_room_for_a_message();
        if full && !self.make_room(to) {
            return;
        }
        let mut cut = body;
        if cut.len() > 8_000 {
            let end = (0..=8_000).rev().find(|i| cut.is_char_boundary(*i)).unwrap_or(0);
            cut = &cut[..end];
        }
        self.send(MessageKind::Notice, to.clone(), None, task, cut);
    }

    /// Lets go of the oldest notice to `to`; whether there is room then.
    fn make_room(&mut self, to: &Actor) -> bool {
        let notice =
            |id: &MessageId| self.state.message(*id).is_some_and(|message| matches!(message.kind, MessageKind::Notice));
        let Some(oldest) = self.state.inbox(to).find(notice) else { return false };
        self.see(oldest);
        self.has_room_for_a_message()
    }

    /// A message that nobody needs to read any more.
    pub fn see(&mut self, id: MessageId) {
        if let Some(message) = self.state.message(id).cloned() {
            self.put_message(
                MessageChange::Seen {},
                Message { status: MessageStatus::Seen, ..Message::clone(&message) },
            );
        }
    }

    /// Records a change of a message, as [`Draft::put_task`] does of a task.
    pub fn put_message(&mut self, change: MessageChange, mut message: Message) {
        message.rev += 1;
        message.updated_at = self.now;
        self.push(Event::Message { id: message.id, change, after: Some(Arc::new(message)) });
    }

    pub fn push_effect(&mut self, change: crate::EffectChange) {
        self.push(Event::Effect { change });
    }

    pub fn line(text: &str) -> Line {
        Line::lossy(text)
    }
}
