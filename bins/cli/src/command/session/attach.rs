//! `session attach`: somebody's terminal becomes the session's.

use std::pin::Pin;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use maestro_client::{Piece, Splice, Spliced, Subscription};
use maestro_domain::SessionId;
use maestro_wire::{ErrorBody, ErrorCode, TerminalAnswer, header, with_carriage_returns};
use serde::Serialize;
use tokio::io::AsyncReadExt;
use tokio::signal::unix::{SignalKind, signal};
use tokio::time::{Instant, sleep_until};

use crate::context::Context;
use crate::output::{Output, internal};
use crate::terminal::detach::{Keys, Watch};
use crate::terminal::seat::Seat;
use crate::terminal::tty;

/// How often it is looked whether a silent session is still held.
const LOOK: Duration = Duration::from_secs(5);

/// For how long somebody who goes waits until the session has what they typed last.
const GOING: Duration = Duration::from_secs(1);

/// Work in a session's terminal, or watch it
#[derive(Args, Debug)]
pub struct AttachArgs {
    /// Its id
    pub session: SessionId,
    /// Only watch: nothing is typed and the size stays
    #[arg(long, short = 'r')]
    pub read_only: bool,
    /// The keys that end it; the session goes on
    #[arg(long, value_name = "KEYS", default_value = "ctrl-]")]
    pub detach_keys: Keys,
}

/// How it ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Left {
    session: SessionId,
    epoch: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i32>,
}

pub async fn run(args: AttachArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let id = args.session;
    if ctx.json() || !tty::is_there() {
        return Err(ErrorBody::new(ErrorCode::Usage, "attaching takes a terminal, and there is none")
            .commands([format!("maestro session logs {id}"), "maestro session send --help".to_owned()]));
    }
    let seat = Seat::of(ctx, id, None).await?;
    // Before anything is drawn: whoever cannot attach is told so on a plain screen.
    seat.screen().await?;
    let raw = tty::Raw::enter().map_err(|error| internal(format!("the terminal: {error}")))?;
    let left = Viewer::new(&seat, &args).await?.run().await;
    drop(raw);
    let code = left?;
    let epoch = seat.epoch;
    Ok(Output::new(&Left { session: id, epoch, code }, move || match code {
        Some(code) => format!("{id} has exited with code {code}"),
        None => format!("detached from {id}; it goes on"),
    }))
}

type Sending = Pin<Box<dyn Future<Output = Result<TerminalAnswer, ErrorBody>>>>;

struct Viewer<'a> {
    seat: &'a Seat,
    read_only: bool,
    keys: Watch,
    output: Subscription,
    splice: Splice,
    /// Typed and not sent yet; bounded, then the keyboard waits.
    typed: Vec<u8>,
    sending: Option<Sending>,
    /// The session has no terminal: its lines end with a line feed alone.
    plain: bool,
}

enum Next {
    GoesOn,
    /// Detached, or ended with this code.
    Over(Option<i32>),
}

impl<'a> Viewer<'a> {
    async fn new(seat: &'a Seat, args: &AttachArgs) -> Result<Self, ErrorBody> {
        let mut viewer = Self {
            seat,
            read_only: args.read_only,
            keys: Watch::new(args.detach_keys.clone()),
            // First, so that nothing falls between the picture and what follows it.
            output: seat.listen().await?,
            splice: Splice::at(0),
            typed: Vec::new(),
            sending: None,
            plain: false,
        };
        viewer.take_size().await?;
        viewer.draw().await?;
        Ok(viewer)
    }

    async fn run(mut self) -> Result<Option<i32>, ErrorBody> {
        let mut stdin = tokio::io::stdin();
        let mut buffer = vec![0; 4096];
        let mut resized = signal(SignalKind::window_change()).map_err(|error| internal(error.to_string()))?;
        let mut terminated = signal(SignalKind::terminate()).map_err(|error| internal(error.to_string()))?;
        let mut hung_up = signal(SignalKind::hangup()).map_err(|error| internal(error.to_string()))?;
        let mut look = Instant::now() + LOOK;
        loop {
            if self.sending.is_none() && !self.typed.is_empty() {
                let (seat, typed) = (self.seat.clone(), std::mem::take(&mut self.typed));
                self.sending = Some(Box::pin(async move { seat.keys(typed, tty::size()).await }));
            }
            let next = tokio::select! {
                message = self.output.next() => match message {
                    Some(message) => {
                        look = Instant::now() + LOOK;
                        match Piece::of(&message) {
                            Some(piece) => self.show(&piece).await?,
                            None => Next::GoesOn,
                        }
                    }
                    None => return Err(maestro_client::RequestError::Disconnected { maybe_sent: false }.into()),
                },
                read = stdin.read(&mut buffer), if self.typed.len() < header::MAX_INPUT / 2 => match read {
                    Ok(0) | Err(_) => Next::Over(None),
                    Ok(length) => self.take_keys(&buffer[..length]),
                },
                answer = sent(&mut self.sending) => self.heard(answer)?,
                _ = resized.recv() => {
                    self.take_size().await?;
                    Next::GoesOn
                }
                _ = terminated.recv() => Next::Over(None),
                _ = hung_up.recv() => Next::Over(None),
                () = sleep_until(look) => {
                    look = Instant::now() + LOOK;
                    self.look().await?
                }
            };
            if let Next::Over(code) = next {
                if code.is_none() && !self.read_only {
                    self.leave().await;
                }
                return Ok(code);
            }
        }
    }

    /// What was typed before goes first; one who goes does not wait for long.
    async fn leave(&mut self) {
        let last = async {
            if let Some(sending) = self.sending.take() {
                let _ = sending.await;
            }
            if !self.typed.is_empty() {
                let _ = self.seat.keys(std::mem::take(&mut self.typed), tty::size()).await;
            }
        };
        let _ = tokio::time::timeout(GOING, last).await;
        self.seat.leave().await;
    }

    fn take_keys(&mut self, typed: &[u8]) -> Next {
        let (passed, detach) = self.keys.take(typed);
        if !self.read_only {
            self.typed.extend_from_slice(&passed);
        }
        if detach { Next::Over(None) } else { Next::GoesOn }
    }

    /// What became of input. An agent that does not read rings the bell; the rest ends it.
    fn heard(&mut self, answer: Result<TerminalAnswer, ErrorBody>) -> Result<Next, ErrorBody> {
        self.sending = None;
        match answer {
            Ok(_) => Ok(Next::GoesOn),
            Err(error) if error.code == ErrorCode::Overloaded || error.code == ErrorCode::TimedOut => {
                self.typed.clear();
                self.write(b"\x07")
            }
            // The last message of the output says with which code it ended.
            Err(error) if error.code == ErrorCode::Unavailable || error.code == ErrorCode::SessionState => {
                Ok(Next::GoesOn)
            }
            Err(error) => Err(error),
        }
    }

    async fn show(&mut self, piece: &Piece) -> Result<Next, ErrorBody> {
        let next = match self.splice.take(piece) {
            Spliced::More(bytes) | Spliced::Gap { bytes, .. } if self.plain => {
                self.write(&with_carriage_returns(&bytes))?
            }
            Spliced::More(bytes) | Spliced::Gap { bytes, .. } => self.write(&bytes)?,
            // Lost on the way to us: the picture is right again at once, the bytes between do not matter.
            Spliced::Missing { .. } => match self.draw().await {
                Ok(next) => next,
                Err(error) if piece.code.is_none() => return Err(error),
                Err(_) => Next::GoesOn,
            },
        };
        Ok(piece.code.map_or(next, |code| Next::Over(Some(code))))
    }

    async fn draw(&mut self) -> Result<Next, ErrorBody> {
        let screen = self.seat.screen().await?;
        self.splice = Splice::at(screen.offset);
        self.plain = screen.plain;
        let state = STANDARD.decode(&screen.state).map_err(|_| internal("the screen is no base64"))?;
        self.write(b"\x1b[?1049l\x1b[0m\x1b[r\x1b[2J\x1b[H")?;
        self.write(&state)
    }

    fn write(&self, bytes: &[u8]) -> Result<Next, ErrorBody> {
        // A terminal that is gone has been left.
        Ok(if tty::write(bytes).is_ok() { Next::GoesOn } else { Next::Over(None) })
    }

    async fn take_size(&self) -> Result<(), ErrorBody> {
        if let (false, Some(size)) = (self.read_only, tty::size()) {
            self.seat.resize(size).await?;
        }
        Ok(())
    }

    /// Nothing came for a while: it may be silent, or gone without a word.
    async fn look(&mut self) -> Result<Next, ErrorBody> {
        match self.seat.is_held().await {
            Some(true) => {
                // Something may have been lost with a connection.
                let screen = self.seat.screen().await?;
                if screen.offset == self.splice.next() { Ok(Next::GoesOn) } else { self.draw().await }
            }
            Some(false) => Err(self.seat.not_held()),
            None => Ok(Next::GoesOn),
        }
    }
}

async fn sent(sending: &mut Option<Sending>) -> Result<TerminalAnswer, ErrorBody> {
    match sending {
        Some(sending) => sending.await,
        None => std::future::pending().await,
    }
}
