//! What it costs to run an agent: from the request to its first byte, two hundred that do nothing, and a holder that waits.

use std::{
    fs,
    io::Write,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::Context;
use futures::{StreamExt, TryStreamExt, stream};
use maestro_domain::EntityRef;
use maestro_wire::{EventList, Page, Query, SessionList};
use serde_json::{Value, json};

use crate::{
    Scale,
    ledger::Plan,
    measure::{millis, p50, percentile},
    raw,
    report::{Report, Row},
    session::Person,
    stack::{Stack, memory_of},
    store,
};

const FIRST_BYTE: f64 = 40.0;
const SLOTS: u32 = 8;
const WORKERS: usize = 200;
/// Synced writes that a worker may cost beside its process.
const WRITES: usize = 8;
const AT_ONCE: usize = 16;
const HOLDER: u64 = 10_000_000;
const PATIENCE: Duration = Duration::from_secs(30);

pub async fn run(scale: Scale, report: &mut Report) -> anyhow::Result<()> {
    let mut stack = Stack::new(store::filled(&Plan::tasks(100)).await?)?;
    stack.start("server-1")?;
    stack.start_spawner(SLOTS)?;
    let person = Person::new(&stack).await?;
    let first = first_byte(scale, &stack, &person, report).await?;
    let workers = workers(scale, &stack, &person, report).await?;
    let holder = idle(&stack, &person, report).await?;
    report.details("spawn", &json!({ "firstByte": first, "workers": workers, "holder": holder }))
}

/// From the request to the first byte at a client that is subscribed, and when the ledger had each step.
async fn first_byte(scale: Scale, stack: &Stack, person: &Person, report: &mut Report) -> anyhow::Result<Value> {
    let viewer = raw::connect(&stack.nats.url(), "core-work", stack.nats.password("core-work")).await?;
    let mut output = viewer.subscribe("maestro.v1.term.*.*.*.out").await?;
    viewer.flush().await?;
    let (mut replied, mut arrived) = (Vec::new(), Vec::new());
    let mut steps: [(&str, Vec<Duration>); 2] = [("starting", Vec::new()), ("active", Vec::new())];
    for number in 0..scale.pick(60, 10) + 3 {
        let began = Instant::now();
        // One that ends at once may have ended before it is said to be active.
        let id = person.spawn(&["sh", "-c", "echo x; sleep 0.2"]).await?;
        let reply = began.elapsed();
        loop {
            let message =
                tokio::time::timeout(PATIENCE, output.next()).await?.context("the viewer's connection ended")?;
            if message.subject.contains(&format!(".{id}.")) && !message.payload.is_empty() {
                break;
            }
        }
        let byte = began.elapsed();
        person.until(&id, &["exited"]).await?;
        // The first ones read the programs from the disk.
        if number < 3 {
            continue;
        }
        replied.push(reply);
        arrived.push(byte);
        let entity = Some(EntityRef::Session(id.parse()?));
        let page: Page<Value> =
            person.ask(Query::EventList(EventList { entity, limit: Some(20), cursor: None })).await?;
        let at = |kind: &str| {
            let entry = page.items.iter().find(|entry| entry["kind"] == kind)?;
            entry["at"].as_str()?.parse::<maestro_domain::Timestamp>().ok()
        };
        let requested = at("requested").context("a session is requested")?;
        for (step, times) in &mut steps {
            let after = at(step).with_context(|| format!("a session is {step}"))?.millis_since(requested);
            times.push(Duration::from_millis(u64::try_from(after).unwrap_or(0)));
        }
    }
    let middle = p50(&arrived);
    let parts: Vec<String> = steps.iter().map(|(step, times)| format!("{step} +{:.0}", millis(p50(times)))).collect();
    report.row(Row {
        what: "spawn request to first byte, p50".into(),
        measured: format!("{:.1} ms (reply {:.1}, {})", millis(middle), millis(p50(&replied)), parts.join(", ")),
        raw: "-".into(),
        compared: format!("{:.1} ms", millis(middle)),
        target: format!("<= {FIRST_BYTE} ms"),
        met: millis(middle) <= FIRST_BYTE,
    });
    Ok(json!({
        "millis": { "p50": millis(middle), "p99": millis(percentile(&arrived, 0.99)) },
        "reply": millis(p50(&replied)), "starting": millis(p50(&steps[0].1)), "active": millis(p50(&steps[1].1)),
    }))
}

/// Two hundred through eight slots, against `xargs -P8` with a terminal for each, and the synced writes that a worker may cost.
async fn workers(scale: Scale, stack: &Stack, person: &Person, report: &mut Report) -> anyhow::Result<Value> {
    let number = scale.pick(WORKERS, 40);
    let began = Instant::now();
    let requests = stream::iter(0..number).map(|_| person.spawn(&["true"])).buffer_unordered(AT_ONCE);
    requests.try_for_each(async |_| Ok(())).await?;
    loop {
        let living: Page<Value> =
            person.ask(Query::SessionList(SessionList { limit: Some(1), ..SessionList::default() })).await?;
        if living.items.is_empty() {
            break;
        }
        anyhow::ensure!(began.elapsed() < PATIENCE * 10, "workers are left: {:?}", living.items);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let ours = began.elapsed();
    let processes = xargs(number)?;
    let writes = synced_writes(stack, number * WRITES)?;
    let least = processes + writes;
    let ratio = ours.as_secs_f64() / least.as_secs_f64();
    report.row(Row {
        what: format!("{number} workers through {SLOTS} slots"),
        measured: format!("{:.2} s", ours.as_secs_f64()),
        raw: format!(
            "{:.2} s ({:.2} s xargs, {:.2} s writes)",
            least.as_secs_f64(),
            processes.as_secs_f64(),
            writes.as_secs_f64()
        ),
        compared: format!("{ratio:.2}"),
        target: "<= 2.0".into(),
        met: ratio <= 2.0,
    });
    Ok(
        json!({ "workers": number, "seconds": ours.as_secs_f64(), "xargs": processes.as_secs_f64(), "writes": writes.as_secs_f64() }),
    )
}

/// The same command under `script`, which gives it a terminal.
fn xargs(number: usize) -> anyhow::Result<Duration> {
    let began = Instant::now();
    let mut child = Command::new("xargs")
        .args(["-P", &SLOTS.to_string(), "-n", "1", "script", "-qec", "true", "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("xargs and script (util-linux)")?;
    // An argument each; `script` takes no more than one file, so it stands for it.
    let mut stdin = child.stdin.take().context("a pipe")?;
    stdin.write_all("-q\n".repeat(number).as_bytes())?;
    drop(stdin);
    child.wait()?;
    Ok(began.elapsed())
}

/// Small writes, each on the disk before the next, in as many threads as there are slots.
fn synced_writes(stack: &Stack, number: usize) -> anyhow::Result<Duration> {
    let began = Instant::now();
    std::thread::scope(|scope| {
        let one = |thread: u32| {
            let path = stack.home().join(format!("synced-{thread}"));
            move || -> anyhow::Result<()> {
                let mut file = fs::File::create(path)?;
                for _ in 0..number / SLOTS as usize {
                    file.write_all(&[b'x'; 512])?;
                    file.sync_data()?;
                }
                Ok(())
            }
        };
        let threads: Vec<_> = (0..SLOTS).map(|thread| scope.spawn(one(thread))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().unwrap_or_else(|_| Err(anyhow::anyhow!("a write"))))
    })?;
    Ok(began.elapsed())
}

/// The holder of an agent that does nothing, alone and among others.
async fn idle(stack: &Stack, person: &Person, report: &mut Report) -> anyhow::Result<Value> {
    let mut seen = Vec::new();
    for wanted in [1, SLOTS as usize] {
        while stack.holders()?.len() < wanted {
            let id = person.spawn(&["sleep", "600"]).await?;
            person.until(&id, &["active"]).await?;
        }
        // Until what starting took is given back.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let holders = stack.holders()?;
        let bytes = holders.iter().map(|pid| memory_of(*pid)).collect::<anyhow::Result<Vec<_>>>()?;
        seen.push(bytes.iter().copied().max().unwrap_or_default());
    }
    let (alone, among) = (seen[0], seen[1]);
    report.row(Row {
        what: "holder idle, PSS".into(),
        measured: format!("{:.1} MB alone, {:.1} MB among {SLOTS}", alone as f64 / 1e6, among as f64 / 1e6),
        raw: "-".into(),
        compared: format!("{:.1} MB", alone.max(among) as f64 / 1e6),
        target: format!("<= {} MB", HOLDER / 1_000_000),
        met: alone.max(among) <= HOLDER,
    });
    Ok(json!({ "alone": alone, "amongEight": among }))
}
