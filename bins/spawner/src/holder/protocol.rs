//! What spawner and holder say to each other: one JSON value a line, over the holder's stdin and stdout. The holder
//! goes on without a spawner; one that is started later finds it by its process.

use std::collections::BTreeMap;
use std::path::PathBuf;

use maestro_domain::{MessageId, NodeName};
use maestro_wire::TerminalSize;
use serde::{Deserialize, Serialize};

use crate::agent::TRACEPARENT;
use crate::incarnation::Incarnation;
use crate::os::Identity;

/// What to start and how.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Launch {
    pub program: String,
    pub arguments: Vec<String>,
    pub directory: PathBuf,
    /// The whole environment; nothing is inherited.
    pub environment: BTreeMap<String, String>,
    /// The terminal that it gets; none: it gets pipes.
    pub terminal: Option<TerminalSize>,
    /// What it reads from its stdin; only without a terminal.
    #[serde(default)]
    pub stdin: Option<String>,
    /// The prompt that is typed once its terminal is quiet; only with one.
    #[serde(default)]
    pub typed: Option<String>,
    /// How messages reach it; none: they are not typed.
    #[serde(default)]
    pub mail: Option<Mail>,
    /// Where its output goes; the holder's other files lie beside it.
    pub log: PathBuf,
    /// How many bytes of output are kept, at most.
    pub log_bytes: u64,
    /// How long it may take to end after it was asked to.
    pub grace_ms: u64,
    /// Whom to tell about it; nobody in tests of processes alone.
    pub uplink: Option<Uplink>,
}

impl Launch {
    /// Whatever the session says, its agent and its holder, is a part of this trace.
    pub fn belongs_to(&mut self, traceparent: Option<String>) {
        let Some(context) = traceparent else { return };
        self.environment.insert(TRACEPARENT.to_owned(), context.clone());
        if let Some(uplink) = &mut self.uplink {
            uplink.traceparent = Some(context);
        }
    }
}

/// How messages are typed into a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mail {
    /// Its hooks say when it may be typed to.
    pub hooks: bool,
    /// Those that stand in its first prompt.
    pub given: Vec<MessageId>,
}

/// The session behind the agent and the broker that knows it. No `Debug`: the address holds a password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Uplink {
    /// The broker, as user `spawner`.
    pub nats_url: String,
    /// Whose `stack.json` says where the broker is after the stack was started anew.
    #[serde(default)]
    pub home: PathBuf,
    pub node: NodeName,
    pub incarnation: Incarnation,
    pub nonce: String,
    /// The trace that the start belongs to; what the session's holder commands belongs to it too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// Why the spawner wants an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Because {
    /// Somebody asked for it.
    Asked,
    /// The spawner shuts down.
    Shutdown,
}

/// From the spawner.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "camelCase")]
pub(super) enum Order {
    Start(Box<Launch>),
    Stop { because: Because },
}

/// From the holder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "camelCase")]
pub(super) enum Told {
    Started {
        agent: Identity,
    },
    NotStarted {
        reason: String,
    },
    /// The server has it as active, and the lease is held.
    Active,
    /// The agent and everything it started are gone; what is left is to tell it.
    Over,
    /// That is told, or kept for others to tell.
    Ended {
        code: i32,
    },
}
