//! The agent's output on its way into the stream TERM. It reads what the record has and holds nobody up: neither a
//! viewer nor the broker is between the agent and its terminal.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use maestro_client::{AppendError, Client, Headers};
use maestro_wire::{TerminalSize, header};
use tokio::time::{Instant, sleep, sleep_until};

use super::terminal::Terminal;

/// A message's output at most, and how long less than that waits for more.
const CHUNK: usize = 16 * 1024;
const COALESCE: Duration = Duration::from_millis(10);
/// Messages that the stream has not confirmed yet.
const WINDOW: usize = 64;
const ACK: Duration = Duration::from_secs(5);
/// Between two tries when the stream refuses; doubled up to the bound.
const AGAIN: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// Publishes until the agent has ended and the stream has all of its output. After a break it goes back to what the
/// stream confirmed without a hole, so pieces may come twice, never out of reach.
pub(super) async fn publish(terminal: &Terminal, client: &Client, subject: &str) {
    let mut changes = terminal.changes();
    let mut sender = Sender { terminal, client, subject: subject.to_owned().into(), next: 0, size: None, ended: false };
    let mut confirmed = 0;
    let mut in_flight = FuturesOrdered::new();
    let mut wait = AGAIN;
    let mut last = Instant::now() - COALESCE;
    loop {
        changes.borrow_and_update();
        let due = last + COALESCE;
        while in_flight.len() < WINDOW
            && (terminal.code().is_some() || sender.has_whole_chunk() || Instant::now() >= due)
        {
            let Some(sent) = sender.next() else { break };
            last = Instant::now();
            in_flight.push_back(sent);
        }
        if sender.ended && in_flight.is_empty() {
            return;
        }
        let waits = in_flight.len() < WINDOW && sender.has_anything();
        tokio::select! {
            Some((end, sent)) = in_flight.next(), if !in_flight.is_empty() => match sent {
                Ok(()) => {
                    confirmed = end;
                    wait = AGAIN;
                }
                Err(error) => {
                    tracing::debug!(subject, cause = %error, confirmed, "output not taken; goes back to what is");
                    in_flight = FuturesOrdered::new();
                    sender = Sender { next: confirmed, size: None, ended: false, ..sender };
                    sleep(wait).await;
                    wait = (wait * 2).min(LONGEST);
                    connected(client).await;
                }
            },
            // The sender lives as long as the terminal.
            _ = changes.changed() => {}
            () = sleep_until(due), if waits => {}
        }
    }
}

async fn connected(client: &Client) {
    // It fails when the client is gone; then the next append says so.
    let _ = client.link().wait_for(|link| link.connected || link.closed).await;
}

struct Sender<'a> {
    terminal: &'a Terminal,
    client: &'a Client,
    subject: Arc<str>,
    /// The offset that is sent next.
    next: u64,
    /// The size that was told last.
    size: Option<TerminalSize>,
    /// The last message of the epoch is on its way.
    ended: bool,
}

impl Sender<'_> {
    fn has_whole_chunk(&self) -> bool {
        self.terminal.end() - self.next >= CHUNK as u64
    }

    fn has_anything(&self) -> bool {
        !self.ended
            && (self.terminal.end() > self.next
                || self.size.is_some_and(|told| told != self.terminal.size())
                || self.terminal.code().is_some())
    }

    /// The next message, on its way; `None`: there is nothing to send now.
    fn next(&mut self) -> Option<impl Future<Output = (u64, Result<(), AppendError>)> + use<>> {
        if !self.has_anything() {
            return None;
        }
        let read = self.terminal.read(self.next, CHUNK);
        let size = self.terminal.size();
        let mut headers = Headers::new().with(header::OFFSET, read.offset).with(header::SIZE, size);
        if read.offset > self.next {
            headers.set(header::GAP, self.next);
        }
        let end = read.offset + read.bytes.len() as u64;
        (self.next, self.size) = (end, Some(size));
        if let Some(code) = self.terminal.code()
            && end == self.terminal.end()
        {
            headers.set(header::END, code);
            self.ended = true;
        }
        let (client, subject) = (self.client.clone(), self.subject.clone());
        let bytes = Bytes::from(read.bytes);
        Some(async move {
            let appended = client.append(&subject, bytes, &headers, None, ACK).await;
            (end, appended.map(|_| ()))
        })
    }
}
