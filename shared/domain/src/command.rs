//! A command: who asks, and for what.

use crate::{Actor, verb::*};

/// Who asks. The actor comes from the subject, the epoch of a session from the envelope.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Caller {
    pub actor: Actor,
    /// The session's incarnation; required from sessions, meaningless for others.
    pub epoch: Option<u32>,
}

/// One request to change a project.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Command {
    pub project: crate::ProjectId,
    pub caller: Caller,
    pub request: Request,
}

macro_rules! requests {
    ($($entity:literal . $verb:literal => $variant:ident($payload:ty)),* $(,)?) => {
        /// Everything that can be asked for, one variant a verb.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum Request {
            $($variant($payload)),*
        }

        impl Request {
            /// Every (entity, verb) of the model.
            pub const VERBS: &'static [(&'static str, &'static str)] = &[$(($entity, $verb)),*];

            /// The tokens that name this request in a subject.
            #[must_use]
            pub const fn verb(&self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$variant(_) => ($entity, $verb)),*
                }
            }

            /// Serializes the payload.
            ///
            /// # Errors
            /// Those of the serializer.
            pub fn serialize_payload<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(payload) => serde::Serialize::serialize(payload, serializer)),*
                }
            }

            /// Reads the payload of a verb; `None` when there is no such verb.
            pub fn deserialize_payload<'de, D: serde::Deserializer<'de>>(
                entity: &str,
                verb: &str,
                deserializer: D,
            ) -> Option<Result<Self, D::Error>> {
                match (entity, verb) {
                    $(($entity, $verb) => Some(<$payload as serde::Deserialize>::deserialize(deserializer).map(Self::$variant)),)*
                    _ => None,
                }
            }

            /// The JSON Schema of each payload, by `entity.verb`.
            #[must_use]
            pub fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(String, schemars::Schema)> {
                vec![$((concat!($entity, ".", $verb).to_owned(), generator.subschema_for::<$payload>())),*]
            }
        }
    };
}

requests! {
    "project"."create" => CreateProject(CreateProject),
    "project"."update" => UpdateProject(UpdateProject),
    "project"."archive" => ArchiveProject(ArchiveProject),
    "project"."purge" => PurgeProject(PurgeProject),
    "task"."create" => CreateTask(CreateTask),
    "task"."import" => ImportTasks(ImportTasks),
    "task"."update" => UpdateTask(UpdateTask),
    "task"."start" => StartTask(StartTask),
    "task"."next" => NextTask(NextTask),
    "task"."log" => LogTask(LogTask),
    "task"."comment" => CommentTask(CommentTask),
    "task"."complete" => CompleteTask(CompleteTask),
    "task"."approve" => ApproveTask(CompleteTask),
    "task"."submit" => SubmitTask(SubmitTask),
    "task"."block" => BlockTask(BlockTask),
    "task"."unblock" => UnblockTask(UnblockTask),
    "task"."release" => ReleaseTask(ReleaseTask),
    "task"."reopen" => ReopenTask(ReopenTask),
    "task"."cancel" => CancelTask(CancelTask),
    "task"."delete" => DeleteTask(DeleteTask),
    "task"."depend" => DependTask(DependTask),
    "subtask"."create" => CreateSubtask(CreateSubtask),
    "subtask"."update" => UpdateSubtask(UpdateSubtask),
    "subtask"."complete" => CompleteSubtask(OneSubtask),
    "subtask"."reopen" => ReopenSubtask(OneSubtask),
    "subtask"."delete" => DeleteSubtask(OneSubtask),
    "subtask"."move" => MoveSubtask(MoveSubtask),
    "session"."spawn" => SpawnSession(SpawnSession),
    "session"."starting" => SessionStarting(SessionStarting),
    "session"."active" => SessionActive(SessionActive),
    "session"."needs_input" => SessionNeedsInput(SessionNeedsInput),
    "session"."update" => SessionUpdate(SessionUpdate),
    "session"."exited" => SessionExited(SessionExited),
    "session"."failed" => SessionFailed(SessionFailed),
    "session"."lost" => SessionLost(SessionLost),
    "session"."stop" => StopSession(StopSession),
    "session"."stopped" => SessionStopped(SessionStopped),
    "session"."resume" => ResumeSession(AgainSession),
    "session"."restart" => RestartSession(AgainSession),
    "session"."expire" => ExpireSession(ExpireSession),
    "message"."send" => SendMessage(SendMessage),
    "message"."delivered" => MessageDelivered(AcknowledgeMessage),
    "message"."seen" => MessageSeen(AcknowledgeMessage),
    "effect"."failed" => EffectFailed(EffectFailed),
    "timeline"."refuse" => RefuseQueued(RefuseQueued),
}
