//! A ledger as the server would have written it: decided by the domain, encoded by the wire.

use std::collections::VecDeque;

use anyhow::{Context, anyhow};
use async_nats::{HeaderMap, jetstream};
use maestro_domain::{
    Actor, Caller, Command, CompleteTask, CreateProject, CreateTask, LogTask, NewSubtask, OneSubtask, ProjectId,
    ReopenTask, Request, StartTask, State, SubtaskId, TaskId, Text, Timestamp, Title, decide,
};
use maestro_wire::{CommandId, NewEvent, Subject, digest, encode_event, encode_ledger, header};
use ulid::Ulid;

/// The project of every benchmark.
pub const PROJECT: &str = "bench";
const WRITER: &str = "bench";
/// Tasks that are worked on at the same time.
const ACTIVE: usize = 500;
/// Appends on their way to the broker.
const WINDOW: usize = 128;

/// What a ledger holds.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub tasks: u32,
    pub events: usize,
    /// Events of one commit.
    pub commit: usize,
}

pub struct Filled {
    pub events: usize,
    pub commits: usize,
    pub bytes: usize,
}

impl Plan {
    /// Tasks that were created and nothing else.
    pub const fn tasks(tasks: u32) -> Self {
        Self { tasks, events: tasks as usize + 1, commit: 32 }
    }

    /// Of a directory: what the plan asks for and a digest of how events look today.
    pub fn name(&self) -> anyhow::Result<String> {
        let mut author = Author::new(Timestamp::from_millis(1_700_000_000_000))?;
        let mut sample = Vec::new();
        let small = Self { tasks: 3, events: 60, commit: 1 };
        while let Some(request) = author.next(&small) {
            author.write(&request, &mut sample, |at| Ulid::from_parts(at, 1))?;
        }
        let shape = sample
            .iter()
            .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
        Ok(format!("{}-{}-{}-{shape:016x}", self.tasks, self.events, self.commit))
    }

    /// Appends the ledger as account CORE's user.
    pub async fn write(&self, client: async_nats::Client) -> anyhow::Result<Filled> {
        let context = jetstream::new(client);
        let now = Timestamp::from_millis(i64::try_from(Ulid::generate().timestamp_ms())?);
        let mut author = Author::new(now.plus_secs(-6 * 3600))?;
        let subject = Subject::events(&author.project).to_string();
        let first = encode_ledger(&Ulid::generate().to_string(), WRITER, Ulid::generate(), author.now)?;
        context.publish_with_headers(Subject::ledger().to_string(), headers(0), first.into()).await?.await?;
        let mut filled = Filled { events: 0, commits: 0, bytes: 0 };
        let mut waiting = VecDeque::new();
        let mut sequence = 1_u64;
        let mut expected = 0;
        let mut payload = Vec::new();
        let mut count = 0;
        loop {
            let request = author.next(self);
            if let Some(request) = &request {
                payload.push(if count == 0 { b'[' } else { b',' });
                let events = author.write(request, &mut payload, |_| Ulid::generate())?;
                count += events;
                filled.events += events;
            }
            if count > 0 && (count >= self.commit || request.is_none()) {
                payload.push(b']');
                filled.commits += 1;
                filled.bytes += payload.len();
                let body = std::mem::take(&mut payload).into();
                waiting.push_back(context.publish_with_headers(subject.clone(), headers(expected), body).await?);
                sequence += 1;
                (expected, count) = (sequence, 0);
            }
            while waiting.len() > if request.is_some() { WINDOW } else { 0 } {
                waiting.pop_front().context("a queue that is not empty")?.await.context("the broker's word")?;
            }
            if request.is_none() {
                return Ok(filled);
            }
        }
    }
}

/// How many bytes a commit of one progress report has.
pub fn commit_size() -> anyhow::Result<usize> {
    let mut author = Author::new(Timestamp::from_millis(1_700_000_000_000))?;
    let plan = Plan { tasks: 1, events: 4, commit: 1 };
    let mut size = 0;
    while let Some(request) = author.next(&plan) {
        let mut payload = Vec::new();
        author.write(&request, &mut payload, |_| Ulid::generate())?;
        size = payload.len() + 2;
    }
    Ok(size)
}

fn headers(expected: u64) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, header::CLOUD_EVENTS_BATCH);
    headers.insert(header::WRITER, WRITER);
    headers.insert(header::MODEL, header::MODEL_VERSION.to_string());
    headers.insert(header::EXPECTED_LAST_SUBJECT_SEQUENCE, expected.to_string());
    headers
}

/// A description of 300 bytes.
pub fn description() -> String {
    "The parser reads a subject token by token and refuses what the table does not list. ".repeat(4)[..300].to_owned()
}

/// A worker's report.
pub fn report(number: usize) -> String {
    format!("step {number}: read the module, wrote the test that shows the defect, now mending it")
}

pub fn create(number: u32, subtasks: bool) -> anyhow::Result<Request> {
    let steps = if subtasks { vec!["write the test", "mend it"] } else { Vec::new() };
    Ok(Request::CreateTask(CreateTask {
        title: Title::parse(&format!("Task {number}: the parser of subjects"))?,
        description: Some(Text::parse(&description())?),
        acceptance: Vec::new(),
        technical_notes: None,
        priority: maestro_domain::Priority::default(),
        labels: Vec::new(),
        depends_on: Vec::new(),
        subtasks: steps
            .into_iter()
            .map(|title| Ok(NewSubtask { title: Title::parse(title)?, description: None }))
            .collect::<anyhow::Result<_>>()?,
    }))
}

pub fn log(task: TaskId, number: usize) -> anyhow::Result<Request> {
    Ok(Request::LogTask(LogTask { task, message: Text::parse(&report(number))? }))
}

/// Who writes the ledger: the state so far, and the tasks in work.
struct Author {
    project: ProjectId,
    caller: Caller,
    state: State,
    now: Timestamp,
    written: usize,
    /// A task and how many steps it has made.
    active: Vec<(TaskId, usize)>,
    random: u64,
}

impl Author {
    fn new(now: Timestamp) -> anyhow::Result<Self> {
        let actor: Actor = "bench".parse().map_err(|error| anyhow!("an actor: {error}"))?;
        Ok(Self {
            project: PROJECT.parse()?,
            caller: Caller { actor, epoch: None },
            state: State::default(),
            now,
            written: 0,
            active: Vec::new(),
            random: 0x9e37_79b9_7f4a_7c15,
        })
    }

    /// The next request of the plan: tasks are created as there is room for them, and worked on in turns by chance.
    fn next(&mut self, plan: &Plan) -> Option<Request> {
        if self.written >= plan.events {
            return None;
        }
        if self.state.project().is_none() {
            return Some(Request::CreateProject(CreateProject {
                title: Title::parse("Benchmark").ok()?,
                overview: None,
                goals: None,
                repository: None,
                base_branch: None,
                default_agent: None,
            }));
        }
        let created = self.state.counters().0;
        let steps = (plan.events / plan.tasks as usize).max(1);
        if created < plan.tasks && self.active.len() < ACTIVE {
            self.active.push((TaskId::new(created + 1), 1));
            if steps <= 1 {
                self.active.clear();
            }
            return create(created + 1, steps > 1).ok();
        }
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let place = usize::try_from(self.random).unwrap_or(0) % self.active.len().max(1);
        let (task, step) = *self.active.get(place)?;
        // The last ones are worked on until there are events enough.
        if step + 1 >= steps && created < plan.tasks {
            self.active.swap_remove(place);
        } else {
            self.active[place].1 += 1;
        }
        work(task, step - 1).ok()
    }

    /// Decides, folds, and encodes the events behind what is there; how many there were.
    fn write(&mut self, request: &Request, out: &mut Vec<u8>, id: impl Fn(u64) -> Ulid) -> anyhow::Result<usize> {
        self.now = self.now.plus_millis(15);
        let command = Command { project: self.project.clone(), caller: self.caller.clone(), request: request.clone() };
        let events = decide(&self.state, &command, self.now).map_err(|refusal| anyhow!("{request:?}: {refusal}"))?;
        let digest = digest(request);
        let stamp = u64::try_from(self.now.as_millis())?;
        for (index, event) in events.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            self.state.apply(event)?;
            let new = NewEvent {
                id: id(stamp),
                source: WRITER,
                time: self.now,
                actor: &self.caller.actor,
                command: CommandId(id(stamp)),
                digest: &digest,
                traceparent: None,
                event,
            };
            encode_event(&new, out)?;
        }
        self.written += events.len();
        Ok(events.len())
    }
}

/// What a worker does with a task, over and over.
fn work(task: TaskId, step: usize) -> anyhow::Result<Request> {
    let subtask = OneSubtask { task, subtask: SubtaskId::new(1) };
    let odd = (step / 10) % 2 == 1;
    Ok(match step % 10 {
        0 => Request::StartTask(StartTask { task, force: false }),
        3 if odd => Request::ReopenSubtask(subtask),
        3 => Request::CompleteSubtask(subtask),
        8 => {
            let summary = Some(Text::parse("found and mended; the test is in the same commit")?);
            Request::CompleteTask(CompleteTask { task, summary, force: true })
        }
        9 => Request::ReopenTask(ReopenTask { task, reason: None }),
        _ => log(task, step)?,
    })
}
