//! The closed list of error codes. Stable: agents and scripts match on them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

macro_rules! codes {
    ($($variant:ident = $text:literal, exit $exit:literal, retry $retry:literal, $about:literal;)*) => {
        /// What went wrong, as a stable name.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode {
            $(#[doc = $about] #[serde(rename = $text)] $variant),*
        }

        impl ErrorCode {
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The name on the wire.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),* }
            }

            /// The exit code of the CLI; public API.
            #[must_use]
            pub const fn exit_code(self) -> u8 {
                match self { $(Self::$variant => $exit),* }
            }

            /// Whether the same command may succeed later without a change.
            #[must_use]
            pub const fn retryable(self) -> bool {
                match self { $(Self::$variant => $retry),* }
            }

            /// One sentence on what it means.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about),* }
            }
        }
    };
}

codes! {
    Internal = "internal", exit 1, retry false, "A defect of Maestro itself.";

    Usage = "usage", exit 2, retry false, "The command line could not be understood.";
    UnknownCommand = "unknown_command", exit 2, retry false, "No such command; the server may be older than the CLI.";
    MalformedJson = "malformed_json", exit 2, retry false, "The payload is not JSON.";
    MissingRequiredField = "missing_required_field", exit 2, retry false, "A field that is required was not given.";
    UnknownField = "unknown_field", exit 2, retry false, "A field that does not exist was given.";
    InvalidValue = "invalid_value", exit 2, retry false, "A field has a value of the wrong type or shape.";
    UnsupportedVersion = "unsupported_version", exit 2, retry false, "The message is of a version that this program does not speak.";
    NoUpdates = "no_updates", exit 2, retry false, "An update without anything to change.";
    InvalidStatus = "invalid_status", exit 2, retry false, "Not one of the statuses.";
    InvalidPriority = "invalid_priority", exit 2, retry false, "Not one of critical, high, medium, low.";
    InvalidTitle = "invalid_title", exit 2, retry false, "A title is one line of 1 to 200 characters.";
    InvalidText = "invalid_text", exit 2, retry false, "A text is blank, too long or has control characters.";
    InvalidTaskId = "invalid_task_id", exit 2, retry false, "Task ids look like t12.";
    InvalidSubtaskId = "invalid_subtask_id", exit 2, retry false, "Subtask ids look like st3.";
    InvalidSessionId = "invalid_session_id", exit 2, retry false, "Session ids look like s7.";
    InvalidMessageId = "invalid_message_id", exit 2, retry false, "Message ids look like m40.";
    InvalidProjectId = "invalid_project_id", exit 2, retry false, "Project ids are slugs: a-z, 0-9 and '-'.";
    InvalidActor = "invalid_actor", exit 2, retry false, "Neither a session id nor a user name.";
    InvalidLabel = "invalid_label", exit 2, retry false, "Not a label.";
    InvalidPool = "invalid_pool", exit 2, retry false, "Not a pool name.";
    InvalidAgent = "invalid_agent", exit 2, retry false, "Not an agent profile name.";
    InvalidNode = "invalid_node", exit 2, retry false, "Not a node name.";
    InvalidSkill = "invalid_skill", exit 2, retry false, "Not a skill name.";
    InvalidEntity = "invalid_entity", exit 2, retry false, "Names no entity.";
    InvalidDependency = "invalid_dependency", exit 2, retry false, "A dependency that can never complete.";
    InvalidCommandId = "invalid_command_id", exit 2, retry false, "Command ids are ULIDs.";
    InvalidCursor = "invalid_cursor", exit 2, retry false, "A cursor that this query did not give out.";
    InvalidConfig = "invalid_config", exit 2, retry false, "A configuration file or setting has a mistake.";
    MissingTaskId = "missing_task_id", exit 2, retry false, "No task was named and none follows from the session.";
    MissingSession = "missing_session", exit 2, retry false, "This command is for a session, and the caller is none.";
    MissingProject = "missing_project", exit 2, retry false, "No project was named and none follows from the place.";
    ConfirmationMissing = "confirmation_missing", exit 2, retry false, "A destructive command without its confirmation.";

    ProjectNotFound = "project_not_found", exit 3, retry false, "There is no such project.";
    TaskNotFound = "task_not_found", exit 3, retry false, "There is no such task.";
    SubtaskNotFound = "subtask_not_found", exit 3, retry false, "The task has no such subtask.";
    SessionNotFound = "session_not_found", exit 3, retry false, "There is no such session.";
    MessageNotFound = "message_not_found", exit 3, retry false, "There is no such message for this reader.";
    SkillNotFound = "skill_not_found", exit 3, retry false, "There is no such skill here.";
    FileNotFound = "file_not_found", exit 3, retry false, "A file that was named is not there.";
    WorktreeNotFound = "worktree_not_found", exit 3, retry false, "The session has no worktree there.";

    AlreadyClaimed = "already_claimed", exit 4, retry false, "Somebody else holds the task's claim.";
    AlreadyAssigned = "already_assigned", exit 4, retry false, "The task was given to another living session.";
    StaleSession = "stale_session", exit 4, retry false, "The command comes from a superseded incarnation of its session.";
    SessionTaken = "session_taken", exit 4, retry false, "Another spawner has taken this session.";
    ProjectExists = "project_exists", exit 4, retry false, "The project exists already.";
    FileExists = "file_exists", exit 4, retry false, "A file that is not ours stands in the way.";
    MergeConflict = "merge_conflict", exit 4, retry false, "Branches changed the same lines; nothing was merged.";
    StillRunning = "still_running", exit 4, retry false, "Something runs that has to be stopped first.";
    TargetNotEmpty = "target_not_empty", exit 4, retry false, "What is to be restored into holds something already.";
    CommandIdReused = "command_id_reused", exit 4, retry false, "The command id belongs to another command.";

    NotPermitted = "not_permitted", exit 5, retry false, "The caller's role does not allow it.";
    PermissionDenied = "permission_denied", exit 5, retry false, "The broker does not allow this subject to this user.";
    AuthenticationFailed = "authentication_failed", exit 5, retry false, "The broker refused the credentials.";

    ConnectionRefused = "connection_refused", exit 6, retry true, "Nothing listens at the broker's address.";
    Disconnected = "disconnected", exit 6, retry true, "The connection to the broker broke.";
    NoServer = "no_server", exit 6, retry true, "The broker answers, but no maestro-server is there.";
    StackNotRunning = "stack_not_running", exit 6, retry true, "There is no running stack in this home.";
    Overloaded = "overloaded", exit 6, retry true, "The server has too much to do; the command was not taken.";
    Unavailable = "unavailable", exit 6, retry true, "The server cannot decide now.";
    LedgerFull = "ledger_full", exit 6, retry true, "The ledger has no room; nothing was stored.";
    StaleRead = "stale_read", exit 6, retry true, "This replica has not seen what the caller has.";
    BrokerTooOld = "broker_too_old", exit 6, retry false, "nats-server is older than Maestro needs.";
    PortTaken = "port_taken", exit 6, retry false, "Another program has the port.";
    BinaryMissing = "binary_missing", exit 6, retry false, "A program that is needed was not found.";
    GitFailed = "git_failed", exit 6, retry false, "Git, or the disk of that host, did not do it.";
    StartFailed = "start_failed", exit 6, retry false, "A program of the stack did not become healthy.";

    InvalidTransition = "invalid_transition", exit 7, retry false, "The task's status does not allow this.";
    OpenSubtasks = "open_subtasks", exit 7, retry false, "Subtasks are open.";
    DependenciesOpen = "dependencies_open", exit 7, retry false, "Tasks that this one depends on are not completed.";
    DependencyCycle = "dependency_cycle", exit 7, retry false, "The dependency would close a circle.";
    HasDependants = "has_dependants", exit 7, retry false, "Other tasks depend on this one.";
    StillClaimed = "still_claimed", exit 7, retry false, "Somebody works on the task.";
    NotClaimed = "not_claimed", exit 7, retry false, "The caller does not hold the task's claim.";
    SessionState = "session_state", exit 7, retry false, "The session's status does not allow this.";
    SessionFailed = "session_failed", exit 7, retry false, "A session that was waited for did not end well.";
    ProjectArchived = "project_archived", exit 7, retry false, "An archived project does not change.";
    LimitReached = "limit_reached", exit 7, retry false, "A stated limit is reached.";
    UncommittedChanges = "uncommitted_changes", exit 7, retry false, "Files are not committed; nothing was merged.";
    UnmergedWork = "unmerged_work", exit 7, retry false, "Work that is nowhere else would be lost.";
    TooLarge = "too_large", exit 7, retry false, "The command or a text in it is too large.";
    CommandExpired = "command_expired", exit 7, retry false, "The command id is too old for its answer to be known.";
    BackupDamaged = "backup_damaged", exit 7, retry false, "The file is no backup, or not all of it is there.";
    BackupTooNew = "backup_too_new", exit 7, retry false, "The backup was written by a newer Maestro.";
    NotDue = "not_due", exit 7, retry true, "The deadline has not passed.";

    TimedOut = "timed_out", exit 8, retry true, "No answer came in time; it is not known whether the command was carried out.";
}

impl ErrorCode {
    /// The code with this name.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == text)
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
