//! Starting the agent: in a terminal of its own, or with pipes.

use std::io;
use std::process::Stdio;

use maestro_wire::TerminalSize;
use pty_process::{OwnedReadPty, OwnedWritePty, Size};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, Command};

use super::protocol::Launch;

/// A started agent.
pub(super) struct Agent {
    pub child: Child,
    pub output: Output,
    /// Its terminal, to type into and to resize; none: it has pipes.
    pub terminal: Option<OwnedWritePty>,
}

/// Where its output comes from.
pub(super) enum Output {
    Terminal(OwnedReadPty),
    Pipe(Receiver),
}

impl Output {
    /// Reads; 0 is the end. Cancelling loses nothing.
    pub(super) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            // EIO is how a terminal says that nobody has it open any more.
            Self::Terminal(pty) => match pty.read(buffer).await {
                Err(error) if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) => Ok(0),
                other => other,
            },
            Self::Pipe(pipe) => pipe.read(buffer).await,
        }
    }
}

/// Starts the agent as the leader of a process group.
///
/// # Errors
/// When the program or the directory is not there, or there are no terminals left.
pub(super) fn start(launch: &Launch) -> io::Result<Agent> {
    match launch.terminal {
        Some(size) => in_terminal(launch, size),
        None => with_pipes(launch),
    }
}

fn command(launch: &Launch) -> Command {
    let mut command = Command::new(&launch.program);
    command.args(&launch.arguments).current_dir(&launch.directory).env_clear().envs(&launch.environment);
    command
}

fn in_terminal(launch: &Launch, size: TerminalSize) -> io::Result<Agent> {
    let (pty, pts) = pty_process::open().map_err(io::Error::other)?;
    pty.resize(of(size)).map_err(io::Error::other)?;
    let mut command = command(launch);
    command.env("TERM", "xterm-256color").env("COLORTERM", "truecolor");
    let spawned = pty_process::Command::from(command).spawn(pts);
    let child = spawned.map_err(|error| match error {
        pty_process::Error::Io(error) => error,
        other => io::Error::other(other),
    })?;
    let (read, write) = pty.into_split();
    Ok(Agent { child, output: Output::Terminal(read), terminal: Some(write) })
}

fn with_pipes(launch: &Launch) -> io::Result<Agent> {
    let (output, writer) = io::pipe()?;
    // The command owns the writing ends and goes at the end of this function: the agent then has the only ones.
    let child = command(launch)
        .stdin(if launch.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
        .stdout(writer.try_clone()?)
        .stderr(writer)
        .process_group(0)
        .spawn()?;
    Ok(Agent { child, output: Output::Pipe(Receiver::from_owned_fd(output.into())?), terminal: None })
}

/// The size as the kernel takes it.
pub(super) fn of(size: TerminalSize) -> Size {
    let size = size.bounded();
    Size::new(size.rows, size.cols)
}
