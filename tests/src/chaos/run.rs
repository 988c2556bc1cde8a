//! One run: start, load, faults, mending, convergence, checking.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use maestro_client::{Caller, Client, Mode, Options, Seen, connect};
use serde_json::json;
use tokio::task::JoinSet;

use super::load::{self, Shared};
use super::plan::{Fault, Setup, Step, plan};
use super::watch::{self, Watch};
use super::world::World;
use crate::cluster::{DEADLINE, Fold, actor, data, request};
use crate::history::{Checked, Ledger, Operation, Outcome, Recorder, check};

const PROJECTS: [&str; 2] = ["web", "api"];
/// How long followers may take until they have everything.
const CONVERGED_WITHIN: Duration = Duration::from_secs(60);
const SLOW: Duration = Duration::from_secs(10);
/// Load after everything was mended: whatever a fault left behind meets it.
const AFTERWARDS: Duration = Duration::from_millis(1500);
/// How often the ledger is read anew because it grew meanwhile.
const ROUNDS: usize = 10;
/// Commands that are repeated in the end, to hear the first answer again.
const REPEATED: usize = 40;

/// What a run showed.
#[derive(Debug)]
pub struct Verdict {
    pub seed: u64,
    /// Empty: every promise was kept.
    pub broken: Vec<String>,
    pub report: String,
}

/// `MAESTRO_CHAOS_SEED`, or so many new ones, one for each kind of stack in turn.
///
/// # Panics
/// When the variable is no number.
#[must_use]
pub fn seeds(count: usize) -> Vec<u64> {
    if let Ok(text) = std::env::var("MAESTRO_CHAOS_SEED") {
        return vec![text.parse().expect("MAESTRO_CHAOS_SEED is a number")];
    }
    (0..count as u64).map(|kind| u64::from(rand::random::<u32>()) * 4 + kind % 4).collect()
}

/// A fault as it was done.
struct Done {
    step: Step,
    ended: Duration,
}

/// Runs with this seed. What broke is kept in `target/chaos/<seed>`.
///
/// # Panics
/// When the stack cannot be started, or something does not come back.
pub async fn run(seed: u64, setup: Setup) -> Verdict {
    let steps = plan(seed, &setup);
    let started = setup.clone();
    let world = tokio::task::spawn_blocking(move || World::start(&started)).await.expect("the stack starts");
    let recorder = Recorder::default();
    let stop = Arc::new(AtomicBool::new(false));
    let shared: Vec<Shared> = PROJECTS.iter().map(|project| Shared::new(project, &recorder, &stop)).collect();
    let edge = client(&world, "edge").await;
    for shared in &shared {
        let ann = Caller::new(edge.clone(), actor("ann"), None);
        let made = load::send(shared, &ann, ("project", "create"), json!({ "title": "A project" })).await;
        assert!(matches!(made, Outcome::Acknowledged { .. }), "{made:?}");
    }
    let mut watches: Vec<Watch> = Vec::new();
    let (events, events_thread) = watch::events(&world.url("edge"), PROJECTS[0]);
    watches.push(events);
    let mut tasks = Vec::new();
    for project in PROJECTS {
        let (watch, task) = watch::socket(&world.socket(), &world.token(), project);
        watches.push(watch);
        tasks.push(task);
    }
    let mut clients = JoinSet::new();
    for number in 0..setup.clients {
        let caller = Caller::new(client(&world, "edge").await, actor(&format!("client-{number}")), None);
        let of = shared[usize::from(number % 3 == 2)].clone();
        clients.spawn(load::work(of, caller, seed.wrapping_add(number as u64)));
    }
    let (driven, clock) = (steps.clone(), recorder.clone());
    let (world, done) = tokio::task::spawn_blocking(move || drive(world, &driven, &clock))
        .await
        .expect("faults can be done and mended");
    tokio::time::sleep(AFTERWARDS).await;
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = clients.join_next().await {
        ended.expect("a client works to the end");
    }
    let core = client(&world, "core").await;
    let (ledger, converged) = settle(&core, &watches).await;
    watches.iter().for_each(Watch::stop);
    tokio::task::spawn_blocking(move || events_thread.join()).await.expect("a join").expect("the events were followed");
    for task in tasks {
        task.await.expect("the socket was followed");
    }
    let operations = recorder.operations();
    let trails: Vec<_> = watches.iter().map(Watch::trail).collect();
    let checked = check(&operations, &ledger, &trails);
    let mut broken: Vec<String> = checked.violations.iter().map(ToString::to_string).collect();
    broken.extend(repeat(&edge, &operations).await);
    let mut report = summary(seed, &setup, &checked, &operations, &done);
    for (watch, taken) in watches.iter().zip(&converged) {
        let taken = taken.map_or_else(|| "never".to_owned(), |taken| format!("after {} ms", taken.as_millis()));
        let _ = writeln!(
            report,
            "  {}: at the ledger's end {taken}, {} connections",
            watch.trail().name,
            watch.connections()
        );
    }
    for strange in world.strange() {
        let _ = writeln!(report, "  strange: {strange}");
    }
    // The projection: every task as the model's own `apply` makes it.
    let servers = setup.servers;
    let projected = tokio::spawn(async move {
        let fold = Fold::read(&core).await;
        let auditor = Caller::new(edge, actor("auditor"), None);
        for _ in 0..2 * servers {
            fold.assert_answers_equal(&auditor).await;
        }
    });
    broken.extend(projected.await.err().map(|panic| format!("the projection is not the ledger's: {panic}")));
    let all = (world, ledger, operations);
    // Nothing is broken by being slow, but somebody may want to know why.
    if !broken.is_empty() || converged.iter().any(|taken| taken.is_none_or(|taken| taken > SLOW)) {
        let _ = writeln!(report, "  kept in {}", keep(seed, &all, &report, &broken).display());
    }
    tokio::task::spawn_blocking(move || drop(all)).await.expect("the stack ends");
    Verdict { seed, broken, report }
}

async fn client(world: &World, user: &str) -> Client {
    let mut options = Options::new(&world.url(user), Mode::Daemon).expect("the address is one");
    options.timeout = DEADLINE;
    options.name = format!("chaos-{user}");
    connect(options).await.unwrap_or_else(|error| panic!("{user} cannot connect: {error}"))
}

/// Does every fault at its time and mends it at its time.
fn drive(mut world: World, steps: &[Step], clock: &Recorder) -> (World, Vec<Done>) {
    let begun = clock.now();
    let mut waiting: Vec<&Step> = steps.iter().rev().collect();
    let mut open: Vec<(Duration, &Step)> = Vec::new();
    let mut done = Vec::new();
    while !waiting.is_empty() || !open.is_empty() {
        let now = clock.now() - begun;
        open.retain(|(until, step)| {
            let over = *until <= now;
            if over {
                world.end(&step.fault);
                done.push(Done { step: (*step).clone(), ended: clock.now() });
            }
            !over
        });
        if let Some(step) = waiting.pop_if(|step| step.at <= now) {
            // What cannot be done here is left out.
            if step.fault != Fault::FillDisk || world.has_disk() {
                world.begin(&step.fault);
                open.push((clock.now() - begun + step.lasts, step));
            }
        }
        world.tend();
        std::thread::sleep(Duration::from_millis(10));
    }
    world.await_ready();
    (world, done)
}

/// The ledger and how long followers took to its end, once nothing is added any more: what its sender has given up may still
/// be written when the brokers have a leader again.
async fn settle(core: &Client, watches: &[Watch]) -> (Ledger, Vec<Option<Duration>>) {
    let mut ledger = Ledger::read(core).await;
    let converged = converge(watches, &ledger).await;
    for _ in 0..ROUNDS {
        tokio::time::sleep(AFTERWARDS).await;
        let now = Ledger::read(core).await;
        if now == ledger {
            return (ledger, converged);
        }
        ledger = now;
        converge(watches, &ledger).await;
    }
    panic!("something is written all the time, although nobody works any more");
}

/// How long each follower took until it was at the end of the ledger; `None`: it is not there yet.
async fn converge(watches: &[Watch], ledger: &Ledger) -> Vec<Option<Duration>> {
    let begun = Instant::now();
    let mut taken = vec![None; watches.len()];
    while taken.contains(&None) && begun.elapsed() < CONVERGED_WITHIN {
        for (watch, taken) in watches.iter().zip(&mut taken).filter(|(_, taken)| taken.is_none()) {
            let trail = watch.trail();
            let last = ledger.of(&trail.project).last().map_or(0, |commit| commit.seq);
            *taken = (trail.position() >= last).then(|| begun.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    taken
}

/// The first answer again, for some of the commands that were acknowledged; what differs.
async fn repeat(edge: &Client, operations: &[Operation]) -> Vec<String> {
    let mut differ = Vec::new();
    let written = operations.iter().filter(|operation| {
        matches!(operation.outcome, Outcome::Acknowledged { unchanged: false, .. })
            // What it says of its entities is of the moment.
            && operation.verb != "session.spawn" && operation.verb != "session.restart"
    });
    let written: Vec<_> = written.collect();
    for operation in written.iter().step_by((written.len() / REPEATED).max(1)) {
        let Outcome::Acknowledged { seq, answer, .. } = &operation.outcome else { continue };
        let caller = Caller::new(edge.clone(), actor(&operation.actor), None);
        let (entity, verb) = operation.verb.split_once('.').expect("a verb has two words");
        let request = request(entity, verb, &operation.payload);
        let (project, id) = (operation.project.parse().expect("a project"), operation.command.parse().expect("an id"));
        match caller.command(&project, &request, id, &Seen::default(), DEADLINE).await {
            Ok(reply) if reply.seq == Some(*seq) && data(&reply) == *answer => {}
            other => differ.push(format!("{} {id} was answered {answer} at {seq}, and now {other:?}", operation.verb)),
        }
    }
    differ
}

fn summary(seed: u64, setup: &Setup, checked: &Checked, operations: &[Operation], done: &[Done]) -> String {
    let mut text = format!(
        "MAESTRO_CHAOS_SEED={seed}: {} brokers, {} acknowledged, {} refused, {} unknown, {} late\n",
        setup.brokers,
        checked.acknowledged,
        checked.refused,
        checked.unknown,
        checked.late.len(),
    );
    for Done { step, ended } in done {
        let recovery = Checked::recovery(operations, *ended);
        let recovery = recovery.map_or_else(|| "nothing".to_owned(), |after| format!("{} ms", after.as_millis()));
        let _ = writeln!(text, "  {step}; acknowledged again {recovery} after its end");
    }
    for late in &checked.late {
        let _ = writeln!(text, "  late: {late}");
    }
    text
}

/// Writes down what is needed to understand it.
fn keep(
    seed: u64,
    (world, ledger, operations): &(World, Ledger, Vec<Operation>),
    report: &str,
    broken: &[String],
) -> PathBuf {
    let target = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/chaos").join(seed.to_string());
    fs::create_dir_all(&target).expect("a directory below target");
    world.keep_logs(&target);
    let lines = |items: &mut dyn Iterator<Item = String>| items.fold(String::new(), |text, line| text + &line + "\n");
    let operations =
        lines(&mut operations.iter().map(|operation| serde_json::to_string(operation).unwrap_or_default()));
    fs::write(target.join("operations.jsonl"), operations).expect("a file below target");
    let ledger = lines(&mut ledger.commits.iter().map(|commit| format!("{commit:?}")));
    fs::write(target.join("ledger.txt"), ledger).expect("a file below target");
    fs::write(target.join("verdict.txt"), format!("{report}\n{}\n", broken.join("\n"))).expect("a file below target");
    target
}
