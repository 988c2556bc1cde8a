//! The process `maestro-spawner hold` from start to end.

use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;

use super::end::end;
use super::log::BoundedLog;
use super::protocol::{Launch, Order, Told};
use crate::os::{self, Signal};

type Orders = Lines<BufReader<Receiver>>;

/// Runs a holder: takes one order to start from stdin, and returns when the agent and all it started are gone.
///
/// # Errors
/// When stdin is no pipe or does not speak the spawner's language.
pub fn hold() -> anyhow::Result<()> {
    // Fails only for the leader of a group, who has left the terminal's already.
    let _ = os::leave_terminal();
    os::become_subreaper().context("cannot become a subreaper")?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(hold_one())
}

async fn hold_one() -> anyhow::Result<()> {
    let stdin = io::stdin().as_fd().try_clone_to_owned()?;
    let stdin = Receiver::from_owned_fd(stdin).context("`hold` is started by the spawner, with a pipe as its stdin")?;
    let mut orders = BufReader::new(stdin).lines();
    let Some(first) = orders.next_line().await? else { return Ok(()) };
    let Order::Start(launch) = serde_json::from_str(&first).context("the order is not understood")? else {
        bail!("the first order is not to start");
    };
    let mut pumps = JoinSet::new();
    match start(&launch, &mut pumps) {
        Ok(child) => {
            let code = watch(child, &mut orders, &launch).await;
            // Nobody has the pipe any more, so the output ends; a bound all the same.
            let _ = tokio::time::timeout(Duration::from_secs(2), pumps.join_next()).await;
            tell(&Told::Ended { code });
        }
        Err(error) => tell(&Told::NotStarted { reason: format!("{} cannot be started: {error}", launch.program) }),
    }
    Ok(())
}

fn start(launch: &Launch, pumps: &mut JoinSet<()>) -> io::Result<Child> {
    let log = BoundedLog::open(&launch.log, launch.log_bytes)?;
    let (output, writer) = io::pipe()?;
    // The command owns the writing ends and goes at the end of this function: the agent then has the only ones.
    let child = Command::new(&launch.program)
        .args(&launch.arguments)
        .current_dir(&launch.directory)
        .env_clear()
        .envs(&launch.environment)
        .stdin(Stdio::null())
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .spawn()?;
    let output = Receiver::from_owned_fd(output.into())?;
    pumps.spawn(pump(output, log));
    Ok(child)
}

/// Reads until nobody can write any more, whatever becomes of the file: an agent must not stall on its output.
async fn pump(mut output: Receiver, mut log: BoundedLog) {
    let mut buffer = vec![0; 64 * 1024];
    let mut told = false;
    while let Ok(length) = output.read(&mut buffer).await {
        if length == 0 {
            return;
        }
        if let Err(error) = log.write(&buffer[..length])
            && !std::mem::replace(&mut told, true)
        {
            tracing::warn!(cause = %error, "output is not kept");
        }
    }
}

/// Waits for the agent's end or the order to end it; leaves nothing behind.
async fn watch(mut child: Child, orders: &mut Orders, launch: &Launch) -> i32 {
    // Not reaped before `wait` returns, so its number and its group are its own until then.
    let agent = child.id().unwrap_or_default();
    if let Some(agent) = os::identity(agent) {
        tell(&Told::Started { agent });
    }
    let grace = Duration::from_millis(launch.grace_ms);
    let mut terminate = signal(SignalKind::terminate()).ok();
    let mut children = signal(SignalKind::child()).ok();
    let own = || os::descendants_of(&[os::own_pid()]);
    let exited = loop {
        tokio::select! {
            status = child.wait() => break status.ok(),
            order = orders.next_line() => if asks_to_stop(order) { break None },
            () = heard(&mut terminate) => break None,
            () = heard(&mut children) => reap_orphans(agent),
        }
    };
    let status = match exited {
        Some(status) => {
            end(own, &[], grace).await;
            Some(status)
        }
        None => {
            let asked: Vec<_> = own().iter().filter(|p| p.group == agent).map(|p| p.identity).collect();
            os::signal_group(agent, Signal::TERM);
            os::signal_group(agent, Signal::CONT);
            end(own, &asked, grace).await;
            // Whoever survives SIGKILL sits in the kernel; nobody waits for it here.
            tokio::time::timeout(Duration::from_secs(1), child.wait()).await.ok().and_then(Result::ok)
        }
    };
    reap_orphans(agent);
    status.map_or(137, code_of)
}

fn asks_to_stop(order: io::Result<Option<String>>) -> bool {
    match order {
        Ok(Some(line)) => matches!(serde_json::from_str(&line), Ok(Order::Stop)),
        Ok(None) | Err(_) => true,
    }
}

async fn heard(signal: &mut Option<tokio::signal::unix::Signal>) {
    if let Some(signal) = signal
        && signal.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}

fn reap_orphans(agent: u32) {
    for child in os::children_of(os::own_pid()) {
        if child.zombie && child.identity.pid != agent {
            os::reap(child.identity.pid);
        }
    }
}

/// As shells say it: 128 + n for signal n.
fn code_of(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}

/// A spawner that is gone hears nothing and needs nothing.
fn tell(told: &Told) {
    if let Ok(mut line) = serde_json::to_vec(told) {
        line.push(b'\n');
        let mut stdout = io::stdout();
        let _ = stdout.write_all(&line).and_then(|()| stdout.flush());
    }
}
