//! The terminals that one client has open.

use std::collections::BTreeMap;

use axum::extract::ws::Message;
use bytes::{BufMut as _, Bytes, BytesMut};
use futures::FutureExt as _;
use futures::StreamExt as _;
use futures::future::{AbortHandle, Abortable, BoxFuture};
use futures::stream::FuturesUnordered;
use maestro_wire::{ErrorBody, ErrorCode, TerminalSize};
use tokio::sync::mpsc;

use super::frame::{self, TermOpen, ToClient};
use crate::http::App;
use crate::terminal::{self, Act, Event, Place};

/// Terminals of one client at once.
pub const OPEN: usize = 16;
/// What somebody typed and nobody took yet; full: it is said that it got lost.
const ACTS: usize = 64;
/// Output on its way into the client's own queue; full: the viewer falls behind and gets the screen again.
const EVENTS: usize = 8;

/// Binary frames: what it is, the terminal's number, the offset of its first byte, the bytes. Input has no offset.
const OUTPUT: u8 = 0;
const SCREEN: u8 = 1;
const PAST: u8 = 2;
const INPUT: u8 = 16;

pub struct Terminals<'a> {
    app: &'a App,
    out: &'a mpsc::Sender<Message>,
    open: BTreeMap<u32, (mpsc::Sender<Act>, AbortHandle)>,
    running: FuturesUnordered<BoxFuture<'a, Option<u32>>>,
}

impl<'a> Terminals<'a> {
    /// What terminals say goes through `out`, so that a frame about bytes never overtakes them.
    pub fn new(app: &'a App, out: &'a mpsc::Sender<Message>) -> Self {
        Self { app, out, open: BTreeMap::new(), running: FuturesUnordered::new() }
    }

    /// # Errors
    /// When it cannot be opened.
    pub fn open(&mut self, open: TermOpen, project: maestro_domain::ProjectId) -> Result<(), ErrorBody> {
        let Some(work) = self.app.work.clone() else {
            return Err(ErrorBody::new(ErrorCode::Unavailable, "this bridge has no connection for terminals")
                .suggest("start it with MAESTRO_WORK_URL, as `maestro up` does"));
        };
        if self.open.contains_key(&open.term) {
            return Err(ErrorBody::new(ErrorCode::InvalidValue, format!("terminal {} is open already", open.term)));
        }
        if self.open.len() >= OPEN {
            let text = format!("a client has at most {OPEN} terminals open");
            return Err(ErrorBody::new(ErrorCode::LimitReached, text).suggest("close one first"));
        }
        let place = Place { project, session: open.session, epoch: open.epoch };
        let who = ulid::Ulid::generate().to_string();
        let (acts, acted) = mpsc::channel(ACTS);
        let (abort, registration) = AbortHandle::new_pair();
        let (out, term) = (self.out, open.term);
        let viewing = async move {
            let (events, mut told) = mpsc::channel(EVENTS);
            let telling = async {
                while let Some(event) = told.recv().await {
                    if tell(term, &place, event, out).await.is_err() {
                        return;
                    }
                }
            };
            let attached = async {
                terminal::attach(&work, &place, &who, acted, &events).await;
                drop(events);
            };
            futures::future::join(attached, telling).await;
        };
        self.app.metrics.terminals.one();
        self.open.insert(term, (acts, abort));
        self.running.push(Abortable::new(viewing, registration).map(move |ended| ended.ok().map(|()| term)).boxed());
        Ok(())
    }

    pub fn close(&mut self, term: u32) {
        if let Some((_, abort)) = self.open.remove(&term) {
            abort.abort();
        }
    }

    /// # Errors
    /// When there is no such terminal, or it does not take what is typed.
    pub fn act(&self, term: u32, act: Act) -> Result<(), ErrorBody> {
        let Some((acts, _)) = self.open.get(&term) else {
            return Err(ErrorBody::new(ErrorCode::InvalidValue, format!("terminal {term} is not open"))
                .suggest("open it with `term.open`"));
        };
        acts.try_send(act).map_err(|_| {
            ErrorBody::new(
                ErrorCode::Overloaded,
                format!("terminal {term} does not take what is typed as fast as it comes"),
            )
        })
    }

    /// A binary frame of the client.
    ///
    /// # Errors
    /// When it is not the input of an open terminal.
    pub fn binary(&self, frame: &Bytes) -> Result<(), ErrorBody> {
        let wrong = || {
            ErrorBody::new(
                ErrorCode::InvalidValue,
                "a binary frame is 16, a terminal's number (4 bytes) and what is typed",
            )
        };
        if frame.len() < 5 || frame[0] != INPUT {
            return Err(wrong());
        }
        let term = u32::from_be_bytes([frame[1], frame[2], frame[3], frame[4]]);
        self.act(term, Act::Input(frame.slice(5..)))
    }

    /// Drives what is open; says when one ended by itself. Pending while none is open.
    pub async fn progress(&mut self) {
        match self.running.next().await {
            Some(Some(term)) => {
                self.open.remove(&term);
            }
            Some(None) => {}
            None => std::future::pending().await,
        }
    }
}

struct Gone;

async fn tell(term: u32, place: &Place, event: Event, out: &mpsc::Sender<Message>) -> Result<(), Gone> {
    let say = async |frame: ToClient<'_>| out.send(Message::Text(frame.encode())).await.map_err(|_| Gone);
    let send = async |kind, offset, piece: &[u8]| {
        out.send(Message::Binary(binary(kind, term, offset, piece))).await.map_err(|_| Gone)
    };
    match event {
        Event::Screen { screen, past } => {
            let maestro_wire::ScreenView { cols, rows, offset, plain, .. } = screen.view;
            let (session, epoch) = (place.session, place.epoch);
            say(ToClient::TermOpened { term, session, epoch, cols, rows, offset, plain }).await?;
            for piece in past {
                send(PAST, 0, &piece).await?;
            }
            send(SCREEN, offset, &screen.bytes).await
        }
        Event::Output { offset, bytes } => send(OUTPUT, offset, &bytes).await,
        Event::Resized(TerminalSize { cols, rows }) => say(ToClient::TermSize { term, cols, rows }).await,
        Event::Ended(code) => {
            let reason =
                code.map_or_else(|| "the agent ended".to_owned(), |code| format!("the agent ended with code {code}"));
            say(ToClient::TermClosed { term, reason: &reason }).await
        }
        Event::Gone { past } => {
            for piece in past {
                send(PAST, 0, &piece).await?;
            }
            say(ToClient::TermClosed { term, reason: "nobody holds it any more" }).await
        }
        Event::Lost(why) => {
            let text = format!("what was typed into terminal {term} did not arrive: {why}");
            let error = ErrorBody::new(ErrorCode::Unavailable, text);
            out.send(Message::Text(frame::error(&error))).await.map_err(|_| Gone)
        }
    }
}

fn binary(kind: u8, term: u32, offset: u64, piece: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(13 + piece.len());
    frame.put_u8(kind);
    frame.put_u32(term);
    frame.put_u64(offset);
    frame.put_slice(piece);
    frame.freeze()
}
