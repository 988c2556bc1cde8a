//! What the messages of EVENTS say, folded while they are read: whoever restores knows beforehand that a server can read
//! all of it.

use std::collections::{BTreeMap, BTreeSet};

use maestro_domain::{
    Actor, Caller, Command, Event, Line, ProjectId, Request, SessionId, SessionLost, State, decide_in,
};
use maestro_wire::{ErrorBody, Place, Subject, decode_commit, header};

use super::format::{Record, damaged, too_new};
use crate::clock::now;

/// Projects by id.
#[derive(Default)]
pub struct Past {
    projects: BTreeMap<ProjectId, Project>,
}

#[derive(Default)]
struct Project {
    state: State,
    /// The last sequence seen of it, and the first.
    last: u64,
    first: u64,
}

impl Past {
    /// Takes the next message of EVENTS.
    ///
    /// # Errors
    /// `backup_damaged` when it does not follow from those before it, `backup_too_new` when this version cannot read it.
    pub fn take(&mut self, record: &Record) -> Result<(), ErrorBody> {
        let at = |what: &dyn std::fmt::Display| format!("sequence {} of the ledger: {what}", record.seq);
        let Ok(Subject::Events { place }) = record.subject.parse() else {
            return Err(damaged(at(&format!("`{}` is no subject of it", record.subject))));
        };
        // The ledger's words about itself are written anew.
        let Place::Project(id) = place else { return Ok(()) };
        let number = |name: &str| record.headers.get(name).and_then(|text| text.parse::<u64>().ok());
        let model = number(header::MODEL).unwrap_or(1);
        if model > u64::from(header::MODEL_VERSION) {
            return Err(too_new(at(&format!("it is of model {model}, {} is known", header::MODEL_VERSION))));
        }
        let decoded = decode_commit(&record.body()?).map_err(|error| damaged(at(&error)))?;
        if let Some(kind) = decoded.unknown.first() {
            return Err(too_new(at(&format!("nobody knows `{kind}`"))));
        }
        let project = self.projects.entry(id.clone()).or_default();
        let purged = matches!(decoded.events.first().map(|r| &r.event), Some(Event::Project { after: None, .. }));
        let expected = number(header::EXPECTED_LAST_SUBJECT_SEQUENCE);
        // The first of a project that was forgotten follows what is there no more.
        let begins = project.last == 0 && purged;
        if !begins && expected.is_some_and(|expected| expected != project.last) {
            let before = project.last;
            return Err(damaged(at(&format!("a commit of {id} is missing between {before} and it"))));
        }
        if purged {
            project.state = State::default();
        }
        for recorded in &decoded.events {
            project.state.apply(&recorded.event).map_err(|error| damaged(at(&error)))?;
        }
        if project.last == 0 {
            project.first = record.seq;
        }
        project.last = record.seq;
        Ok(())
    }

    /// The first sequence of each project.
    pub fn firsts(&self) -> impl Iterator<Item = (&ProjectId, u64)> {
        self.projects.iter().map(|(id, project)| (id, project.first))
    }

    /// Projects that there are.
    pub fn count(&self) -> u64 {
        self.projects.values().filter(|project| project.state.project().is_some()).count() as u64
    }

    /// Whether this incarnation of a session is one that a restored ledger knows as living, or may find alive.
    pub fn knows(&self, project: &ProjectId, session: SessionId, epoch: u32) -> bool {
        let state = self.projects.get(project).map(|project| &project.state);
        let session = state.and_then(|state| state.session(session));
        session.is_some_and(|session| session.epoch == epoch && session.is_living())
    }

    /// What a restore decides: whatever lived is lost, and nothing starts by itself. Commits by project, each a list
    /// of commands with their events, and which sessions are lost.
    ///
    /// # Errors
    /// Never for a past that was folded; a defect of ours, in words.
    pub fn end(&mut self, reason: &str) -> Result<Ends, ErrorBody> {
        let mut ends = Ends::default();
        for (id, project) in &mut self.projects {
            let state = &project.state;
            if state.project().is_none_or(|project| project.archived) {
                continue;
            }
            let waiting = state.deadlines().iter().map(|(_, session, _)| *session);
            let concerned: BTreeSet<SessionId> = state.living().iter().copied().chain(waiting).collect();
            for session in concerned {
                if project.state.living().contains(&session) {
                    ends.lost.push(format!("{id}/{session}"));
                }
                let request = Request::SessionLost(SessionLost {
                    session: Some(session),
                    epoch: None,
                    reason: Line::lossy(reason),
                    restored: true,
                });
                let caller = Caller { actor: Actor::System, epoch: None };
                let command = Command { project: id.clone(), caller, request };
                let decided = decide_in(&mut project.state, &command, now());
                let decision = decided.map_err(|refused| damaged(format!("{id}/{session}: {}", refused.refusal)))?;
                if let Some(illegal) = decision.illegal {
                    return Err(damaged(format!("{id}/{session}: {illegal}")));
                }
                if !decision.events.is_empty() {
                    ends.decided.push(Decided { project: id.clone(), session, command, events: decision.events });
                }
            }
        }
        Ok(ends)
    }
}

/// What [`Past::end`] decided.
#[derive(Default)]
pub struct Ends {
    pub decided: Vec<Decided>,
    /// `web/s3`
    pub lost: Vec<String>,
}

/// One command of the system and what follows from it.
pub struct Decided {
    pub project: ProjectId,
    pub session: SessionId,
    pub command: Command,
    pub events: Vec<Event>,
}
