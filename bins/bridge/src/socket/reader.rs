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
use super::frame::{self, FromClient, Hello, TermResize, ToClient, VERSION};
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
    let mut rate = Rate::new(app.limits.commands_per_second, app.limits.command_burst, Instant::now());
    let mut nonsense = 0;
    let mut running = FuturesUnordered::<BoxFuture<'_, Utf8Bytes>>::new();
    let mut terminals = Terminals::new(app, terminal);
    let mut heard = tokio::time::Instant::now();
    loop {
        let received = tokio::select! {
            received = stream.next() => received,
            Some(reply) = running.next(), if !running.is_empty() => {
                if control.send(reply).await.is_err() { return Farewell::Gone }
                continue;
            }
            () = terminals.progress() => continue,
            () = tokio::time::sleep_until(heard + DEAD) => {
                app.metrics.unanswered_pings.one();
                return Farewell::Close(close_code::AWAY, "two pings were not answered");
            }
        };
        heard = tokio::time::Instant::now();
        app.metrics.frames_in.one();
        let text = match received {
            Some(Ok(Message::Text(text))) => text,
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            Some(Ok(Message::Binary(frame))) => {
                if let Err(error) = terminals.binary(&frame) {
                    app.metrics.bad_frames.one();
                    nonsense += 1;
                    if control.send(frame::error(&error)).await.is_err() || nonsense >= NONSENSE {
                        return Farewell::Close(close_code::POLICY, "too many frames that make no sense");
                    }
                }
                continue;
            }
            Some(Ok(Message::Close(_))) | None => return Farewell::Gone,
            Some(Err(cause)) => return broken(&cause, app.limits.frame_bytes, control).await,
        };
        let current = stage.borrow().target().map(|target| target.project.clone());
        let answer = match frame::parse(&text) {
            Ok(FromClient::Ping) => Some(ToClient::Pong {}.encode()),
            Ok(FromClient::Pong) => None,
            Ok(FromClient::Hello(_)) => Some(frame::error(&ErrorBody::new(
                ErrorCode::Usage,
                "hello was said already; `switch` changes the project",
            ))),
            Ok(FromClient::Switch(switch)) => {
                let head = *app.feed.head().borrow();
                let since = switch.since.filter(|since| *since <= head);
                let wanted = Target { project: switch.project, since };
                stage.send_modify(|stage| follow(stage, wanted));
                None
            }
            Ok(FromClient::Cmd(cmd)) => {
                if running.len() >= app.limits.commands_in_flight || !rate.take(Instant::now()) {
                    app.metrics.refused_rate.one();
                    Some(command::too_many(&cmd.id.to_string()))
                } else {
                    app.metrics.commands.one();
                    running.push(command::command(app, cmd, current).boxed());
                    None
                }
            }
            Ok(FromClient::Qry(qry)) => {
                if running.len() >= app.limits.commands_in_flight || !rate.take(Instant::now()) {
                    app.metrics.refused_rate.one();
                    Some(command::too_many(&qry.id))
                } else {
                    app.metrics.commands.one();
                    running.push(command::query(app, qry, current).boxed());
                    None
                }
            }
            Ok(FromClient::TermScreen(look)) => {
                if running.len() >= app.limits.commands_in_flight || !rate.take(Instant::now()) {
                    app.metrics.refused_rate.one();
                    Some(command::too_many(&look.id))
                } else {
                    running.push(command::screen(app, look, current).boxed());
                    None
                }
            }
            Ok(FromClient::Diff(diff)) => {
                if running.len() >= app.limits.commands_in_flight || !rate.take(Instant::now()) {
                    app.metrics.refused_rate.one();
                    Some(command::too_many(&diff.id))
                } else {
                    running.push(command::diff(app, diff, current).boxed());
                    None
                }
            }
            Ok(FromClient::TermOpen(open)) => {
                let opened = match current {
                    Some(project) => terminals.open(open, project),
                    None => Err(command::no_project()),
                };
                opened.err().map(|error| frame::error(&error))
            }
            Ok(FromClient::TermIn(typed)) => {
                let acted = terminals.act(typed.term, Act::Input(typed.text.into()));
                acted.err().map(|error| frame::error(&error))
            }
            Ok(FromClient::TermResize(TermResize { term, cols, rows })) => {
                let acted = if cols == 0 || rows == 0 || cols > SIZE || rows > SIZE {
                    Err(ErrorBody::new(ErrorCode::InvalidValue, format!("a terminal has 1 to {SIZE} columns and rows")))
                } else {
                    terminals.act(term, Act::Resize(TerminalSize { cols, rows }))
                };
                acted.err().map(|error| frame::error(&error))
            }
            Ok(FromClient::TermClose(close)) => {
                terminals.close(close.term);
                None
            }
            Err(error) => {
                nonsense += 1;
                app.metrics.bad_frames.one();
                let said = control.send(frame::error(&error)).await;
                if said.is_err() || nonsense >= NONSENSE {
                    return Farewell::Close(close_code::POLICY, "too many frames that make no sense");
                }
                continue;
            }
        };
        nonsense = 0;
        if let Some(answer) = answer
            && control.send(answer).await.is_err()
        {
            return Farewell::Gone;
        }
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

fn follow(stage: &mut Stage, wanted: Target) {
    match stage {
        Stage::Hello => {}
        Stage::Welcomed { target, .. } => *target = Some(wanted),
    }
}

/// Where the most is going on, for a client that names no project: living sessions, then tasks, then what is newest.
fn busiest(projects: &[Box<serde_json::value::RawValue>]) -> Option<ProjectId> {
    let views = projects.iter().filter_map(|row| serde_json::from_str::<ProjectView>(row.get()).ok());
    let most = views.max_by_key(|view| {
        (view.living_sessions, view.tasks.values().any(|count| *count > 0), view.project.updated_at)
    });
    most.map(|view| view.project.id)
}
