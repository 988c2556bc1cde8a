//! The process `maestro-spawner hold` from start to end.

use std::collections::HashSet;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::net::unix::pipe::Receiver;
use tokio::process::Child;
use tokio::signal::unix::{Signal as Signals, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::agent::{self, Output};
use super::cause::{self, Cause, Wish};
use super::end::end;
use super::ending::Ending;
use super::endpoint::Desk;
use super::forward::Forward;
use super::input::Keyboard;
use super::mail::Post;
use super::protocol::{Because, Launch, Order, Told};
use super::rest::Rest;
use super::tell;
use super::terminal::Terminal;
use super::uplink::{Line, REPORT};
use crate::os::{self, Identity, Signal};

/// How often the holder looks whether its files are still there, and again once they are not: it takes two looks to believe
/// it.
const LOOK: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// A host that goes down tells agents and their holders to end in one moment, whichever hears it first.
const SAME_MOMENT: Duration = Duration::from_millis(400);
/// For how long output is read after nobody is left who could write it.
const LAST_OUTPUT: Duration = Duration::from_secs(2);

/// For how long the agent's last reports may take.
const LAST_REPORTS: Duration = Duration::from_secs(10);

/// A terminal that shows nothing new for this long waits for input; and when that does not happen.
const QUIET: Duration = Duration::from_millis(700);
const NEVER_QUIET: Duration = Duration::from_secs(20);

/// Runs a holder: takes one order to start from stdin, and returns when the agent and all it started are gone and its
/// end is told. It does not need its spawner for that.
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
    let mut orders = Orders { lines: BufReader::new(stdin).lines(), open: true, shuts_down: false };
    let Some(first) = orders.lines.next_line().await? else { return Ok(()) };
    let Order::Start(launch) = serde_json::from_str(&first).context("the order is not understood")? else {
        bail!("the first order is not to start");
    };
    let size = launch.terminal.unwrap_or(maestro_wire::TerminalSize::DEFAULT);
    let begun = Terminal::open(&launch.log, launch.log_bytes, size, launch.terminal.is_none())
        .and_then(|terminal| Ok((Arc::new(terminal), agent::start(&launch)?)));
    match begun {
        Ok((terminal, agent)) => run(&launch, terminal, agent, orders).await,
        Err(error) => tell(&Told::NotStarted { reason: format!("{} cannot be started: {error}", launch.program) }),
    }
    Ok(())
}

async fn run(launch: &Launch, terminal: Arc<Terminal>, agent: agent::Agent, mut orders: Orders) {
    let agent::Agent { mut child, output, terminal: pty } = agent;
    // Not reaped before `wait` returns, so its number and its group are its own until then.
    let pid = child.id().unwrap_or_default();
    let identity = os::identity(pid).unwrap_or(Identity { pid, start: 0 });
    tell(&Told::Started { agent: identity });
    let mut pumps = JoinSet::new();
    pumps.spawn(pump(output, terminal.clone()));
    let mut typing = JoinSet::new();
    let keyboard = pty.map(|pty| {
        let (keyboard, types) = Keyboard::of(&terminal, pty);
        typing.spawn(types);
        keyboard
    });
    if let (Some(mut stdin), Some(text)) = (child.stdin.take(), launch.stdin.clone()) {
        typing.spawn(async move {
            // An agent that does not want it closes it.
            let _ = stdin.write_all(text.as_bytes()).await;
        });
    }
    if let (Some(keyboard), Some(prompt)) = (keyboard.clone(), launch.typed.clone()) {
        let terminal = terminal.clone();
        typing.spawn(async move { type_prompt(&terminal, &keyboard, &prompt).await });
    }
    let (wishes, mut wished) = mpsc::channel(4);
    let files = launch.log.parent().unwrap_or(&launch.directory);
    let mut rest = Rest::of(pid, files.to_path_buf(), terminal.clone(), keyboard.clone());
    let line = launch.uplink.clone().map(|uplink| {
        let post = launch.mail.clone().map(|mail| Post { mail, files: files.to_path_buf() });
        let desk = Desk { uplink, agent: identity, terminal: terminal.clone(), keyboard, post };
        Line::open(Arc::new(desk), wishes)
    });
    let forward = launch.uplink.as_ref().and_then(|uplink| Forward::of(launch, uplink));
    let mut terminate = signal(SignalKind::terminate()).ok();
    let (code, cause) = {
        let mut wishes =
            Wishes { orders: &mut orders, wished: &mut wished, terminate: &mut terminate, rest: &mut rest };
        let forwarded = async {
            match (&forward, &line) {
                (Some(forward), Some(line)) => forward.run(|| line.is_connected()).await,
                (_, _) => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = watch(&mut child, pid, &mut wishes, launch) => ended,
            never = forwarded => match never {},
        }
    };
    // Nobody has the other end any more, so the output ends; a bound all the same.
    let _ = tokio::time::timeout(LAST_OUTPUT, pumps.join_next()).await;
    pumps.abort_all();
    typing.abort_all();
    let recording = terminal.ended(code);
    if let (Some(line), Some(uplink)) = (line, &launch.uplink) {
        tell(&Told::Over);
        let ending = Ending::new(&uplink.incarnation, cause::report(cause, code));
        if let Err(error) = ending.write(files) {
            tracing::error!(incarnation = %uplink.incarnation, cause = %error, "ending not written to disk");
        }
        // The agent's last words come before its end.
        if let Some(forward) = forward.filter(|_| line.is_connected()) {
            let _ = tokio::time::timeout(LAST_REPORTS, forward.last()).await;
        }
        let going_down = cause.is_some_and(Cause::is_shutdown);
        let spawner = std::cell::RefCell::new(orders);
        let alone = || !going_down && spawner.borrow_mut().is_alone();
        tokio::select! {
            () = line.close(files, ending, recording.as_deref(), alone) => {}
            () = async {
                heard(&mut terminate).await;
                tokio::time::sleep(REPORT).await;
            } => tracing::info!(incarnation = %uplink.incarnation, "told to end; what is not told is left to the next spawner"),
        }
    }
    tell(&Told::Ended { code });
}

/// Types the first prompt once the agent has drawn something and is quiet: before that its program may throw keys away.
async fn type_prompt(terminal: &Terminal, keyboard: &Keyboard, prompt: &str) {
    let mut changes = terminal.changes();
    let drawn = async {
        while terminal.end() == 0 {
            if changes.changed().await.is_err() {
                return;
            }
        }
        while tokio::time::timeout(QUIET, changes.changed()).await.is_ok() {}
    };
    // One that is never quiet gets it all the same.
    let _ = tokio::time::timeout(NEVER_QUIET, drawn).await;
    if keyboard.prompt(prompt.as_bytes()).is_err() {
        tracing::warn!("the prompt was not typed: the agent does not read");
    }
}

/// Reads until nobody can write any more.
async fn pump(mut output: Output, terminal: Arc<Terminal>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length) = output.read(&mut buffer).await {
        if length == 0 {
            return;
        }
        terminal.output(&buffer[..length]);
    }
}

/// From where a reason to end the agent may come.
struct Wishes<'a> {
    orders: &'a mut Orders,
    wished: &'a mut mpsc::Receiver<Wish>,
    terminate: &'a mut Option<Signals>,
    rest: &'a mut Rest,
}

impl Wishes<'_> {
    /// Returns when there is one. What waits for the agent's rest keeps nothing else waiting.
    async fn next(&mut self) -> Cause {
        loop {
            tokio::select! {
                because = self.orders.stop() => return match because {
                    Because::Asked => Cause::Stop,
                    Because::Shutdown => Cause::Shutdown,
                },
                Some(wish) = self.wished.recv() => match wish {
                    Wish::End(cause) => return cause,
                    Wish::EndAtRest(rev) => self.rest.order(rev),
                    Wish::GoOn(rev) => self.rest.call_off(rev),
                },
                () = heard(self.terminate) => return Cause::Terminated,
                () = self.rest.come() => return Cause::Stop,
            }
        }
    }
}

/// Waits for the agent's end or a reason to end it; leaves nothing behind.
async fn watch(child: &mut Child, agent: u32, wishes: &mut Wishes<'_>, launch: &Launch) -> (i32, Option<Cause>) {
    let grace = Duration::from_millis(launch.grace_ms);
    let mut children = signal(SignalKind::child()).ok();
    let mut look = tokio::time::Instant::now() + LOOK;
    let mut missed = false;
    let ended = loop {
        tokio::select! {
            status = child.wait() => break Ok(status.ok()),
            cause = wishes.next() => break Err(cause),
            () = heard(&mut children) => reap_orphans(agent),
            () = tokio::time::sleep_until(look) => {
                // A file system that does not answer says nothing about them.
                let missing = launch.log.parent().is_some_and(|files| matches!(files.try_exists(), Ok(false)));
                if missing && missed {
                    break Err(Cause::Abandoned);
                }
                missed = missing;
                look = tokio::time::Instant::now() + if missing { LOOK_AGAIN } else { LOOK };
            }
        }
    };
    let (status, cause) = match ended {
        Ok(status) => {
            let wished = async {
                if status.is_some_and(was_told_to_end) {
                    tokio::time::timeout(SAME_MOMENT, wishes.next()).await.ok()
                } else {
                    None
                }
            };
            let (_, cause) = tokio::join!(end(|| os::family(agent), &[], grace), wished);
            (status, cause)
        }
        Err(cause) => {
            tracing::info!(?cause, agent, "to end");
            let asked: Vec<_> = os::family(agent).iter().filter(|p| p.group == agent).map(|p| p.identity).collect();
            os::signal_group(agent, Signal::TERM);
            os::signal_group(agent, Signal::CONT);
            end(|| os::family(agent), &asked, grace).await;
            // Whoever survives SIGKILL sits in the kernel; nobody waits for it here.
            let waited = tokio::time::timeout(Duration::from_secs(1), child.wait()).await;
            (waited.ok().and_then(Result::ok), Some(cause))
        }
    };
    reap_orphans(agent);
    (status.map_or(137, code_of), cause)
}

/// The spawner's orders, for as long as there is one.
struct Orders {
    lines: Lines<BufReader<Receiver>>,
    open: bool,
    /// It said so when there was nothing to stop any more.
    shuts_down: bool,
}

impl Orders {
    /// Returns when the spawner wants an end. Without a spawner: never.
    async fn stop(&mut self) -> Because {
        while self.open {
            match self.lines.next_line().await {
                Ok(Some(line)) => match serde_json::from_str(&line) {
                    Ok(Order::Stop { because }) => return because,
                    Ok(Order::Start(_)) | Err(_) => tracing::warn!("an order that means nothing"),
                },
                Ok(None) | Err(_) => {
                    tracing::info!("the spawner is gone; the holder goes on");
                    self.open = false;
                }
            }
        }
        std::future::pending().await
    }

    /// Whether the spawner is gone, as far as is known without waiting, and did not say that it shuts down: then it comes back
    /// and tells what is not told.
    fn is_alone(&mut self) -> bool {
        use futures::FutureExt;
        if self.open && self.stop().now_or_never() == Some(Because::Shutdown) {
            self.shuts_down = true;
        }
        !self.open && !self.shuts_down
    }
}

async fn heard(signal: &mut Option<Signals>) {
    if let Some(signal) = signal
        && signal.recv().await.is_some()
    {
        return;
    }
    std::future::pending().await
}

fn reap_orphans(agent: u32) {
    for orphan in os::adopted_children(&HashSet::from([agent])) {
        if orphan.zombie {
            os::reap(orphan.identity.pid);
        }
    }
}

/// By a signal with which a host that goes down ends everything, also where a shell in between says so.
fn was_told_to_end(status: ExitStatus) -> bool {
    [Signal::HUP, Signal::INT, Signal::TERM].iter().any(|signal| code_of(status) == 128 + signal.as_raw())
}

/// As shells say it: 128 + n for signal n.
fn code_of(status: ExitStatus) -> i32 {
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1)
}
