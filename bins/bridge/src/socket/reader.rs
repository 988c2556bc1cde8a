//! Reads a client's frames and answers them.

use std::time::{Duration, Instant};

use axum::extract::ws::{Message, Utf8Bytes, WebSocket, close_code};
use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, SplitStream};
use futures::{FutureExt as _, StreamExt as _};
use maestro_domain::ProjectId;
use maestro_wire::{ErrorBody, ErrorCode, ProjectView, TerminalSize};
use tokio::sync::{mpsc, watch};

use super::command;
use super::frame::{self, FromClient, Hello, Switch, TermResize, ToClient, VERSION};
use super::heartbeat::DEAD;
use super::pump::{Stage, Target};
use super::terminals::Terminals;
use super::writer::Farewell;
use crate::http::App;
use crate::limit::Rate;
use crate::snapshot;
use crate::terminal::Act;

/// How long a client may take to say hello, and the bridge to know its ledger.
const HELLO: Duration = Duration::from_secs(10);
const LEDGER: Duration = Duration::from_secs(5);
/// How long a welcome waits for the list of projects.
const PROJECTS: Duration = Duration::from_secs(2);
/// Frames that make no sense, one after the other, before the connection is closed.
const NONSENSE: u32 = 20;
/// Columns and rows of a terminal at most.
const SIZE: u16 = 1000;

/// Reads until the connection ends; says how to end it.
pub async fn read(
    app: &App,
    mut stream: SplitStream<WebSocket>,
    control: &mpsc::Sender<Utf8Bytes>,
    terminal: &mpsc::Sender<Message>,
    stage: &watch::Sender<Stage>,
) -> Farewell {
    let hello = match tokio::time::timeout(HELLO, hello(&mut stream, control)).await {
        Ok(Ok(hello)) => hello,
        Ok(Err(farewell)) => return farewell,
        Err(_) => return Farewell::Close(close_code::POLICY, "no hello came"),
    };
    // What happens once is kept apart, so that it takes no memory for as long as the client stays.
    if let Err(farewell) = Box::pin(welcome(app, hello, control, stage)).await {
        return farewell;
    }
    Client {
        app,
        control,
        stage,
        rate: Rate::new(app.limits.commands_per_second, app.limits.command_burst, Instant::now()),
        nonsense: 0,
        running: FuturesUnordered::new(),
        terminals: Terminals::new(app, terminal),
    }
    .serve(stream)
    .await
}

/// A client that was welcomed.
struct Client<'a> {
    app: &'a App,
    control: &'a mpsc::Sender<Utf8Bytes>,
    stage: &'a watch::Sender<Stage>,
    rate: Rate,
    /// Frames that made no sense, one after the other.
    nonsense: u32,
    /// What is being answered.
    running: FuturesUnordered<BoxFuture<'a, Utf8Bytes>>,
    terminals: Terminals<'a>,
}

impl<'a> Client<'a> {
    async fn serve(mut self, mut stream: SplitStream<WebSocket>) -> Farewell {
        let mut heard = tokio::time::Instant::now();
        loop {
            let received = tokio::select! {
                received = stream.next() => received,
                Some(reply) = self.running.next(), if !self.running.is_empty() => {
                    if self.control.send(reply).await.is_err() { return Farewell::Gone }
                    continue;
                }
                () = self.terminals.progress() => continue,
                () = tokio::time::sleep_until(heard + DEAD) => {
                    self.app.metrics.unanswered_pings.one();
                    return Farewell::Close(close_code::AWAY, "two pings were not answered");
                }
            };
            heard = tokio::time::Instant::now();
            self.app.metrics.frames_in.one();
            if let Err(farewell) = self.receive(received).await {
                return farewell;
            }
        }
    }

    async fn receive(&mut self, received: Option<Result<Message, axum::Error>>) -> Result<(), Farewell> {
        match received {
            Some(Ok(Message::Text(text))) => match frame::parse(&text) {
                Ok(frame) => {
                    self.nonsense = 0;
                    match self.take(frame) {
                        Some(answer) => self.control.send(answer).await.map_err(|_| Farewell::Gone),
                        None => Ok(()),
                    }
                }
                Err(error) => self.nonsense(&error).await,
            },
            Some(Ok(Message::Binary(frame))) => match self.terminals.binary(&frame) {
                Ok(()) => Ok(()),
                Err(error) => self.nonsense(&error).await,
            },
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => Ok(()),
            Some(Ok(Message::Close(_))) | None => Err(Farewell::Gone),
            Some(Err(cause)) => Err(broken(&cause, self.app.limits.frame_bytes, self.control).await),
        }
    }

    /// What is answered at once; the rest comes when it is done.
    fn take(&mut self, frame: FromClient) -> Option<Utf8Bytes> {
        let app = self.app;
        let current = self.stage.borrow().target().map(|target| target.project.clone());
        let done = match frame {
            FromClient::Ping => return Some(ToClient::Pong {}.encode()),
            FromClient::Pong => return None,
            FromClient::Cmd(cmd) => return self.admit(&cmd.id.to_string(), command::command(app, cmd, current)),
            FromClient::Qry(qry) => return self.admit(&qry.id.clone(), command::query(app, qry, current)),
            FromClient::TermScreen(look) => return self.admit(&look.id.clone(), command::screen(app, look, current)),
            FromClient::Diff(diff) => return self.admit(&diff.id.clone(), command::diff(app, diff, current)),
            FromClient::Switch(switch) => {
                self.follow(switch);
                return None;
            }
            FromClient::TermClose(close) => {
                self.terminals.close(close.term);
                return None;
            }
            FromClient::Hello(_) => {
                Err(ErrorBody::new(ErrorCode::Usage, "hello was said already; `switch` changes the project"))
            }
            FromClient::TermOpen(open) => match current {
                Some(project) => self.terminals.open(open, project),
                None => Err(command::no_project()),
            },
            FromClient::TermIn(typed) => self.terminals.act(typed.term, Act::Input(typed.text.into())),
            FromClient::TermResize(resize) => self.resize(resize),
        };
        done.err().map(|error| frame::error(&error))
    }

    /// Begins to answer, unless the client asks for too much at once.
    fn admit(&mut self, id: &str, answer: impl Future<Output = Utf8Bytes> + Send + 'a) -> Option<Utf8Bytes> {
        if self.running.len() >= self.app.limits.commands_in_flight || !self.rate.take(Instant::now()) {
            self.app.metrics.refused_rate.one();
            return Some(command::too_many(id));
        }
        self.running.push(answer.boxed());
        None
    }

    fn follow(&self, switch: Switch) {
        let head = *self.app.feed.head().borrow();
        let since = switch.since.filter(|since| *since <= head);
        let wanted = Target { project: switch.project, since };
        self.stage.send_modify(|stage| match stage {
            Stage::Hello => {}
            Stage::Welcomed { target, .. } => *target = Some(wanted),
        });
    }

    fn resize(&self, TermResize { term, cols, rows }: TermResize) -> Result<(), ErrorBody> {
        if cols == 0 || rows == 0 || cols > SIZE || rows > SIZE {
            return Err(ErrorBody::new(
                ErrorCode::InvalidValue,
                format!("a terminal has 1 to {SIZE} columns and rows"),
            ));
        }
        self.terminals.act(term, Act::Resize(TerminalSize { cols, rows }))
    }

    /// Says what is wrong with a frame. So many one after the other are the end.
    async fn nonsense(&mut self, error: &ErrorBody) -> Result<(), Farewell> {
        self.nonsense += 1;
        self.app.metrics.bad_frames.one();
        if self.control.send(frame::error(error)).await.is_err() || self.nonsense >= NONSENSE {
            return Err(Farewell::Close(close_code::POLICY, "too many frames that make no sense"));
        }
        Ok(())
    }
}

/// A frame that cannot be read at all: too large, or no WebSocket frame.
async fn broken(cause: &axum::Error, limit: usize, control: &mpsc::Sender<Utf8Bytes>) -> Farewell {
    let text = cause.to_string();
    tracing::info!(cause = text, "a client's frame cannot be read");
    if text.contains("too long") || text.contains("too big") || text.contains("Space limit") {
        let error = ErrorBody::new(ErrorCode::TooLarge, format!("a frame has at most {limit} bytes"));
        // A client that is gone needs no answer.
        let _ = control.send(frame::error(&error)).await;
        return Farewell::Close(close_code::SIZE, "frame too large");
    }
    Farewell::Gone
}

async fn hello(stream: &mut SplitStream<WebSocket>, control: &mpsc::Sender<Utf8Bytes>) -> Result<Hello, Farewell> {
    loop {
        let text = match stream.next().await {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Binary(_))) => {
                return Err(Farewell::Close(close_code::UNSUPPORTED, "hello is JSON text"));
            }
            Some(Ok(Message::Close(_))) | None => return Err(Farewell::Gone),
            Some(Err(cause)) => return Err(broken(&cause, 256 << 10, control).await),
        };
        let error = match frame::parse(&text) {
            Ok(FromClient::Hello(hello)) if hello.version == VERSION => return Ok(hello),
            Ok(FromClient::Hello(hello)) => {
                let text = format!("this bridge speaks version {VERSION}, the client {}", hello.version);
                ErrorBody::new(ErrorCode::UnsupportedVersion, text).suggest("load the page again")
            }
            Ok(_) => ErrorBody::new(ErrorCode::Usage, "the first frame is `hello`"),
            Err(error) => error,
        };
        let _ = control.send(frame::error(&error)).await;
        return Err(Farewell::Close(close_code::PROTOCOL, "no hello of this version"));
    }
}

async fn welcome(
    app: &App,
    hello: Hello,
    control: &mpsc::Sender<Utf8Bytes>,
    stage: &watch::Sender<Stage>,
) -> Result<(), Farewell> {
    let mut known = app.feed.ledger();
    let known = tokio::time::timeout(LEDGER, known.wait_for(|ledger| ledger.id.is_some() && ledger.following)).await;
    let Some(ledger) = known.ok().and_then(Result::ok).and_then(|ledger| ledger.id.clone()) else {
        let error =
            ErrorBody::new(ErrorCode::Unavailable, "the ledger cannot be read now").commands(["maestro doctor"]);
        let _ = control.send(frame::error(&error)).await;
        return Err(Farewell::Bye("unavailable"));
    };
    let projects =
        tokio::time::timeout(PROJECTS, snapshot::projects(&app.caller, None)).await.ok().and_then(Result::ok);
    let project = hello.project.or_else(|| busiest(projects.as_deref()?));
    let frame = ToClient::Welcome {
        version: VERSION,
        ledger: &ledger,
        project: project.as_ref(),
        projects: projects.as_deref(),
        user: app.caller.actor(),
        server_version: env!("CARGO_PKG_VERSION"),
        moves: &frame::moves(),
        terminals: app.work.is_some(),
    };
    control.send(frame.encode()).await.map_err(|_| Farewell::Gone)?;
    let head = *app.feed.head().borrow();
    // A position counts in its own ledger only, and never lies ahead of it.
    let since = hello.since.filter(|since| hello.ledger.as_ref() == Some(&ledger) && *since <= head);
    let target = project.map(|project| Target { project, since });
    stage.send_replace(Stage::Welcomed { listed: projects.is_some(), target });
    Ok(())
}

/// Where the most is going on, for a client that names no project: living sessions, then tasks, then what is newest.
fn busiest(projects: &[Box<serde_json::value::RawValue>]) -> Option<ProjectId> {
    let views = projects.iter().filter_map(|row| serde_json::from_str::<ProjectView>(row.get()).ok());
    let most = views.max_by_key(|view| {
        (view.living_sessions, view.tasks.values().any(|count| *count > 0), view.project.updated_at)
    });
    most.map(|view| view.project.id)
}
