//! The ledger as JSON.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use maestro_client::{Client, FollowOptions, Item, Start};
use maestro_wire::{Subject, header};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

/// One event.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    pub id: String,
    /// `task.claimed`
    pub kind: String,
    /// `task/t1`
    pub entity: String,
    pub actor: String,
    pub command: String,
    pub change: Value,
    /// Null when the entity is gone or did not change.
    pub after: Value,
}

/// One message of a project.
#[derive(Clone, Debug, PartialEq)]
pub struct Commit {
    pub seq: u64,
    pub project: String,
    /// The project's last sequence that the writer named.
    pub expected: Option<u64>,
    pub facts: Vec<Fact>,
}

/// Every commit of every project, in the order of the stream.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    pub commits: Vec<Commit>,
}

impl Commit {
    /// # Errors
    /// When the payload is not a list of events.
    pub fn parse(seq: u64, project: &str, expected: Option<u64>, payload: &[u8]) -> Result<Self, serde_json::Error> {
        let events: Vec<Value> = serde_json::from_slice(payload)?;
        let text = |event: &Value, name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let facts = events
            .iter()
            .map(|event| Fact {
                id: text(event, "id"),
                kind: text(event, "type").trim_start_matches("maestro.").to_owned(),
                entity: text(event, "subject"),
                actor: text(event, "actor"),
                command: text(event, "commandid"),
                change: event["data"]["change"].clone(),
                after: event["data"]["after"].clone(),
            })
            .collect();
        Ok(Self { seq, project: project.to_owned(), expected, facts })
    }
}

impl Ledger {
    /// Reads it from its first message to the last that the leader has now.
    ///
    /// # Panics
    /// When it cannot be read in time, or a message is no commit.
    pub async fn read(core: &Client) -> Self {
        let last = core.stream_info("EVENTS").await.expect("the ledger is there").last_seq;
        let name = format!("history-{}", ulid::Ulid::generate());
        let mut follower = core.follow(FollowOptions::new("EVENTS", Some(Subject::ALL_EVENTS), Start::At(1), &name));
        let mut ledger = Self::default();
        let mut at = 0;
        while at < last {
            let item = tokio::time::timeout(PATIENCE, follower.next()).await.expect("the ledger can be read in time");
            let Item::Message(message) = item.expect("the ledger can be followed") else { continue };
            at = message.stream_seq;
            let project = message.subject().strip_prefix("maestro.v1.evt.").expect("a commit's subject");
            if project == "_" {
                continue;
            }
            let expected = message.header(header::EXPECTED_LAST_SUBJECT_SEQUENCE).and_then(|text| text.parse().ok());
            let commit = Commit::parse(at, project, expected, message.payload())
                .unwrap_or_else(|error| panic!("the message at {at} is no commit: {error}"));
            ledger.commits.push(commit);
        }
        follower.close().await;
        ledger
    }

    /// The commits of a project.
    pub fn of<'a>(&'a self, project: &'a str) -> impl Iterator<Item = &'a Commit> {
        self.commits.iter().filter(move |commit| commit.project == project)
    }

    /// In which commits each command stands: by project, actor and id.
    #[must_use]
    pub fn commands(&self) -> BTreeMap<(&str, &str, &str), BTreeSet<u64>> {
        let mut commands: BTreeMap<_, BTreeSet<u64>> = BTreeMap::new();
        for commit in &self.commits {
            for fact in &commit.facts {
                let key = (commit.project.as_str(), fact.actor.as_str(), fact.command.as_str());
                commands.entry(key).or_default().insert(commit.seq);
            }
        }
        commands
    }

    /// The last revision of each task of a project; one that was deleted is not there.
    #[must_use]
    pub fn revisions(&self, project: &str) -> BTreeMap<String, u64> {
        let mut revisions = BTreeMap::new();
        for fact in self.of(project).flat_map(|commit| &commit.facts) {
            let Some(task) = fact.entity.strip_prefix("task/") else { continue };
            match (fact.after["rev"].as_u64(), fact.kind.as_str()) {
                (Some(rev), _) => _ = revisions.insert(task.to_owned(), rev),
                (None, "task.deleted") => _ = revisions.remove(task),
                (None, _) => {}
            }
        }
        revisions
    }
}
