//! What crosses the broker: subjects, envelopes, replies, error codes and their schemas.
//!
//! Values and their JSON only. No I/O, no clock, no broker client.

mod backup;
mod code;
mod command;
mod commit;
mod error;
pub mod header;
mod live;
mod manifest;
mod query;
mod refusal;
mod reply;
mod subject;
mod system;
mod terminal;
mod view;
mod wait;
mod worktree;

pub use backup::{BackupStream, BackupView, RestoreView};
pub use code::ErrorCode;
pub use command::{CommandEnvelope, CommandId, decode_command, digest};
pub use commit::{
    CommitError, Decoded, LedgerCreated, LedgerRestore, NewEvent, RawEvent, Recorded, Told, decode_commit, decode_told,
    encode_commit, encode_event, encode_ledger, encode_ledger_words,
};
pub use error::{ErrorBody, decode};
pub use live::{AgentInfo, AgentView, GivenGet, Lease, NodeAgents, NodeRecord, SpawnOrder};
pub use manifest::Manifest;
pub use query::{
    EventList, ManifestGet, MessageList, ProjectGet, ProjectList, Query, QueryEnvelope, ServerInfoGet, SessionGet,
    SessionList, StatusGet, SubtaskList, SystemGet, TaskGet, TaskList, TaskSort, TaskTimeline, decode_query,
};
pub use reply::{Reply, ReplyError};
pub use subject::{Place, Subject, SubjectError};
pub use system::{DeadLetter, PoolView, ReplicaView, StreamView, SystemNode, SystemView};
pub use terminal::{ScreenView, TerminalAnswer, TerminalSize, with_carriage_returns};
pub use view::{
    DependencyView, ImportedPlan, ImportedTask, MessageView, Overview, Page, ProjectView, ServerInfo, SessionView,
    SubtaskView, TaskDetail, TaskRow, TaskTexts, TimelineEntry,
};
pub use wait::{WaitEnvelope, WaitEvents, WaitReason, WaitRequest, WaitTasks, Waited, decode_wait};
pub use worktree::{
    CommitView, DiffView, FileChange, FileStatus, KeptView, MergeOutcome, MergeView, PruneRequest, PruneView,
    RemovedView, WorktreeRequest, WorktreeView, branch_of,
};
