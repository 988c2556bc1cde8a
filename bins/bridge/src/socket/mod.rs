//! One client's WebSocket: a reader, a pump that brings commits, and a writer, all in one task.
//!
//! What is full: the writer's two channels make the pump and the replies wait, and a client that does not take
//! them is dead after two unanswered pings. Memory of a client is bounded by these channels and the sockets.

mod command;
mod frame;
mod heartbeat;
mod pump;
mod reader;
mod terminals;
mod writer;

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::{Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use futures::StreamExt as _;
use maestro_wire::{ErrorBody, ErrorCode};
use tokio::sync::{mpsc, watch};

use crate::http::{App, login::Entrant, refuse};
use pump::Stage;
use writer::Farewell;

/// What is wrong with a client's frame.
pub fn check(text: &str) -> Result<(), ErrorBody> {
    frame::parse(text).map(|_| ())
}

/// Replies, pongs and errors on their way; full: the reader waits.
const CONTROL: usize = 64;
/// Commits and pages on their way, a megabyte each at most; full: the pump waits and the ring moves on.
const DATA: usize = 8;
/// Output of terminals on its way, 16 KiB each as a rule; full: the viewer falls behind and gets the screen again.
const TERMINALS: usize = 16;

/// `GET /ws`.
pub async fn upgrade(State(app): State<Arc<App>>, headers: HeaderMap, upgrade: WebSocketUpgrade) -> Response {
    match app.entrant(&headers) {
        Some(Entrant::Program) => {}
        Some(Entrant::Browser) if headers.contains_key(header::ORIGIN) => {}
        // A cookie without an origin comes from no browser.
        Some(Entrant::Browser) | None => {
            app.metrics.refused_unknown.one();
            return app.unknown();
        }
    }
    let Ok(place) = app.places.clone().try_acquire_owned() else {
        app.metrics.refused_full.one();
        let text = format!("{} clients are connected, as many as are served", app.limits.clients);
        return refuse(StatusCode::SERVICE_UNAVAILABLE, ErrorBody::new(ErrorCode::Overloaded, text));
    };
    app.metrics.clients.one();
    let tracker = app.connections.clone();
    upgrade
        .max_message_size(app.limits.frame_bytes)
        .max_frame_size(app.limits.frame_bytes)
        .read_buffer_size(4 << 10)
        .write_buffer_size(8 << 10)
        .max_write_buffer_size(8 << 20)
        .on_upgrade(move |socket| {
            tracker.track_future(async move {
                serve(app, socket).await;
                drop(place);
            })
        })
}

async fn serve(app: Arc<App>, socket: WebSocket) {
    let (sink, stream) = socket.split();
    let (control, control_frames) = mpsc::channel::<Utf8Bytes>(CONTROL);
    let (data, data_frames) = mpsc::channel::<Utf8Bytes>(DATA);
    let (bytes, bytes_frames) = mpsc::channel::<Message>(TERMINALS);
    let (stage, stages) = watch::channel(Stage::Hello);
    let (farewell, farewells) = watch::channel::<Option<Farewell>>(None);
    let mut ledger = app.feed.ledger();
    let generation = ledger.borrow_and_update().generation;

    let reading = reader::read(&app, stream, &control, &bytes, &stage);
    let pumping = pump::pump(&app, stages, &control, data);
    let writing = writer::write(sink, control_frames, data_frames, bytes_frames, &app.metrics, farewells);
    let other_ledger = async {
        if ledger.wait_for(|ledger| ledger.generation != generation).await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    let ending = async {
        let why = tokio::select! {
            why = reading => why,
            () = pumping => Farewell::Gone,
            () = app.shutdown.cancelled() => Farewell::Bye("shutdown"),
            () = other_ledger => Farewell::Bye("ledger_changed"),
        };
        farewell.send_replace(Some(why));
        // The writer ends us when it has said it.
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = writing => {}
        () = ending => {}
    }
}
