//! Clients that work through everything, and write down what they were told.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use maestro_client::{Caller, Seen};
use maestro_domain::ProjectId;
use maestro_wire::{ErrorBody, ErrorCode, Reply};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use crate::cluster::{data, new_id, request};
use crate::history::{Operation, Outcome, Recorder};

/// How long a client waits for one command; also how long a run takes to end at most.
const PATIENCE: Duration = Duration::from_secs(8);
/// Sessions are processes; a run starts so many at most.
const SESSIONS: usize = 12;

/// What the clients of one project share.
#[derive(Clone, Debug)]
pub struct Shared {
    pub project: ProjectId,
    pub recorder: Recorder,
    pub stop: Arc<AtomicBool>,
    tasks: Arc<Mutex<Vec<String>>>,
    sessions: Arc<Mutex<Vec<String>>>,
}

impl Shared {
    /// # Panics
    /// When the name is none.
    #[must_use]
    pub fn new(project: &str, recorder: &Recorder, stop: &Arc<AtomicBool>) -> Self {
        Self {
            project: project.parse().expect("a project id"),
            recorder: recorder.clone(),
            stop: Arc::clone(stop),
            tasks: Arc::default(),
            sessions: Arc::default(),
        }
    }

    fn some(&self, of: &Mutex<Vec<String>>, random: &mut StdRng) -> Option<String> {
        let known = of.lock().unwrap_or_else(PoisonError::into_inner);
        // The newest are the ones that something happens to.
        let from = known.len().saturating_sub(12);
        (!known.is_empty()).then(|| known[random.random_range(from..known.len())].clone())
    }

    fn add(of: &Mutex<Vec<String>>, id: &str) -> usize {
        let mut known = of.lock().unwrap_or_else(PoisonError::into_inner);
        known.push(id.to_owned());
        known.len()
    }
}

/// Whether the answer promises that the command never happens.
fn is_final(error: &ErrorBody) -> bool {
    !error.code.retryable() && error.code != ErrorCode::CommandExpired
}

/// Sends a command and writes down how it ended.
///
/// # Panics
/// When the server says that Maestro has a defect, or the answer has no sequence.
pub async fn send(shared: &Shared, caller: &Caller, verb: (&str, &str), payload: Value) -> Outcome {
    let request = request(verb.0, verb.1, &payload);
    let (id, began) = (new_id(), shared.recorder.now());
    let outcome = match caller.command(&shared.project, &request, id, &Seen::default(), PATIENCE).await {
        Ok(reply) => acknowledged(&reply),
        Err(error) => {
            assert_ne!(error.code, ErrorCode::Internal, "{verb:?} {payload}: {error:?}");
            let code = error.code.to_string();
            if is_final(&error) { Outcome::Refused { code } } else { Outcome::Unknown { code } }
        }
    };
    shared.recorder.record(Operation {
        project: shared.project.to_string(),
        actor: caller.actor().to_string(),
        command: id.to_string(),
        verb: format!("{}.{}", verb.0, verb.1),
        payload,
        began,
        ended: shared.recorder.now(),
        outcome: outcome.clone(),
    });
    outcome
}

fn acknowledged(reply: &Reply) -> Outcome {
    let seq = reply.seq.expect("an acknowledgement has a sequence");
    Outcome::Acknowledged { seq, unchanged: reply.unchanged, answer: data(reply) }
}

/// One client, until told to stop.
pub async fn work(shared: Shared, caller: Caller, seed: u64) {
    let mut random = StdRng::seed_from_u64(seed);
    let mut mine: Option<String> = None;
    while !shared.stop.load(Ordering::Relaxed) {
        step(&shared, &caller, &mut random, &mut mine).await;
        tokio::time::sleep(Duration::from_millis(random.random_range(5..40))).await;
    }
}

async fn step(shared: &Shared, caller: &Caller, random: &mut StdRng, mine: &mut Option<String>) {
    let number: u32 = random.random();
    let Some(task) = mine.clone() else {
        *mine = take(shared, caller, random).await;
        return;
    };
    let (verb, payload, keeps) = match random.random_range(0..100) {
        0..30 => (("task", "log"), json!({ "task": task, "message": format!("step {number}") }), true),
        30..45 => (("subtask", "create"), json!({ "task": task, "title": format!("part {number}") }), true),
        45..55 => (("task", "comment"), json!({ "task": task, "message": format!("word {number}") }), true),
        55..75 => (("task", "complete"), json!({ "task": task, "force": true }), false),
        75..90 => (("task", "release"), json!({ "task": task }), false),
        _ => (("task", "block"), json!({ "task": task, "reason": "a wall" }), false),
    };
    let outcome = send(shared, caller, verb, payload).await;
    if !keeps || !matches!(outcome, Outcome::Acknowledged { .. }) {
        *mine = None;
    }
}

/// Makes a task, or takes one: others want the same ones.
async fn take(shared: &Shared, caller: &Caller, random: &mut StdRng) -> Option<String> {
    let some = shared.some(&shared.tasks, random);
    let id = |outcome: &Outcome| match outcome {
        Outcome::Acknowledged { answer, .. } => answer["id"].as_str().map(str::to_owned),
        Outcome::Refused { .. } | Outcome::Unknown { .. } => None,
    };
    // A blocked task goes back to its holder, whoever starts it.
    let own = |outcome: &Outcome| match outcome {
        Outcome::Acknowledged { answer, .. } if answer["claim"]["actor"] != caller.actor().to_string() => None,
        outcome => id(outcome),
    };
    match (random.random_range(0..100), some) {
        (0..30, _) | (_, None) => {
            let title = format!("{} {}", caller.actor(), random.random::<u32>());
            let made = send(shared, caller, ("task", "create"), json!({ "title": title })).await;
            id(&made).iter().for_each(|id| _ = Shared::add(&shared.tasks, id));
            None
        }
        (30..65, Some(task)) => own(&send(shared, caller, ("task", "start"), json!({ "task": task })).await),
        (65..85, _) => own(&send(shared, caller, ("task", "next"), json!({ "claim": true })).await),
        (85..92, Some(task)) => {
            send(shared, caller, ("task", "unblock"), json!({ "task": task })).await;
            None
        }
        (_, Some(_)) => {
            session(shared, caller, random).await;
            None
        }
    }
}

/// A session that ends by itself, or another epoch of one that did.
async fn session(shared: &Shared, caller: &Caller, random: &mut StdRng) {
    let some = shared.some(&shared.sessions, random);
    if let Some(session) = some.filter(|_| random.random_bool(0.5)) {
        send(shared, caller, ("session", "restart"), json!({ "session": session })).await;
        return;
    }
    if shared.sessions.lock().unwrap_or_else(PoisonError::into_inner).len() >= SESSIONS {
        return;
    }
    let script = format!("sleep 0.{}", random.random_range(1..6));
    let payload = json!({ "agent": "shell", "command": ["sh", "-c", script] });
    if let Outcome::Acknowledged { answer, .. } = send(shared, caller, ("session", "spawn"), payload).await
        && let Some(id) = answer["id"].as_str()
    {
        Shared::add(&shared.sessions, id);
    }
}
