//! The payloads of commands, one a verb. The verb itself, the project and the actor stand in the subject.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, AgentName, DeadlineKind, InputKind, Label, Line, MessageId, MessageKind, NodeName, PlanKey, PoolName,
    Priority, RestartPolicy, Role, SessionId, SkillName, SubtaskId, TaskId, Text, Timestamp, Title,
};

/// Markdown of up to 64 KiB.
pub type Markdown = Text<65_536>;
/// A report of up to 8 KiB: a summary, a progress entry, a message's body.
pub type Report = Text<8_192>;
/// A prompt of up to 256 KiB.
pub type Prompt = Text<262_144>;

macro_rules! verbs {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident : $ty:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
            #[serde(rename_all = "camelCase", deny_unknown_fields)]
            pub struct $name { $($(#[$fdoc])* pub $field: $ty),* }
        )*
    };
}

verbs! {
    /// `project.create`
    CreateProject {
        title: Title,
        #[serde(default, skip_serializing_if = "Option::is_none")] overview: Option<Markdown>,
        #[serde(default, skip_serializing_if = "Option::is_none")] goals: Option<Markdown>,
        #[serde(default, skip_serializing_if = "Option::is_none")] repository: Option<Line>,
        #[serde(default, skip_serializing_if = "Option::is_none")] base_branch: Option<Line>,
        #[serde(default, skip_serializing_if = "Option::is_none")] default_agent: Option<AgentName>,
    }
    /// `project.update`: what is absent stays.
    UpdateProject {
        #[serde(default, skip_serializing_if = "Option::is_none")] title: Option<Title>,
        #[serde(default, skip_serializing_if = "Option::is_none")] overview: Option<Markdown>,
        #[serde(default, skip_serializing_if = "Option::is_none")] goals: Option<Markdown>,
        #[serde(default, skip_serializing_if = "Option::is_none")] repository: Option<Line>,
        #[serde(default, skip_serializing_if = "Option::is_none")] base_branch: Option<Line>,
        #[serde(default, skip_serializing_if = "Option::is_none")] default_agent: Option<AgentName>,
    }
    /// `project.archive`: `archived: false` brings it back.
    ArchiveProject { #[serde(default = "yes")] archived: bool }
    /// `project.purge`: `confirm` repeats the project's id.
    PurgeProject { confirm: String }

    /// A subtask that is created together with its task, or alone.
    NewSubtask {
        title: Title,
        #[serde(default, skip_serializing_if = "Option::is_none")] description: Option<Report>,
    }
    /// `task.create`
    CreateTask {
        title: Title,
        #[serde(default, skip_serializing_if = "Option::is_none")] description: Option<Markdown>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] acceptance: Vec<Line>,
        #[serde(default, skip_serializing_if = "Option::is_none")] technical_notes: Option<Markdown>,
        #[serde(default)] priority: Priority,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] labels: Vec<Label>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] depends_on: Vec<TaskId>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] subtasks: Vec<NewSubtask>,
    }
    /// A step of a task that is imported.
    ImportSubtask {
        title: Title,
        #[serde(default, skip_serializing_if = "Option::is_none")] description: Option<Report>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")] completed: bool,
    }
    /// A task that is imported. `key` names it within its source, for ever; `dependsOn` takes keys, or ids of tasks that
    /// are there.
    ImportTask {
        key: PlanKey,
        title: Title,
        #[serde(default, skip_serializing_if = "Option::is_none")] description: Option<Markdown>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] acceptance: Vec<Line>,
        #[serde(default, skip_serializing_if = "Option::is_none")] technical_notes: Option<Markdown>,
        #[serde(default)] priority: Priority,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] labels: Vec<Label>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] depends_on: Vec<PlanKey>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] subtasks: Vec<ImportSubtask>,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")] completed: bool,
        /// What was done, of a completed one.
        #[serde(default, skip_serializing_if = "Option::is_none")] summary: Option<Report>,
    }
    /// `task.import`: all of them or none. A task whose `source` and `key` are there already stays as it is.
    ImportTasks { source: PlanKey, tasks: Vec<ImportTask> }
    /// `task.update`: what is absent stays; lists are replaced whole.
    UpdateTask {
        task: TaskId,
        #[serde(default, skip_serializing_if = "Option::is_none")] title: Option<Title>,
        #[serde(default, skip_serializing_if = "Option::is_none")] description: Option<Markdown>,
        #[serde(default, skip_serializing_if = "Option::is_none")] acceptance: Option<Vec<Line>>,
        #[serde(default, skip_serializing_if = "Option::is_none")] technical_notes: Option<Markdown>,
        #[serde(default, skip_serializing_if = "Option::is_none")] priority: Option<Priority>,
        #[serde(default, skip_serializing_if = "Option::is_none")] labels: Option<Vec<Label>>,
    }
    /// `task.start`: claims. `force` starts despite open dependencies.
    StartTask { task: TaskId, #[serde(default)] force: bool }
    /// `task.next`: with `claim`, takes the best ready task; without, only names it.
    NextTask {
        #[serde(default)] claim: bool,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] labels: Vec<Label>,
    }
    /// `task.log`: progress.
    LogTask { task: TaskId, message: Report }
    /// `task.comment`
    CommentTask { task: TaskId, message: Report }
    /// `task.complete`, and `task.approve` of a submitted one.
    CompleteTask {
        task: TaskId,
        #[serde(default, skip_serializing_if = "Option::is_none")] summary: Option<Report>,
        #[serde(default)] force: bool,
    }
    /// `task.submit`: for review.
    SubmitTask { task: TaskId, #[serde(default, skip_serializing_if = "Option::is_none")] summary: Option<Report> }
    /// `task.block`
    BlockTask { task: TaskId, reason: Line }
    /// `task.unblock`: back to its holder, or to pending when there is none.
    UnblockTask { task: TaskId, #[serde(default, skip_serializing_if = "Option::is_none")] message: Option<Report> }
    /// `task.release`: gives the claim back.
    ReleaseTask { task: TaskId, #[serde(default, skip_serializing_if = "Option::is_none")] reason: Option<Line> }
    /// `task.reopen`
    ReopenTask { task: TaskId, #[serde(default, skip_serializing_if = "Option::is_none")] reason: Option<Line> }
    /// `task.cancel`
    CancelTask { task: TaskId, #[serde(default, skip_serializing_if = "Option::is_none")] reason: Option<Line> }
    /// `task.delete`
    DeleteTask { task: TaskId, #[serde(default)] force: bool }
    /// `task.depend`: adds and removes edges of the dependency graph.
    DependTask {
        task: TaskId,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] add: Vec<TaskId>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] remove: Vec<TaskId>,
    }

    /// `subtask.create`
    CreateSubtask {
        task: TaskId,
        title: Title,
        #[serde(default, skip_serializing_if = "Option::is_none")] description: Option<Report>,
    }
    /// `subtask.update`
    UpdateSubtask {
        task: TaskId,
        subtask: SubtaskId,
        #[serde(default, skip_serializing_if = "Option::is_none")] title: Option<Title>,
        #[serde(default, skip_serializing_if = "Option::is_none")] description: Option<Report>,
    }
    /// `subtask.complete`, `subtask.reopen`, `subtask.delete`
    OneSubtask { task: TaskId, subtask: SubtaskId }
    /// `subtask.move`: to a place counted from 1.
    MoveSubtask { task: TaskId, subtask: SubtaskId, position: u32 }

    /// `session.spawn`
    SpawnSession {
        #[serde(default)] role: Role,
        #[serde(default, skip_serializing_if = "Vec::is_empty")] tasks: Vec<TaskId>,
        #[serde(default, skip_serializing_if = "Option::is_none")] name: Option<Line>,
        #[serde(default, skip_serializing_if = "Option::is_none")] agent: Option<AgentName>,
        #[serde(default, skip_serializing_if = "Option::is_none")] skill: Option<SkillName>,
        #[serde(default, skip_serializing_if = "Option::is_none")] model: Option<Line>,
        #[serde(default, skip_serializing_if = "Option::is_none")] pool: Option<PoolName>,
        /// Only on this host.
        #[serde(default, skip_serializing_if = "Option::is_none")] node: Option<NodeName>,
        /// Only on hosts that have all of these.
        #[serde(default, skip_serializing_if = "Vec::is_empty")] labels: Vec<Label>,
        #[serde(default, skip_serializing_if = "Option::is_none")] prompt: Option<Prompt>,
        /// For the shell profile: what to run, program first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")] command: Vec<Report>,
        /// Run before a shell agent starts; another agent is told to run them first.
        #[serde(default, skip_serializing_if = "Vec::is_empty")] initial_commands: Vec<Line>,
        #[serde(default, skip_serializing_if = "Option::is_none")] reason: Option<Report>,
        #[serde(default)] include_related: bool,
        #[serde(default)] restart: RestartPolicy,
        #[serde(default)] keep: bool,
        /// Assign tasks although another session has them.
        #[serde(default)] force: bool,
    }
    /// `session.starting`: a spawner takes this epoch.
    SessionStarting {
        node: NodeName,
        #[serde(default, skip_serializing_if = "Option::is_none")] workspace: Option<Line>,
    }
    /// `session.active`: the agent runs; also ends `needs_input`, and revives a lost session.
    SessionActive {}
    /// `session.needs_input`
    SessionNeedsInput {
        input: InputKind,
        question: Line,
        #[serde(default, skip_serializing_if = "Option::is_none")] until: Option<Timestamp>,
    }
    /// `session.update`: what the session is doing, on its timeline and on that of its claimed tasks.
    SessionUpdate { message: Report }
    /// `session.exited`
    SessionExited { code: i32 }
    /// `session.failed`: it could not be started, or its terminal broke.
    SessionFailed { failure: Line }
    /// `session.lost`: its holder is gone.
    SessionLost {
        #[serde(default, skip_serializing_if = "Option::is_none")] session: Option<SessionId>,
        #[serde(default, skip_serializing_if = "Option::is_none")] epoch: Option<u32>,
        reason: Line,
        /// By a restore, for what lived when the backup was made: no policy starts it again, and no task is blamed.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")] restored: bool,
    }
    /// `session.stop`: asks for the end.
    StopSession { session: SessionId }
    /// `session.stopped`: it has ended because it was asked to, or because what runs it went down.
    SessionStopped { #[serde(default, skip_serializing_if = "std::ops::Not::not")] shutdown: bool }
    /// `session.resume` of one that has ended: a new epoch that goes on where the last one was, if its agent can.
    /// `session.restart`: a new epoch from the beginning; a living one is stopped first.
    AgainSession { session: SessionId }

    /// `message.send`
    SendMessage {
        to: Actor,
        body: Report,
        #[serde(default)] kind: MessageKind,
        #[serde(default, skip_serializing_if = "Option::is_none")] epoch: Option<u32>,
        #[serde(default, skip_serializing_if = "Option::is_none")] task: Option<TaskId>,
    }
    /// `message.delivered` and `message.seen`, by the recipient.
    AcknowledgeMessage { message: MessageId }

    /// `session.expire`: submitted by every replica when a deadline passes.
    ExpireSession {
        session: SessionId, epoch: u32, deadline: DeadlineKind,
        /// Of a request: what kept it waiting.
        #[serde(default, skip_serializing_if = "Option::is_none")] why: Option<Line>,
    }
    /// `effect.failed`: the performer gave up on an effect.
    EffectFailed { effect: String, entity: crate::EntityRef, error: Line }
    /// `timeline.refuse`: a durable command that was refused later; kept where its sender will find it.
    RefuseQueued {
        #[serde(default, skip_serializing_if = "Option::is_none")] task: Option<TaskId>,
        to: Actor,
        verb: Line,
        code: Line,
        message: Line,
        #[serde(default, skip_serializing_if = "Option::is_none")] report: Option<Report>,
    }
}

const fn yes() -> bool {
    true
}
