//! Short names that are tokens of subjects or keys: labels, pools, agents, nodes, skills.

use std::{borrow::Cow, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{
    id::string_form,
    text::{InvalidValue, excerpt},
};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $code:literal, $what:literal, $max:literal, $extra:pat, $pattern:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Arc<str>);

        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidValue;

            fn from_str(text: &str) -> Result<Self, InvalidValue> {
                let first = text.bytes().next().is_some_and(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
                let rest = text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | $extra));
                if first && rest && text.len() <= $max {
                    return Ok(Self(text.into()));
                }
                Err(InvalidValue::new(
                    $code,
                    format!("'{}' is not {} (pattern {})", excerpt(text), $what, $pattern),
                ))
            }
        }
        string_form!($name, $pattern);
    };
}

name!(/// A task's label, for filtering.
    Label, "invalid_label", "a label", 48, b'_' | b':' | b'/' | b'.', "^[a-z0-9][a-z0-9_:/.-]{0,47}$");
name!(/// What a task is called in the plan that it was imported from, and what the plan is called.
    PlanKey, "invalid_value", "a key of a plan", 64, b'_' | b':' | b'/' | b'.', "^[a-z0-9][a-z0-9_:/.-]{0,63}$");
name!(/// A pool of spawners.
    PoolName, "invalid_pool", "a pool name", 32, b'_', "^[a-z0-9][a-z0-9_-]{0,31}$");
name!(/// An agent profile.
    AgentName, "invalid_agent", "an agent profile name", 32, b'_', "^[a-z0-9][a-z0-9_-]{0,31}$");
name!(/// One spawner: by default its host's name.
    NodeName, "invalid_node", "a node name", 63, b'_', "^[a-z0-9][a-z0-9_-]{0,62}$");
name!(/// A skill, in the shape of the Agent Skills specification.
    SkillName, "invalid_skill", "a skill name", 64, b'_', "^[a-z0-9][a-z0-9_-]{0,63}$");
