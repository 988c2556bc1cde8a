//! Every subject of the system, written and read in this one file.

use std::{fmt, str::FromStr};

use maestro_domain::{Actor, AgentName, InvalidValue, NodeName, PoolName, ProjectId, SessionId};

/// The project token: a project, or `_` for what is about none.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Place {
    Project(ProjectId),
    None,
}

impl Place {
    #[must_use]
    pub const fn project(&self) -> Option<&ProjectId> {
        match self {
            Self::Project(id) => Some(id),
            Self::None => None,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Project(id) => id.fmt(f),
            Self::None => f.write_str("_"),
        }
    }
}

impl FromStr for Place {
    type Err = InvalidValue;

    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if text == "_" { Ok(Self::None) } else { text.parse().map(Self::Project) }
    }
}

/// A subject of the system.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Subject {
    /// A command, request/reply.
    Command { place: Place, actor: Actor, entity: String, verb: String },
    /// A query, request/reply.
    Query { place: Place, actor: Actor, entity: String, verb: String },
    /// A bounded long poll.
    Wait { place: Place, actor: Actor, what: String },
    /// A durable command, for when no server answers.
    Inbox { place: Place, actor: Actor, entity: String, verb: String },
    /// The commits of a project; `_` carries what is about the ledger itself.
    Events { place: Place },
    /// The work queue of sessions to start.
    Spawn { pool: PoolName, agent: AgentName },
    /// The part of that queue that only one spawner takes from: `spawn.@host-a.claude`.
    SpawnOn { node: NodeName, agent: AgentName },
    /// A terminal's output, or a request to whoever runs it: `out`, `in`, `resize`, `screen`, `stop`, `ping`.
    Terminal { project: ProjectId, session: SessionId, epoch: u32, verb: String },
    /// A request to one spawner.
    Node { node: NodeName, verb: String },
}

/// A subject that is not of this system.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SubjectError {
    #[error("'{0}' is not a subject of maestro.v1")]
    Unknown(String),
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
}

impl Subject {
    /// Wildcards for subscriptions and streams.
    pub const ALL_COMMANDS: &'static str = "maestro.v1.cmd.>";
    pub const ALL_QUERIES: &'static str = "maestro.v1.qry.>";
    pub const ALL_WAITS: &'static str = "maestro.v1.wait.>";
    pub const ALL_INBOX: &'static str = "maestro.v1.box.>";
    pub const ALL_EVENTS: &'static str = "maestro.v1.evt.*";
    pub const ALL_SPAWN: &'static str = "maestro.v1.spawn.*.*";

    #[must_use]
    pub fn command(project: &ProjectId, actor: &Actor, (entity, verb): (&str, &str)) -> Self {
        Self::Command {
            place: Place::Project(project.clone()),
            actor: actor.clone(),
            entity: entity.to_owned(),
            verb: verb.to_owned(),
        }
    }

    #[must_use]
    pub fn events(project: &ProjectId) -> Self {
        Self::Events { place: Place::Project(project.clone()) }
    }

    /// The subject on which the ledger speaks of itself.
    #[must_use]
    pub const fn ledger() -> Self {
        Self::Events { place: Place::None }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("maestro.v1.")?;
        match self {
            Self::Command { place, actor, entity, verb } => write!(f, "cmd.{place}.{actor}.{entity}.{verb}"),
            Self::Query { place, actor, entity, verb } => write!(f, "qry.{place}.{actor}.{entity}.{verb}"),
            Self::Wait { place, actor, what } => write!(f, "wait.{place}.{actor}.{what}"),
            Self::Inbox { place, actor, entity, verb } => write!(f, "box.{place}.{actor}.{entity}.{verb}"),
            Self::Events { place } => write!(f, "evt.{place}"),
            Self::Spawn { pool, agent } => write!(f, "spawn.{pool}.{agent}"),
            Self::SpawnOn { node, agent } => write!(f, "spawn.@{node}.{agent}"),
            Self::Terminal { project, session, epoch, verb } => write!(f, "term.{project}.{session}.{epoch}.{verb}"),
            Self::Node { node, verb } => write!(f, "node.{node}.{verb}"),
        }
    }
}

fn word(token: &str) -> Result<String, InvalidWord> {
    let fits = !token.is_empty()
        && token.len() <= 32
        && token.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-'));
    if fits { Ok(token.to_owned()) } else { Err(InvalidWord) }
}

struct InvalidWord;

impl FromStr for Subject {
    type Err = SubjectError;

    fn from_str(text: &str) -> Result<Self, SubjectError> {
        let unknown = || SubjectError::Unknown(text.chars().take(100).collect());
        let rest = text.strip_prefix("maestro.v1.").ok_or_else(unknown)?;
        let tokens: Vec<&str> = rest.split('.').collect();
        let word = |token: &str| word(token).map_err(|InvalidWord| unknown());
        Ok(match *tokens.as_slice() {
            ["cmd", p, a, e, v] => {
                Self::Command { place: p.parse()?, actor: a.parse()?, entity: word(e)?, verb: word(v)? }
            }
            ["qry", p, a, e, v] => {
                Self::Query { place: p.parse()?, actor: a.parse()?, entity: word(e)?, verb: word(v)? }
            }
            ["wait", p, a, w] => Self::Wait { place: p.parse()?, actor: a.parse()?, what: word(w)? },
            ["box", p, a, e, v] => {
                Self::Inbox { place: p.parse()?, actor: a.parse()?, entity: word(e)?, verb: word(v)? }
            }
            ["evt", p] => Self::Events { place: p.parse()? },
            ["spawn", pool, agent] => match pool.strip_prefix('@') {
                Some(node) => Self::SpawnOn { node: node.parse()?, agent: agent.parse()? },
                None => Self::Spawn { pool: pool.parse()?, agent: agent.parse()? },
            },
            ["term", p, s, e, v] => Self::Terminal {
                project: p.parse()?,
                session: s.parse()?,
                epoch: e.parse().ok().filter(|n| *n > 0 && !e.starts_with(['0', '+'])).ok_or_else(unknown)?,
                verb: word(v)?,
            },
            ["node", n, v] => Self::Node { node: n.parse()?, verb: word(v)? },
            _ => return Err(unknown()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_reads_what_it_writes() {
        let all = [
            "maestro.v1.cmd.web.s7.task.complete",
            "maestro.v1.qry._.ann.project.list",
            "maestro.v1.wait.web.s7.tasks",
            "maestro.v1.box.web.ann.task.log",
            "maestro.v1.evt.web",
            "maestro.v1.evt._",
            "maestro.v1.spawn.default.claude",
            "maestro.v1.spawn.@host-a.claude",
            "maestro.v1.term.web.s7.2.out",
            "maestro.v1.node.host-a.info",
        ];
        for text in all {
            assert_eq!(text.parse::<Subject>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn what_is_not_ours_is_refused() {
        for bad in [
            "",
            "maestro.v2.evt.web",
            "maestro.v1.evt.*",
            "maestro.v1.evt.>",
            "maestro.v1.cmd.web.s7.task",
            "maestro.v1.cmd.web.s7.task.do it",
            "maestro.v1.cmd.WEB.s7.task.get",
            "maestro.v1.term.web.s7.0.out",
            "maestro.v1.term.web.s7.01.out",
            "maestro.v1.cmd.web..task.get",
        ] {
            assert!(bad.parse::<Subject>().is_err(), "{bad}");
        }
    }
}
