//! The only one that writes to the socket.

use std::time::Duration;

use axum::Error;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, close_code};
use futures::SinkExt as _;
use futures::stream::SplitSink;
use tokio::sync::{mpsc, watch};
use tokio::time::MissedTickBehavior;

use super::frame::ToClient;
use super::heartbeat::PING;
use crate::metrics::Metrics;

/// How long a farewell may take.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// How a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Farewell {
    /// Nobody is there to hear it.
    Gone,
    /// The client is told to come back.
    Bye(&'static str),
    /// The client broke the protocol: these are the close frame's code and reason.
    Close(u16, &'static str),
}

/// Writes until the connection ends or a farewell is said. Control frames go first.
pub async fn write(
    mut sink: SplitSink<WebSocket, Message>,
    mut control: mpsc::Receiver<Utf8Bytes>,
    mut data: mpsc::Receiver<Utf8Bytes>,
    mut terminals: mpsc::Receiver<Message>,
    metrics: &Metrics,
    mut farewells: watch::Receiver<Option<Farewell>>,
) {
    let farewell = {
        let working = forward(&mut sink, &mut control, &mut data, &mut terminals, metrics);
        tokio::select! {
            _ = working => Farewell::Gone,
            found = farewells.wait_for(Option::is_some) => {
                found.ok().and_then(|farewell| (*farewell).clone()).unwrap_or(Farewell::Gone)
            }
        }
    };
    let close = match farewell {
        Farewell::Gone => return,
        Farewell::Bye(reason) => (Some(ToClient::Bye { reason }.encode()), close_code::RESTART, reason),
        Farewell::Close(code, reason) => (None, code, reason),
    };
    let speech = async {
        // What was said before, errors above all, is heard before the end.
        while let Ok(frame) = control.try_recv() {
            sink.feed(Message::Text(frame)).await?;
        }
        if let Some(bye) = close.0 {
            sink.feed(Message::Text(bye)).await?;
        }
        sink.send(Message::Close(Some(CloseFrame { code: close.1, reason: close.2.into() }))).await?;
        sink.close().await
    };
    // Whoever does not listen misses it.
    let _ = tokio::time::timeout(LAST_WORDS, speech).await;
}

async fn forward(
    sink: &mut SplitSink<WebSocket, Message>,
    control: &mut mpsc::Receiver<Utf8Bytes>,
    data: &mut mpsc::Receiver<Utf8Bytes>,
    terminals: &mut mpsc::Receiver<Message>,
    metrics: &Metrics,
) -> Result<(), Error> {
    let mut ping = tokio::time::interval(PING);
    ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ping.reset();
    loop {
        let message = tokio::select! {
            biased;
            Some(frame) = control.recv() => Message::Text(frame),
            _ = ping.tick() => Message::Ping(Vec::new().into()),
            Some(frame) = data.recv() => Message::Text(frame),
            Some(frame) = terminals.recv() => frame,
            else => return Ok(()),
        };
        count(metrics, &message);
        sink.feed(message).await?;
        // What lies ready goes out in one write. Terminals have their turn among commits, so neither starves.
        loop {
            let text = control.try_recv().or_else(|_| data.try_recv()).ok();
            let terminal = terminals.try_recv().ok();
            if text.is_none() && terminal.is_none() {
                break;
            }
            for message in text.map(Message::Text).into_iter().chain(terminal) {
                count(metrics, &message);
                sink.feed(message).await?;
            }
        }
        sink.flush().await?;
    }
}

fn count(metrics: &Metrics, message: &Message) {
    let bytes = match message {
        Message::Text(text) => text.len(),
        Message::Binary(bytes) | Message::Ping(bytes) | Message::Pong(bytes) => bytes.len(),
        Message::Close(_) => 0,
    };
    metrics.frames_out.one();
    metrics.bytes_out.add(bytes as u64);
}
