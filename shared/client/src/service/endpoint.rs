//! One endpoint: a bounded stream of requests that can leave its queue group and come back.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use super::EndpointSpec;
use super::request::{Request, may_answer};
use crate::client::{Client, Subscription};

/// Leaving a queue group without losing what is on its way takes steps: the library drops a subscription
/// while requests may still be under way (3 of 20 leaves under load lost one), but a subscription that is
/// to end after so many more messages ends exactly there, at the broker and here. So: after a few more,
/// which a busy endpoint sees at once; after a silence, with the next one; after a longer one, now.
const STEPS: [(u64, Duration); 2] = [(32, Duration::from_millis(30)), (1, Duration::from_millis(100))];

/// How long to wait before subscribing again after the connection refused to.
const RETRY: Duration = Duration::from_millis(200);

#[derive(Default)]
pub(super) struct Counters {
    requests: AtomicU64,
    errors: AtomicU64,
    nanos: AtomicU64,
    refused_replies: AtomicU64,
    last_error: Mutex<String>,
}

impl Counters {
    pub(super) fn done(&self, took: Duration, error: Option<String>) {
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.nanos.fetch_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX), Ordering::Relaxed);
        if let Some(error) = error {
            self.errors.fetch_add(1, Ordering::Relaxed);
            if let Ok(mut last) = self.last_error.lock() {
                *last = error;
            }
        }
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    pub(super) fn errors(&self) -> u64 {
        self.errors.load(Ordering::Relaxed)
    }

    pub(super) fn nanos(&self) -> u64 {
        self.nanos.load(Ordering::Relaxed)
    }

    pub(super) fn refused_replies(&self) -> u64 {
        self.refused_replies.load(Ordering::Relaxed)
    }

    pub(super) fn last_error(&self) -> String {
        self.last_error.lock().map(|last| last.clone()).unwrap_or_default()
    }
}

/// What the endpoint's reader, the service and the monitor share.
pub(super) struct Shared {
    pub(super) spec: EndpointSpec,
    pub(super) counters: Counters,
    wanted: watch::Sender<bool>,
    joined: watch::Sender<bool>,
}

impl Shared {
    pub(super) fn new(spec: EndpointSpec) -> Self {
        Self {
            spec,
            counters: Counters::default(),
            wanted: watch::Sender::new(false),
            joined: watch::Sender::new(false),
        }
    }

    pub(super) fn want(&self, joined: bool) {
        self.wanted.send_replace(joined);
    }

    pub(super) fn is_joined(&self) -> bool {
        *self.joined.borrow()
    }

    pub(super) async fn until(&self, joined: bool) {
        // The sender lives in `self`.
        let _ = self.joined.subscribe().wait_for(|now| *now == joined).await;
    }
}

/// The requests of one endpoint.
pub struct Endpoint {
    client: Client,
    shared: Arc<Shared>,
    cancel: CancellationToken,
    subscription: Option<Subscription>,
    /// Messages of this subscription so far.
    received: u64,
    leaving: Option<Leaving>,
}

/// How far leaving has got: the steps taken, and when, without another message, the next is due.
struct Leaving {
    steps: usize,
    due: Instant,
}

impl Leaving {
    /// The silence that ends the present step. After the last one the end comes by itself; it comes round
    /// again only while the connection is down.
    fn silence(&self) -> Duration {
        let step = self.steps.checked_sub(1).and_then(|step| STEPS.get(step));
        step.map_or(Duration::from_secs(1), |(_, silence)| *silence)
    }
}

impl Endpoint {
    pub(super) fn new(client: Client, shared: Arc<Shared>, cancel: CancellationToken) -> Self {
        Self { client, shared, cancel, subscription: None, received: 0, leaving: None }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.shared.spec.name
    }

    /// The next request. Waits while there is none or the endpoint is out of its group; `None` when the
    /// service is dropped or the connection closed. Requests without an inbox to answer to are dropped and
    /// counted. Cancelling loses nothing.
    pub async fn next(&mut self) -> Option<Request> {
        let mut wanted = self.shared.wanted.subscribe();
        loop {
            let want = *wanted.borrow_and_update();
            if let Some(subscription) = &mut self.subscription {
                if !want && self.leaving.is_none() {
                    self.leaving = Some(Leaving { steps: 0, due: Instant::now() });
                }
                let due = self.leaving.as_ref().map(|leaving| leaving.due);
                let message = tokio::select! {
                    biased;
                    () = self.cancel.cancelled() => return None,
                    message = subscription.next() => message,
                    () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                        self.step_out().await;
                        continue;
                    }
                    _ = wanted.changed(), if due.is_none() => continue,
                };
                self.received += 1;
                if let Some(leaving) = self.leaving.as_mut().filter(|leaving| leaving.steps > 0) {
                    leaving.due = Instant::now() + leaving.silence();
                }
                match message {
                    Some(message) if may_answer(message.reply_to()) => {
                        return Some(Request::new(self.client.clone(), message, self.shared.clone()));
                    }
                    Some(message) => {
                        self.shared.counters.refused_replies.fetch_add(1, Ordering::Relaxed);
                        tracing::warn!(
                            subject = message.subject(),
                            reply = message.reply_to(),
                            "request without an inbox dropped"
                        );
                    }
                    None => {
                        self.subscription = None;
                        let ended_by_us = self.leaving.take().is_some();
                        self.shared.joined.send_replace(false);
                        if !ended_by_us {
                            return None;
                        }
                    }
                }
            } else if want {
                let EndpointSpec { subject, queue, .. } = &self.shared.spec;
                match self.client.subscribe(subject, Some(queue)).await {
                    Ok(subscription) => {
                        self.subscription = Some(subscription);
                        self.received = 0;
                        // Known to the broker before anyone is told that we are in.
                        let _ = self.client.confirm(Duration::from_secs(2)).await;
                        self.shared.joined.send_replace(true);
                    }
                    Err(error) => {
                        tracing::error!(%subject, cause = %error, "endpoint cannot subscribe");
                        if self.client.link().borrow().closed {
                            return None;
                        }
                        tokio::time::sleep(RETRY).await;
                    }
                }
            } else {
                tokio::select! {
                    () = self.cancel.cancelled() => return None,
                    changed = wanted.changed() => changed.ok()?,
                }
            }
        }
    }

    async fn step_out(&mut self) {
        let (Some(leaving), Some(subscription)) = (&mut self.leaving, &mut self.subscription) else { return };
        match STEPS.get(leaving.steps) {
            Some((more, _)) => subscription.end_after(self.received + more).await,
            None => subscription.drain().await,
        }
        leaving.steps += 1;
        leaving.due = Instant::now() + leaving.silence();
    }
}
