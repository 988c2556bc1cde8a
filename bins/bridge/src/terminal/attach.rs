//! One viewer of one terminal.

use std::time::Duration;

use maestro_client::{Bytes, Client, Piece, Splice, Spliced};
use maestro_wire::TerminalSize;
use tokio::sync::mpsc;

use super::holder::{self, Failure, Screen};
use super::{Place, past};

/// How often a holder that does not answer is asked again, and how long it may take.
const RETRY: Duration = Duration::from_millis(500);
const TRIES: u32 = 20;
/// A holder that nobody heard of is asked a few times: it may be about to come.
const TRIES_GONE: u32 = 4;

/// Silence after which it is asked whether something was dropped.
const SILENCE: Duration = Duration::from_secs(1);

/// What a viewer does.
#[derive(Clone, Debug)]
pub enum Act {
    Input(Bytes),
    Resize(TerminalSize),
}

/// What a viewer gets.
#[derive(Clone, Debug)]
pub enum Event {
    /// The state of a live terminal; `past` is what scrolled by before it.
    Screen { screen: Screen, past: Vec<Bytes> },
    /// Bytes that follow, and the offset of the first.
    Output { offset: u64, bytes: Bytes },
    /// Somebody made it larger or smaller.
    Resized(TerminalSize),
    /// The agent ended, and with it its terminal.
    Ended(Option<i32>),
    /// Nobody holds it; this is what is left of it.
    Gone { past: Vec<Bytes> },
    /// An act did not arrive.
    Lost(String),
}

/// Shows until the viewer is gone (`events` closed) or the terminal is. Its acts are carried out in their order.
pub async fn attach(
    work: &Client,
    place: &Place,
    who: &str,
    mut acts: mpsc::Receiver<Act>,
    events: &mpsc::Sender<Event>,
) {
    let acting = async {
        let mut size = None;
        while let Some(act) = acts.recv().await {
            let done = match act {
                Act::Input(bytes) => holder::input(work, place, who, size, bytes).await,
                Act::Resize(wanted) => {
                    size = Some(wanted);
                    holder::resize(work, place, who, wanted).await
                }
            };
            let told = match done {
                Ok(()) => Ok(()),
                Err(Failure::Gone) => events.send(Event::Lost("nobody holds this terminal".to_owned())).await,
                Err(Failure::Silent(why)) => events.send(Event::Lost(why)).await,
            };
            if told.is_err() {
                return;
            }
        }
        // Nobody types any more; somebody may still look.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = acting => {}
        () = look(work, place, events) => {}
    }
}

async fn look(work: &Client, place: &Place, events: &mpsc::Sender<Event>) {
    let mut first = true;
    loop {
        // Listened to before the screen is asked for, so that nothing falls between the two.
        let Ok(mut output) = work.subscribe(&place.subject("out"), None).await else { return };
        let mut missed = Missed::by(work);
        let Some(screen) = find(work, place, events).await else {
            let past = past::read(work, place, None).await;
            // A viewer that is gone needs no end.
            let _ = events.send(Event::Gone { past }).await;
            return;
        };
        let past = if first { past::read(work, place, Some(screen.view.offset)).await } else { Vec::new() };
        first = false;
        let mut splice = Splice::at(screen.view.offset);
        let mut size = TerminalSize { cols: screen.view.cols, rows: screen.view.rows };
        if events.send(Event::Screen { screen, past }).await.is_err() {
            return;
        }
        loop {
            let message = tokio::select! {
                message = output.next() => message,
                // What did not arrive may have been the last for long: silence tells nothing then.
                () = tokio::time::sleep(SILENCE) => {
                    let now = Missed::by(work);
                    if now == missed || !work.is_connected() {
                        continue;
                    }
                    match holder::screen(work, place).await {
                        Ok(screen) if screen.view.offset > splice.next() => break,
                        Ok(_) => missed = now,
                        // It may be on its way back too, as after the broker's restart: it is asked again.
                        Err(_) if events.is_closed() => return,
                        Err(_) => {}
                    }
                    continue;
                }
            };
            let Some(message) = message else { return };
            let Some(piece) = Piece::of(&message) else { continue };
            let bytes = match splice.take(&piece) {
                Spliced::More(bytes) | Spliced::Gap { bytes, .. } => bytes,
                Spliced::Missing { from, to } => {
                    tracing::debug!(session = %place.session, from, to, "output is missing; the screen is asked for");
                    break;
                }
            };
            let mut told = Ok(());
            if let Some(new) = piece.size.filter(|new| *new != size) {
                size = new;
                told = events.send(Event::Resized(new)).await;
            }
            if !bytes.is_empty() && told.is_ok() {
                let offset = splice.next() - bytes.len() as u64;
                told = events.send(Event::Output { offset, bytes }).await;
            }
            if piece.code.is_some() && told.is_ok() {
                told = events.send(Event::Ended(piece.code)).await;
            }
            if told.is_err() || piece.code.is_some() {
                return;
            }
        }
    }
}

/// What may have kept output from arriving: a full subscription drops messages, a lost connection carries none.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Missed {
    dropped: u64,
    losses: u64,
}

impl Missed {
    fn by(work: &Client) -> Self {
        Self { dropped: work.dropped_messages(), losses: work.link().borrow().losses }
    }
}

/// The screen, asked for until somebody answers; `None` when nobody does.
async fn find(work: &Client, place: &Place, events: &mpsc::Sender<Event>) -> Option<Screen> {
    let (mut gone, mut tries) = (0, 0);
    loop {
        match holder::screen(work, place).await {
            Ok(screen) => return Some(screen),
            Err(Failure::Gone) => gone += 1,
            Err(Failure::Silent(cause)) => {
                tracing::debug!(session = %place.session, cause, "a holder does not answer");
                tries += 1;
            }
        }
        if gone >= TRIES_GONE || tries >= TRIES || events.is_closed() {
            return None;
        }
        tokio::time::sleep(RETRY).await;
    }
}
