//! Queries: their envelope and one payload a verb.

use maestro_domain::{Actor, EntityRef, Label, Priority, Role, SessionId, SessionStatusKind, StatusKind, TaskId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{ErrorBody, ErrorCode};

/// A query on the wire.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QueryEnvelope {
    /// `maestro.v1.query`
    #[serde(rename = "type")]
    pub kind: String,
    /// The replica must have applied this sequence of the project first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_seq: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ledger: Option<String>,
    #[schemars(with = "serde_json::Value")]
    pub data: Box<RawValue>,
}

/// How `task.list` is sorted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskSort {
    /// By id: the order of creation.
    #[default]
    Created,
    /// By the last change, the newest first.
    Updated,
    /// By priority, then age.
    Priority,
}

macro_rules! queries {
    ($($(#[$doc:meta])* $entity:literal . $verb:literal => $name:ident { $($(#[$fdoc:meta])* $field:ident : $ty:ty),* $(,)? })*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
            #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
            pub struct $name { $($(#[$fdoc])* pub $field: $ty),* }
        )*

        /// Everything that can be asked, one variant a verb.
        #[derive(Clone, PartialEq, Eq, Debug)]
        pub enum Query { $($name($name)),* }

        impl Query {
            /// Every (entity, verb) of the queries.
            pub const VERBS: &'static [(&'static str, &'static str)] = &[$(($entity, $verb)),*];

            #[must_use]
            pub const fn verb(&self) -> (&'static str, &'static str) {
                match self { $(Self::$name(_) => ($entity, $verb)),* }
            }

            fn payload(&self) -> Box<RawValue> {
                let raw = match self { $(Self::$name(payload) => serde_json::value::to_raw_value(payload)),* };
                raw.unwrap_or_else(|_| RawValue::NULL.to_owned())
            }

            fn read(entity: &str, verb: &str, json: &str) -> Option<serde_json::Result<Self>> {
                match (entity, verb) {
                    $(($entity, $verb) => Some(serde_json::from_str(json).map(Self::$name)),)*
                    _ => None,
                }
            }

            /// The JSON Schema of each payload, by `entity.verb`.
            #[must_use]
            pub fn schemas(generator: &mut schemars::SchemaGenerator) -> Vec<(String, schemars::Schema)> {
                vec![$((concat!($entity, ".", $verb).to_owned(), generator.subschema_for::<$name>())),*]
            }
        }
    };
}

queries! {
    /// All projects; place `_`. Answers `Page<ProjectView>`.
    "project"."list" => ProjectList { archived: bool, limit: Option<u32>, cursor: Option<String> }
    /// Answers `ProjectView`.
    "project"."get" => ProjectGet {}
    /// Answers `Page<TaskRow>`. Every filter that is given must hold.
    "task"."list" => TaskList {
        status: Vec<StatusKind>,
        priority: Vec<Priority>,
        labels: Vec<Label>,
        ready: Option<bool>,
        /// Who holds its claim or was given it.
        assignee: Option<Actor>,
        /// Words that occur in the title or description, whatever their case.
        text: Option<String>,
        sort: TaskSort,
        reverse: bool,
        /// 50 unless told; 1,000 at most.
        limit: Option<u32>,
        cursor: Option<String>,
    }
    /// Answers `TaskDetail`.
    "task"."get" => TaskGet {
        task: Option<TaskId>,
        /// How many timeline entries; 10 unless told.
        timeline: Option<u32>,
    }
    /// Answers `Page<SubtaskView>`: a task's steps in their order, with whole texts.
    "subtask"."list" => SubtaskList { task: Option<TaskId>, limit: Option<u32>, cursor: Option<String> }
    /// Answers `Page<TimelineEntry>`, the newest first.
    "task"."timeline" => TaskTimeline { task: Option<TaskId>, limit: Option<u32>, cursor: Option<String> }
    /// Answers `Page<SessionView>`: the living ones unless told.
    "session"."list" => SessionList {
        all: bool,
        status: Vec<SessionStatusKind>,
        role: Option<Role>,
        /// The newest first. Left out when it is not wanted: a server that is older knows no such field.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        reverse: bool,
        limit: Option<u32>,
        cursor: Option<String>,
    }
    /// Answers `SessionView`; without an id: the caller's own.
    "session"."get" => SessionGet { session: Option<SessionId> }
    /// Answers `Manifest`.
    "session"."manifest" => ManifestGet { session: Option<SessionId> }
    /// Answers `Page<MessageView>`: the caller's unread ones, the oldest first.
    "message"."list" => MessageList { limit: Option<u32>, cursor: Option<String> }
    /// Answers `Page<TimelineEntry>`: what happened in the project, the newest first.
    "event"."list" => EventList { entity: Option<EntityRef>, limit: Option<u32>, cursor: Option<String> }
    /// Answers `Overview`.
    "status"."get" => StatusGet {}
    /// Answers `ServerInfo` of whichever replica hears it; place `_`.
    "server"."info" => ServerInfoGet {}
    /// Answers `SystemView`: everything that runs, and how it is; place `_`.
    "system"."get" => SystemGet {}
}

impl QueryEnvelope {
    pub const TYPE: &'static str = "maestro.v1.query";

    #[must_use]
    pub fn new(query: &Query) -> Self {
        Self { kind: Self::TYPE.to_owned(), min_seq: None, ledger: None, data: query.payload() }
    }

    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// Reads a query.
///
/// # Errors
/// As [`crate::decode`], and `unknown_command`, `unsupported_version`.
pub fn decode_query(entity: &str, verb: &str, bytes: &[u8]) -> Result<(QueryEnvelope, Query), ErrorBody> {
    if !Query::VERBS.contains(&(entity, verb)) {
        return Err(ErrorBody::new(ErrorCode::UnknownCommand, format!("there is no query '{entity}.{verb}'"))
            .commands(["maestro --help", "maestro doctor"]));
    }
    crate::command::check_type(bytes, QueryEnvelope::TYPE)?;
    let envelope: QueryEnvelope = crate::decode(bytes)?;
    crate::command::check_object(envelope.data.get().as_bytes())?;
    match Query::read(entity, verb, envelope.data.get()) {
        Some(Ok(query)) => Ok((envelope, query)),
        Some(Err(error)) => Err(crate::error::explain(&error)),
        None => Err(ErrorBody::new(ErrorCode::UnknownCommand, format!("there is no query '{entity}.{verb}'"))),
    }
}
