//! The agent's output on its way into the stream TERM. It reads what the record has and holds nobody up: neither a
//! viewer nor the broker is between the agent and its terminal.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use maestro_client::{AppendError, Client, Headers, Piece};
use maestro_wire::{TerminalSize, header};
use tokio::time::{Instant, sleep, sleep_until};

use super::terminal::Terminal;

const STREAM: &str = "TERM";
/// A message's output at most, and how long less than that waits for more.
const CHUNK: usize = 16 * 1024;
const COALESCE: Duration = Duration::from_millis(10);
/// Messages that the stream has not confirmed yet.
const WINDOW: usize = 64;
const ACK: Duration = Duration::from_secs(5);
/// What was confirmed longer ago than this is on the broker's disk; looked at this often; and gone back by this much at most.
const ON_DISK: Duration = Duration::from_secs(4);
const SAMPLE: Duration = Duration::from_millis(250);
const BACK: u64 = 4 << 20;
/// Between two tries when the stream refuses; doubled up to the bound.
const AGAIN: Duration = Duration::from_millis(200);
const LONGEST: Duration = Duration::from_secs(5);

/// Publishes until the agent has ended and the stream has all of its output. After a break it goes back to what the
/// stream surely has without a hole, so pieces may come twice, never out of reach. That is not all it confirmed: the
/// stream writes to the disk behind its confirmations, and a killed broker forgets its last ones.
///
/// `again`: some of it was published over another connection.
pub(super) async fn publish(terminal: &Terminal, client: &Client, subject: &str, again: bool) {
    let mut changes = terminal.changes();
    // Of what was confirmed last nothing is known.
    let next = if again { kept(client, subject).await.saturating_sub(BACK) } else { 0 };
    let mut sender = Sender { terminal, client, subject: subject.to_owned().into(), next, size: None, ended: false };
    let mut confirmed = Confirmed::at(next);
    let mut in_flight = FuturesOrdered::new();
    let mut wait = AGAIN;
    let mut last = Instant::now() - COALESCE;
    let mut link = client.link();
    let mut losses = link.borrow_and_update().losses;
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
                    confirmed.reach(end, Instant::now());
                    wait = AGAIN;
                }
                Err(error) => {
                    tracing::debug!(subject, cause = %error, confirmed = confirmed.now, "output not taken; goes back to what is");
                    in_flight = FuturesOrdered::new();
                    sleep(wait).await;
                    wait = (wait * 2).min(LONGEST);
                    losses = client.link().borrow().losses;
                    confirmed = Confirmed::at(confirmed.surely(kept(client, subject).await, Instant::now()));
                    sender = Sender { next: confirmed.now, size: None, ended: false, ..sender };
                }
            },
            // It fails when the client is gone; then the next append says so.
            Ok(()) = link.changed() => {
                let now = link.borrow_and_update().clone();
                if now.connected && now.losses != losses {
                    tracing::debug!(subject, confirmed = confirmed.now, "the broker was away; output goes on from what it has");
                    losses = now.losses;
                    in_flight = FuturesOrdered::new();
                    confirmed = Confirmed::at(confirmed.surely(kept(client, subject).await, Instant::now()));
                    sender = Sender { next: confirmed.now, size: None, ended: false, ..sender };
                }
            }
            // The sender lives as long as the terminal.
            _ = changes.changed() => {}
            () = sleep_until(due), if waits => {}
        }
    }
}

/// What the stream confirmed, now and in the last seconds.
#[derive(Debug, Default)]
struct Confirmed {
    now: u64,
    before: VecDeque<(Instant, u64)>,
}

impl Confirmed {
    fn at(now: u64) -> Self {
        Self { now, before: VecDeque::new() }
    }

    fn reach(&mut self, end: u64, now: Instant) {
        self.now = end;
        if self.before.back().is_none_or(|(when, _)| now - *when > SAMPLE) {
            self.before.push_back((now, end));
        }
        while self.before.get(1).is_some_and(|(when, _)| now - *when > ON_DISK) {
            self.before.pop_front();
        }
    }

    /// Where to go on after a break, when the stream's last message ends at `last`: what it confirmed a moment ago may be
    /// gone, and something later may have arrived all the same.
    fn surely(&self, last: u64, now: Instant) -> u64 {
        let base = self.now.min(last);
        let settled = self.before.front().filter(|(when, _)| now - *when > ON_DISK).map_or(0, |(_, end)| *end);
        settled.min(base).max(base.saturating_sub(BACK))
    }
}

/// Where the stream's last message of the subject ends.
async fn kept(client: &Client, subject: &str) -> u64 {
    loop {
        // It fails when the client is gone; whoever waits for us ends us then.
        let _ = client.link().wait_for(|link| link.connected || link.closed).await;
        match client.last_message(STREAM, subject).await {
            Ok(last) => return last.and_then(|last| Piece::stored(&last)).map_or(0, |last| last.end()),
            Err(error) => {
                tracing::debug!(subject, cause = %error, "the stream does not say what it has");
                sleep(AGAIN).await;
            }
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_a_break_nothing_is_trusted_that_was_confirmed_just_before() {
        let mut confirmed = Confirmed::default();
        let begun = Instant::now();
        let at = |tenths: u64| begun + Duration::from_millis(100 * tenths);
        for step in 1..=100 {
            confirmed.reach(step * 1000, at(step));
        }
        let from = confirmed.surely(100_000, at(101));
        assert!((50_000..=61_000).contains(&from), "{from}");
        assert_eq!(confirmed.surely(20_000, at(101)), 20_000, "what the stream does not have is sent again");
        confirmed.reach(50 << 20, at(102));
        assert_eq!(confirmed.surely(50 << 20, at(102)), 46 << 20, "bounded");
        assert_eq!(Confirmed::at(7).surely(9, at(103)), 0, "nothing is known from before");
    }
}
