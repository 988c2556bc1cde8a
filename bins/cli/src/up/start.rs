//! `maestro up`: starts the programs of one stack in order, looks after them, ends them in order.

use std::time::{Duration, Instant};

use maestro_client::Mode;
use maestro_runtime::{Home, Shutdown, StackFile};
use maestro_wire::{ErrorBody, ErrorCode};
use tokio_util::sync::CancellationToken;

use super::args::UpArgs;
use super::binary::Binaries;
use super::broker;
use super::farewell::living_sessions;
use super::keeper::{How, What};
use super::notify::notify;
use super::preflight::{check_disk, check_port, free_bytes};
use super::process::Identity;
use super::rotate;
use super::running::{self, Lock, Sessions};
use super::show::{self, Facts, patiently};
use super::space::{Change, Space};
use super::stack::{BRIDGE, NATS, Plan, SERVER, SPAWNER, SUPERVISOR};
use super::supervisor::Supervisor;
use super::{detach, now_ms};
use crate::context::Context;
use crate::output::{Output, internal};

/// How long another `maestro up` of the same home may take until it is healthy.
const OTHER_HEALTHY_WITHIN: Duration = Duration::from_secs(90);
const LOOK_EVERY: Duration = Duration::from_millis(50);
const ROTATE_EVERY: Duration = Duration::from_secs(10);
const LOOK_AT_DISK_EVERY: Duration = Duration::from_secs(1);

/// Starts a stack and looks after it, or says where the running one is.
pub async fn up(arguments: UpArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let home = ctx.home()?;
    home.create().map_err(|error| {
        ErrorBody::new(ErrorCode::StartFailed, format!("the home cannot be used: {error}"))
            .suggest("name a directory of yours with --home")
    })?;
    if arguments.detached {
        detach::leave_session();
    }
    let lock = match lock_or_running(&home).await? {
        Ok(lock) => lock,
        Err(stack) => return Ok(show::running(ctx, &home, &stack, true).await),
    };
    if arguments.detach {
        // The other process takes it.
        drop(lock);
        let stack = detach::start(&arguments, &home, ctx).await?;
        return Ok(show::running(ctx, &home, &stack, false).await);
    }
    check_disk(&home)?;
    let credentials = broker::credentials(&home)?;
    broker::token(&home)?;
    let binaries = Binaries::new(&ctx.environment)?;
    let plan = Plan::new(home, arguments, credentials, ctx.environment.user(), &binaries)?;
    let shutdown = Shutdown::listen().map_err(|error| internal(format!("signals cannot be heard: {error}")))?;
    run(plan, ctx, &shutdown, lock).await
}

/// The lock, or the stack that runs already; one that another `maestro up` is starting is waited for.
async fn lock_or_running(home: &Home) -> Result<Result<Lock, StackFile>, ErrorBody> {
    let started = Instant::now();
    loop {
        if let Some(lock) = running::lock(home)? {
            return Ok(Ok(lock));
        }
        if let Some(stack) = running::healthy(home) {
            return Ok(Err(stack));
        }
        if started.elapsed() > OTHER_HEALTHY_WITHIN {
            let text = "another `maestro up` of this home is running, but its stack does not become healthy";
            return Err(ErrorBody::new(ErrorCode::StartFailed, text).commands(["maestro logs", "maestro down"]));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

async fn run(plan: Plan, ctx: &Context, shutdown: &Shutdown, lock: Lock) -> Result<Output, ErrorBody> {
    let started = now_ms();
    let leftovers = running::end_leftovers(&plan.home, Sessions::GoOn).await;
    if !leftovers.is_empty() {
        ctx.printer.note(&format!("ended what a killed stack left behind: {}", leftovers.join(", ")));
    }
    // Only now: until here it may be the only word on what runs.
    StackFile::remove(&plan.home.stack()).map_err(|error| internal(error.to_string()))?;
    if let Some(own) = Identity::own(SUPERVISOR) {
        own.record(&plan.home.run())
            .map_err(|error| internal(format!("the process id cannot be noted down: {error}")))?;
    }
    let how = How { now: shutdown.now(), leave: shutdown.leave() };
    let mut supervisor = Supervisor::new(plan.home.run(), how.clone());
    let ended = shutdown.end();
    let begun = tokio::select! {
        begun = begin(&plan, ctx, &mut supervisor, started) => begun.map(Some),
        () = ended.cancelled() => Ok(None),
    };
    let outcome = match begun {
        Ok(Some(nats_port)) => {
            tokio::select! {
                () = look_after(&plan, ctx, &mut supervisor, nats_port, started, &ended) => {}
                () = notify(&plan, ctx, nats_port) => {}
            }
            if plan.arguments.keep_sessions {
                how.leave.cancel();
            }
            say_goodbye(&plan, ctx, nats_port, how.leave.is_cancelled()).await;
            Ok(Output::printed())
        }
        Ok(None) => Err(ErrorBody::new(ErrorCode::StartFailed, "told to stop while the stack was starting")),
        Err(error) => Err(error),
    };
    end(&plan, ctx, &mut supervisor).await;
    drop(lock);
    outcome
}

/// Starts everything in order and says that it serves. Answers the broker's port.
async fn begin(plan: &Plan, ctx: &Context, supervisor: &mut Supervisor, started: i64) -> Result<u16, ErrorBody> {
    let ephemeral = plan.arguments.ephemeral_ports;
    let (nats_port, bridge_port) = if ephemeral { (0, 0) } else { (plan.arguments.port, plan.arguments.bridge_port) };
    if !ephemeral {
        check_port(nats_port, "--port", "the broker")?;
        check_port(bridge_port, "--bridge-port", "the dashboard")?;
    }
    remove_old_ports(&plan.home);
    broker::configure(&plan.home, &plan.credentials, nats_port)?;
    supervisor.start(vec![plan.nats()]).await?;
    let listen = supervisor.rows.get(NATS).and_then(|row| row.served.listen.clone()).unwrap_or_default();
    let nats_port = listen.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or(nats_port);
    // Started again, the broker must be found where it was.
    broker::configure(&plan.home, &plan.credentials, nats_port)?;
    let core = broker::connect_as(&broker::address(&plan.credentials, "core", nats_port), Mode::Daemon).await?;
    if let Some(row) = supervisor.rows.get_mut(NATS) {
        row.served.version = core.server().version;
    }
    core.close(Duration::from_secs(1)).await;
    show::program(ctx, NATS, supervisor, Some(&format!("nats://127.0.0.1:{nats_port}")));

    let servers = plan.servers(nats_port);
    let names: Vec<String> = servers.iter().map(|server| server.name.clone()).collect();
    supervisor.start(servers).await?;
    names.iter().for_each(|name| show::program(ctx, name, supervisor, None));

    // The port is free at the first start only; afterwards the bridge itself has it.
    supervisor.start(vec![plan.spawner(nats_port), plan.bridge(nats_port, bridge_port)]).await?;
    [SPAWNER, BRIDGE].iter().for_each(|name| show::program(ctx, name, supervisor, None));

    let stack = plan.file(supervisor, nats_port, started);
    stack.write(&plan.home.stack()).map_err(|error| internal(error.to_string()))?;
    // The one who started a detached stack says this itself.
    if !plan.arguments.detached {
        show::healthy(ctx, &Facts::new(ctx, &plan.home, &stack, false).await);
    }
    Ok(nats_port)
}

/// Until the signal: notes every death and every new start, keeps the logs bounded.
async fn look_after(
    plan: &Plan,
    ctx: &Context,
    supervisor: &mut Supervisor,
    nats_port: u16,
    started: i64,
    drain: &CancellationToken,
) {
    let mut rotation = tokio::time::interval(ROTATE_EVERY);
    let mut disk = tokio::time::interval(LOOK_AT_DISK_EVERY);
    let mut space = Space::default();
    loop {
        let event = tokio::select! {
            biased;
            () = drain.cancelled() => return,
            event = supervisor.next() => event,
            _ = disk.tick() => {
                match space.look(free_bytes(&plan.home)) {
                    Some(Change::Full) => ctx.printer.warn("the disk of this home is full: nothing is stored until there is room"),
                    Some(Change::RoomAgain) => {
                        ctx.printer.note("there is room on the disk again; starting the broker again");
                        restart_broker(plan, ctx, supervisor).await;
                        if let Err(error) = plan.file(supervisor, nats_port, started).write(&plan.home.stack()) {
                            ctx.printer.warn(&error.to_string());
                        }
                    }
                    None => {}
                }
                continue;
            }
            _ = rotation.tick() => {
                if let Err(error) = rotate::rotate_all(&plan.home.logs(), rotate::LARGEST) {
                    ctx.printer.warn(&format!("the logs cannot be put aside: {error}"));
                }
                continue;
            }
        };
        match &event.what {
            What::Died { how, wait } => {
                ctx.printer.note(&format!("{} {how}; starting it again in {:.1} s", event.name, wait.as_secs_f64()));
            }
            What::Serves { served, after } => {
                let ready = after.as_millis();
                ctx.printer.note(&format!("{} serves again: pid {}, ready in {ready} ms", event.name, served.pid));
            }
            What::Ended => {}
        }
        if let Err(error) = plan.file(supervisor, nats_port, started).write(&plan.home.stack()) {
            ctx.printer.warn(&error.to_string());
        }
    }
}

/// Whoever is connected finds it where it was.
async fn restart_broker(plan: &Plan, ctx: &Context, supervisor: &mut Supervisor) {
    supervisor.end(|name| name == NATS).await;
    if let Err(error) = supervisor.start(vec![plan.nats()]).await {
        // Its keeper goes on trying.
        ctx.printer.warn(&error.message);
    }
}

async fn say_goodbye(plan: &Plan, ctx: &Context, nats_port: u16, kept: bool) {
    let edge = broker::address(&plan.credentials, "edge", nats_port);
    let living = living_sessions(&edge, &plan.user).await;
    if !living.is_empty() {
        let what = if kept {
            "these sessions go on; the next `maestro up` of this home finds them, on the same ports"
        } else {
            "these sessions are stopped now; `maestro session resume --all` goes on with them"
        };
        ctx.printer.note(&format!("{what}:\n  {}", living.join("\n  ")));
    }
    ctx.printer.note("stopping");
}

/// Sessions first, then what shows them, then what decides, the broker last.
async fn end(plan: &Plan, ctx: &Context, supervisor: &mut Supervisor) {
    let all = async {
        for stage in [SPAWNER, BRIDGE, SERVER, NATS] {
            supervisor.end(|name| name.starts_with(stage)).await;
        }
    };
    patiently(ctx, all).await;
    if let Err(error) = StackFile::remove(&plan.home.stack()) {
        ctx.printer.warn(&error.to_string());
    }
    Identity::forget(&plan.home.run(), SUPERVISOR);
    ctx.printer.note("stopped");
}

/// Files of brokers that were killed; an id may come again.
fn remove_old_ports(home: &Home) {
    let entries = std::fs::read_dir(home.nats()).into_iter().flatten().flatten().map(|entry| entry.path());
    for path in entries.filter(|path| path.extension().is_some_and(|e| e == "ports")) {
        // One that stays is only read under the id of our own child.
        let _ = std::fs::remove_file(path);
    }
}
