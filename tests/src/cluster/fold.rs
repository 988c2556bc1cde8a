//! The ledger read by somebody who trusts nothing: from its first message, with the model's own `apply`.

use std::collections::{BTreeMap, BTreeSet};

use maestro_client::{Caller, Client, FollowOptions, Item, Seen, Start};
use maestro_domain::{Actor, EntityRef, ProjectId, State};
use maestro_wire::{CommandId, Place, Subject, TaskDetail, TaskRow, decode_commit, header};

use super::snapshot::all_tasks;
use super::{DEADLINE, actor, web};

/// What the ledger says.
#[derive(Debug, Default)]
pub struct Fold {
    pub states: BTreeMap<ProjectId, State>,
    /// In which commits the events of a command stand.
    pub commands: BTreeMap<(Actor, CommandId), BTreeSet<u64>>,
    /// Events by project and entity, oldest first: id and type.
    pub timelines: BTreeMap<(ProjectId, EntityRef), Vec<(String, String)>>,
    /// The last sequence of each project.
    pub last: BTreeMap<ProjectId, u64>,
    pub writers: BTreeSet<String>,
    pub commits: usize,
    pub events: usize,
}

impl Fold {
    /// # Panics
    /// When the ledger breaks one of its own rules: a gap in a project's chain, an event twice, an event that does not apply.
    pub async fn read(core: &Client) -> Self {
        let info = core.stream_info("EVENTS").await.expect("the ledger is there");
        let mut fold = Self::default();
        let name = format!("follow-fold-{}", super::new_id());
        let options = FollowOptions::new("EVENTS", Some(Subject::ALL_EVENTS), Start::At(1), &name);
        let mut follower = core.follow(options);
        let mut seen = BTreeSet::new();
        let mut at = 0;
        while at < info.last_seq {
            let item = tokio::time::timeout(DEADLINE, follower.next()).await.expect("the ledger can be read in time");
            let Item::Message(message) = item.expect("the ledger can be followed") else { continue };
            at = message.stream_seq;
            let decoded = decode_commit(message.payload()).expect("the ledger holds commits");
            assert!(decoded.unknown.is_empty(), "unknown events at {at}: {:?}", decoded.unknown);
            let Ok(Subject::Events { place: Place::Project(project) }) = message.subject().parse() else { continue };
            let expected = message.header(header::EXPECTED_LAST_SUBJECT_SEQUENCE).and_then(|text| text.parse().ok());
            let before = fold.last.insert(project.clone(), at).unwrap_or(0);
            assert_eq!(expected, Some(before), "the chain of {project} breaks at {at}");
            fold.writers.extend(message.header(header::WRITER).map(str::to_owned));
            fold.commits += 1;
            for recorded in decoded.events {
                assert!(seen.insert(recorded.id.clone()), "event {} stands twice in the ledger", recorded.id);
                let state = fold.states.entry(project.clone()).or_default();
                state.apply(&recorded.event).unwrap_or_else(|error| panic!("at {at}: {error}"));
                let (entity, kind) = recorded.event.kind();
                let timeline = fold.timelines.entry((project.clone(), recorded.event.entity())).or_default();
                timeline.push((recorded.id, format!("{entity}.{kind}")));
                fold.commands.entry((recorded.actor, recorded.command)).or_default().insert(at);
                fold.events += 1;
            }
        }
        fold
    }

    /// The state of `web`.
    ///
    /// # Panics
    /// When the ledger knows nothing of it.
    #[must_use]
    pub fn web(&self) -> &State {
        &self.states[&web()]
    }

    /// The commits that hold events of a command; more than one would be a command that happened twice.
    #[must_use]
    pub fn commits_of(&self, user: &str, id: CommandId) -> usize {
        self.commands.get(&(actor(user), id)).map_or(0, BTreeSet::len)
    }

    /// Compares what a server answers with what the ledger says: every task, whole, with its timeline.
    ///
    /// # Panics
    /// When they differ.
    pub async fn assert_answers_equal(&self, caller: &Caller) {
        let seen = Seen { seq: self.last.get(&web()).copied(), ledger: None };
        let rows: Vec<TaskRow> =
            all_tasks(caller, &seen).await.into_iter().map(|row| serde_json::from_value(row).expect("a row")).collect();
        let state = self.web();
        let listed: Vec<_> = rows.iter().map(|row| row.task.id).collect();
        let folded: Vec<_> = state.tasks().keys().copied().collect();
        assert_eq!(listed, folded, "the tasks that are listed are not those of the ledger");
        for row in &rows {
            let task = state.task(row.task.id).expect("just compared");
            assert_eq!(&row.task, &**task, "a task differs from the fold of the ledger");
            assert_eq!(row.ready, state.is_ready(task), "{} is ready here and not there", row.task.id);
            let detail: TaskDetail =
                serde_json::from_value(super::snapshot::task(caller, row.task.id, &seen).await).expect("a detail");
            assert_eq!(&detail.task, &**task, "task.get differs from the fold of the ledger");
            let told: Vec<_> = detail.timeline.iter().map(|entry| entry.id.clone()).collect();
            let timeline = &self.timelines[&(web(), EntityRef::Task(row.task.id))];
            let written: Vec<_> = timeline.iter().map(|(id, _)| id.clone()).collect();
            assert_eq!(told, written, "the timeline of {} is not that of the ledger", row.task.id);
        }
    }
}
