//! Ids: short, typeable, unique in their project.

use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::text::{InvalidValue, excerpt};

macro_rules! string_form {
    ($name:ident, $pattern:expr) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                crate::from_text(d, str::parse)
            }
        }
        impl schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({"type": "string", "pattern": $pattern})
            }
        }
    };
}
pub(crate) use string_form;

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $code:literal, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// The id with this number; numbers count from 1.
            #[must_use]
            pub const fn new(number: u32) -> Self {
                Self(number)
            }

            #[must_use]
            pub const fn number(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                text.strip_prefix($prefix)
                    .filter(|digits| {
                        !digits.starts_with('0') && digits.len() <= 9 && digits.bytes().all(|b| b.is_ascii_digit())
                    })
                    .and_then(|digits| digits.parse().ok())
                    .map(Self)
                    .ok_or_else(|| {
                        InvalidValue::new(
                            $code,
                            format!(concat!("'{}' is not ", $what, " id; they look like ", $prefix, "12"), excerpt(text)),
                        )
                    })
            }
        }
        string_form!($name, concat!("^", $prefix, "[1-9][0-9]{0,8}$"));
    };
}

numbered!(/// A task of a project: `t12`.
    TaskId, "t", "invalid_task_id", "a task");
numbered!(/// A subtask within its task: `st3`.
    SubtaskId, "st", "invalid_subtask_id", "a subtask");
numbered!(/// A session of a project: `s7`.
    SessionId, "s", "invalid_session_id", "a session");
numbered!(/// A message of a project: `m40`.
    MessageId, "m", "invalid_message_id", "a message");

pub(crate) fn is_slug(text: &str) -> bool {
    let bytes = text.as_bytes();
    (1..=32).contains(&bytes.len())
        && bytes[0] != b'-'
        && bytes.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'-')
}

/// A project's slug: `[a-z0-9][a-z0-9-]{0,31}`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectId(Arc<str>);

impl ProjectId {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ProjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ProjectId {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if is_slug(text) {
            return Ok(Self(text.into()));
        }
        Err(InvalidValue::new(
            "invalid_project_id",
            format!("'{}' is not a project id: 1 to 32 of a-z, 0-9 and '-', not starting with '-'", excerpt(text)),
        ))
    }
}
string_form!(ProjectId, "^[a-z0-9][a-z0-9-]{0,31}$");

/// A person's name on the wire: a slug that is no session id and not reserved.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserName(Arc<str>);

impl UserName {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for UserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for UserName {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let session_like =
            text.strip_prefix('s').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()));
        if is_slug(text) && !session_like && text != Actor::SYSTEM {
            return Ok(Self(text.into()));
        }
        Err(InvalidValue::new(
            "invalid_actor",
            format!(
                "'{}' is not a user name: 1 to 32 of a-z, 0-9 and '-', not like a session id (s7), not 'system'",
                excerpt(text)
            ),
        ))
    }
}
string_form!(UserName, "^[a-z0-9][a-z0-9-]{0,31}$");

/// Who did something: a session, a person, or the server itself (`system`: deadlines, lost sessions).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Actor {
    User(UserName),
    Session(SessionId),
    System,
}

impl Actor {
    /// The reserved name of the server's own decisions; nobody outside may use it.
    pub const SYSTEM: &'static str = "system";

    #[must_use]
    pub const fn session(&self) -> Option<SessionId> {
        match self {
            Self::Session(id) => Some(*id),
            Self::User(_) | Self::System => None,
        }
    }
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => name.fmt(f),
            Self::Session(id) => id.fmt(f),
            Self::System => f.write_str(Self::SYSTEM),
        }
    }
}

impl FromStr for Actor {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text == Self::SYSTEM {
            return Ok(Self::System);
        }
        // What cannot be a session id is not tried as one: a refusal's words cost more than the rest of the parsing.
        if let [b's', b'1'..=b'9', ..] = text.as_bytes()
            && let Ok(id) = text.parse()
        {
            return Ok(Self::Session(id));
        }
        text.parse().map(Self::User)
    }
}
string_form!(Actor, "^[a-z0-9][a-z0-9-]{0,31}$");

/// A task named from anywhere: `t12` in the current project, `web/t12` in another.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskRef {
    pub project: Option<ProjectId>,
    pub task: TaskId,
}

impl fmt::Display for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.project {
            Some(project) => write!(f, "{project}/{}", self.task),
            None => self.task.fmt(f),
        }
    }
}

impl FromStr for TaskRef {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text.split_once('/') {
            Some((project, task)) => Ok(Self { project: Some(project.parse()?), task: task.parse()? }),
            None => Ok(Self { project: None, task: text.parse()? }),
        }
    }
}
string_form!(TaskRef, "^([a-z0-9][a-z0-9-]{0,31}/)?t[1-9][0-9]{0,8}$");

/// What an event is about.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntityRef {
    Project,
    Task(TaskId),
    Session(SessionId),
    Message(MessageId),
}

impl fmt::Display for EntityRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Project => f.write_str("project"),
            Self::Task(id) => write!(f, "task/{id}"),
            Self::Session(id) => write!(f, "session/{id}"),
            Self::Message(id) => write!(f, "message/{id}"),
        }
    }
}

impl FromStr for EntityRef {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text.split_once('/') {
            None if text == "project" => Ok(Self::Project),
            Some(("task", id)) => id.parse().map(Self::Task),
            Some(("session", id)) => id.parse().map(Self::Session),
            Some(("message", id)) => id.parse().map(Self::Message),
            None | Some(_) => Err(InvalidValue::new("invalid_entity", format!("'{}' names no entity", excerpt(text)))),
        }
    }
}
string_form!(EntityRef, "^(project|(task|session|message)/[a-z]+[1-9][0-9]*)$");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_what_they_write_and_nothing_else() {
        assert_eq!("t12".parse::<TaskId>().unwrap().to_string(), "t12");
        for bad in ["", "t", "t0", "t01", "12", "T1", "t1.2", "t*", "t>", "t 1", "t1000000000", "st1"] {
            assert_eq!(bad.parse::<TaskId>().unwrap_err().code, "invalid_task_id", "{bad}");
        }
        for bad in ["", "-a", "A", "a.b", "a*", ">", "a b", "a\n", &"a".repeat(33)] {
            assert!(bad.parse::<ProjectId>().is_err(), "{bad}");
        }
        for bad in ["s1", "s99", "system", "Ann", ""] {
            assert!(bad.parse::<UserName>().is_err(), "{bad}");
        }
        assert_eq!("s7".parse::<Actor>().unwrap(), Actor::Session(SessionId::new(7)));
        assert!(matches!("sam".parse::<Actor>().unwrap(), Actor::User(_)));
        assert_eq!("web/t3".parse::<TaskRef>().unwrap().to_string(), "web/t3");
    }
}
