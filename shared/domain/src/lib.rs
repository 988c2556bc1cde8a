//! The model of Maestro: what a project, a task, a session and a message are, and what may happen to them.
//!
//! Pure: no clock, no randomness, no I/O, no tokio. Time comes in as a [`Timestamp`]. The three functions of the
//! house are [`decide`] (state + command -> events or a refusal), [`State::apply`] (state + event -> state) and
//! [`react`] (event -> effects that somebody else performs).

mod command;
mod decide;
mod draft;
mod event;
mod id;
mod limit;
mod message;
mod name;
mod parse;
mod project;
mod react;
mod refusal;
mod session;
mod state;
mod task;
mod text;
mod time;
mod verb;

pub use command::{Caller, Command, Request};
pub use decide::{Answer, Decision, Imported, Refused, answer, decide, decide_in, plan_order};
pub use event::{
    Change, EffectChange, Event, EventKind, MessageChange, NewSubtaskText, ProjectChange, SessionChange, TaskChange,
};
pub use id::{Actor, EntityRef, MessageId, ProjectId, SessionId, SubtaskId, TaskId, TaskRef, UserName};
pub use limit::Limits;
pub use message::{Message, MessageKind, MessageStatus};
pub use name::{AgentName, Label, NodeName, PlanKey, PoolName, SkillName};
pub use parse::from_text;
pub use project::Project;
pub use react::{Effect, react};
pub use refusal::Refusal;
pub use session::{
    DeadlineKind, InputKind, RestartPolicy, Resumes, Role, Session, SessionStatus, SessionStatusKind, StopCause,
    StopRequest, Wants,
};
pub use state::{IllegalEvent, State};
pub use task::{
    Assignment, BlockKind, Claim, Holder, Origin, Priority, Progress, Released, Status, StatusKind, Subtask, Task,
};
pub use text::{InvalidValue, Line, Text, Title};
pub use time::Timestamp;
pub use verb::*;
