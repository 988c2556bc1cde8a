//! Answers on their way out. One task sends them all: what many commands of a group are answered goes out in few
//! writes, and an actor never waits for the connection.

use std::sync::Arc;

use maestro_client::{
    Client,
    service::{ReplyAddress, Request, ServiceError},
};
use maestro_runtime::trace::Span;
use maestro_wire::{ErrorBody, ErrorCode, Reply};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::Instant,
};
use tokio_util::task::task_tracker::TaskTrackerToken;

use super::{IN_FLIGHT, stats::Stats, verb::Verb};

/// Greater than what may be in flight, so it is never full.
pub const CAPACITY: usize = 2 * IN_FLIGHT;
/// An answer must fit into one message of the broker.
const LIMIT: usize = 900 * 1024;

/// Whom to answer.
pub enum Origin {
    Request(Request),
    /// Another replica took the request and handed it to us.
    Peer(ReplyAddress),
}

/// The duty to answer one command. Dropped without an answer, it says that the server is stopping.
pub struct Responder(Option<Box<Duty>>);

/// Counts among what is in flight, and keeps the drain waiting.
pub struct Place {
    _permit: OwnedSemaphorePermit,
    _token: TaskTrackerToken,
}

impl Place {
    pub const fn new(permit: OwnedSemaphorePermit, token: TaskTrackerToken) -> Self {
        Self { _permit: permit, _token: token }
    }
}

struct Duty {
    origin: Origin,
    verb: Verb,
    started: Instant,
    /// Lasts until the answer is sent.
    span: Option<Span>,
    out: mpsc::Sender<Answered>,
    _place: Place,
}

/// An answer that waits to be sent.
pub struct Answered {
    duty: Box<Duty>,
    reply: Reply,
}

impl Responder {
    pub fn new(origin: Origin, out: mpsc::Sender<Answered>, place: Place) -> Self {
        let started = Instant::now();
        Self(Some(Box::new(Duty { origin, verb: Verb::INVALID, started, span: None, out, _place: place })))
    }

    /// What the figures call it.
    pub const fn about(&mut self, verb: Verb) {
        if let Some(duty) = &mut self.0 {
            duty.verb = verb;
        }
    }

    /// What the command is in its trace.
    pub fn belongs_to(&mut self, span: Span) {
        if let Some(duty) = &mut self.0 {
            duty.span = Some(span);
        }
    }

    pub fn send(mut self, reply: Reply) {
        self.answer(reply);
    }

    fn answer(&mut self, reply: Reply) {
        if let Some(duty) = self.0.take() {
            let out = duty.out.clone();
            // Gone only when the process ends; full never.
            let _unsent = out.try_send(Answered { duty, reply });
        }
    }

    /// Where the answer goes, for whoever answers in our stead.
    pub fn reply_to(&self) -> &str {
        match self.0.as_ref().map(|duty| &duty.origin) {
            Some(Origin::Request(request)) => request.reply_to(),
            Some(Origin::Peer(address)) => address.as_str(),
            None => "",
        }
    }

    /// Somebody else answers.
    pub fn hand_over(mut self) {
        if let Some(Origin::Request(request)) = self.0.take().map(|duty| duty.origin) {
            request.hand_over();
        }
    }
}

impl Drop for Responder {
    fn drop(&mut self) {
        let text = "the server is stopping; another one will answer";
        self.answer(Reply::refused(ErrorBody::new(ErrorCode::Unavailable, text)));
    }
}

/// Sends answers until nobody can give any.
pub async fn run(client: Client, stats: Arc<Stats>, mut answers: mpsc::Receiver<Answered>) {
    while let Some(Answered { duty, reply }) = answers.recv().await {
        stats.count("cmd", duty.verb, duty.started.elapsed(), reply.error.as_ref());
        let (body, error) = encode(&reply);
        let Duty { origin, span, _place, .. } = *duty;
        let sent = match origin {
            Origin::Request(request) => request.respond(body.into(), error).await,
            Origin::Peer(address) => client.respond_to(&address, body.into(), error).await,
        };
        if let Err(error) = sent {
            tracing::info!(cause = %error, "an answer could not be sent");
        }
        if let (Some(span), Some(error)) = (span, &reply.error) {
            span.failed(error.code.as_str());
        }
    }
}

/// An answer as it is sent, with the headers of an error.
pub fn encode(reply: &Reply) -> (Vec<u8>, Option<ServiceError>) {
    let body = reply.encode();
    let error = reply
        .error
        .as_ref()
        .map(|error| ServiceError { code: status(error), description: error.code.as_str().to_owned() });
    if body.len() > LIMIT {
        let text = format!("the answer has {} bytes, more than the broker carries", body.len());
        let error = ErrorBody::new(ErrorCode::TooLarge, text).suggest("ask for fewer: --limit 50");
        return encode(&Reply::refused(error));
    }
    (body, error)
}

/// The number that `nats micro` shows.
fn status(error: &ErrorBody) -> u16 {
    match error.code.exit_code() {
        2 | 7 => 400,
        3 => 404,
        4 => 409,
        5 => 403,
        6 => 503,
        8 => 504,
        _ => 500,
    }
}
