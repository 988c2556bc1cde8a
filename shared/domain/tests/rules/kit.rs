//! A project in which things are said one after the other: given, when, then in one line each.

use maestro_domain::*;
use serde_json::{Value, json};

pub struct World {
    pub state: State,
    pub now: Timestamp,
    /// Everything that happened so far.
    pub events: Vec<Event>,
}

impl World {
    /// Nothing at all, not even a project.
    pub fn void() -> Self {
        Self { state: State::default(), now: Timestamp::from_millis(1_763_856_000_000), events: Vec::new() }
    }

    /// The project `web`, made by `ann`.
    pub fn new() -> Self {
        let mut world = Self::void();
        world.ok("ann", "project.create", json!({"title": "Web"}));
        world
    }

    /// And a team: `s1` orchestrates for `ann`; `s2` and `s3` are its workers. All are active, and kept when they are done.
    pub fn team() -> Self {
        let mut world = Self::new();
        world.spawn("ann", json!({"role": "orchestrator", "name": "Lead"}));
        world.spawn("s1", json!({"name": "First", "keep": true}));
        world.spawn("s1", json!({"name": "Second", "keep": true}));
        world
    }

    /// Spawns a session and brings it to `active`; its id.
    pub fn spawn(&mut self, by: &str, verb: Value) -> String {
        self.ok(by, "session.spawn", verb);
        let id = format!("s{}", self.state.counters().1);
        self.ok(&id, "session.starting", json!({"node": "host-a"}));
        self.ok(&id, "session.active", json!({}));
        id
    }

    /// A task with nothing special about it; its id.
    pub fn task(&mut self) -> String {
        self.task_with(json!({}))
    }

    pub fn task_with(&mut self, mut verb: Value) -> String {
        verb["title"] = json!("Parse the header");
        self.ok("ann", "task.create", verb);
        format!("t{}", self.state.counters().0)
    }

    /// `who` is a user, `system`, a session in its present epoch (`s2`) or in a given one (`s2@1`).
    pub fn say(&mut self, who: &str, verb: &str, payload: Value) -> Result<Vec<Event>, Refusal> {
        let command = self.command(who, verb, payload);
        let events = decide(&self.state, &command, self.now)?;
        for event in &events {
            self.state.apply(event).unwrap();
        }
        self.events.extend(events.iter().cloned());
        self.now = self.now.plus_secs(1);
        Ok(events)
    }

    pub fn command(&self, who: &str, verb: &str, payload: Value) -> Command {
        let (entity, name) = verb.split_once('.').unwrap();
        let (who, given) = who.split_once('@').map_or((who, None), |(who, epoch)| (who, Some(epoch.parse().unwrap())));
        let actor: Actor = who.parse().unwrap();
        let present = actor.session().and_then(|id| self.state.session(id)).map(|s| s.epoch);
        let request = Request::deserialize_payload(entity, name, payload).expect("the verb exists").unwrap();
        let caller = Caller { actor, epoch: given.or(present) };
        Command { project: "web".parse().unwrap(), caller, request }
    }

    /// The kinds of the events of an accepted command.
    pub fn ok(&mut self, who: &str, verb: &str, payload: Value) -> Vec<String> {
        match self.say(who, verb, payload) {
            Ok(events) => kinds(&events),
            Err(refusal) => panic!("{who} {verb}: {refusal}"),
        }
    }

    /// The refusal of a refused command.
    pub fn refused(&mut self, who: &str, verb: &str, payload: Value) -> Refusal {
        match self.say(who, verb, payload) {
            Ok(events) => panic!("{who} {verb} was accepted: {:?}", kinds(&events)),
            Err(refusal) => refusal,
        }
    }

    /// The refusal's name, as `AlreadyClaimed`.
    pub fn no(&mut self, who: &str, verb: &str, payload: Value) -> String {
        name(&self.refused(who, verb, payload))
    }

    pub fn status(&self, id: &str) -> StatusKind {
        self.get(id).status.kind()
    }

    pub fn get(&self, id: &str) -> &Task {
        self.state.task(id.parse().unwrap()).expect("the task exists")
    }

    pub fn session(&self, id: &str) -> &Session {
        self.state.session(id.parse().unwrap()).expect("the session exists")
    }

    /// The bodies of the unread messages to somebody, the oldest first.
    pub fn inbox(&self, who: &str) -> Vec<String> {
        let ids: Vec<_> = self.state.inbox(&who.parse().unwrap()).collect();
        let body = |event: &Event| match event {
            Event::Message { id, change: MessageChange::Queued { body }, .. } if ids.contains(id) => {
                Some(body.to_string())
            }
            _ => None,
        };
        self.events.iter().filter_map(body).collect()
    }

    pub fn later(&mut self, secs: i64) {
        self.now = self.now.plus_secs(secs);
    }
}

pub fn kinds(events: &[Event]) -> Vec<String> {
    events.iter().map(|e| format!("{}.{}", e.kind().0, e.kind().1)).collect()
}

pub fn name(refusal: &Refusal) -> String {
    format!("{refusal:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}
