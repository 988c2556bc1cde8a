//! Typed calls: commands, queries and waits as one actor, with retries inside a timeout.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use maestro_domain::{Actor, ProjectId, Request};
use maestro_wire::{
    CommandEnvelope, CommandId, ErrorBody, ErrorCode, Place, Query, QueryEnvelope, Reply, Subject, WaitEnvelope,
    WaitRequest, header,
};

use crate::client::Client;
use crate::connect::ConnectError;
use crate::header::Headers;
use crate::request::RequestError;
use crate::retry::{Retry, RetryError};

/// One long poll at the longest. A replica that is killed or cut off with it in hand says nothing, and the other replicas do
/// not know of it: until it is over, whoever waits is deaf.
const WAIT: Duration = Duration::from_secs(5);
/// How much later than that an answer may come.
const WAIT_GRACE: Duration = Duration::from_secs(2);

/// Somebody who commands and asks.
#[derive(Clone, Debug)]
pub struct Caller {
    client: Client,
    actor: Actor,
    epoch: Option<u32>,
    attempts: Option<usize>,
    min_wait: Option<Duration>,
    trace: Option<Trace>,
}

/// Says which trace a request belongs to, at the time of asking.
#[derive(Clone)]
struct Trace(Arc<dyn Fn() -> Option<String> + Send + Sync>);

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Trace")
    }
}

/// What a caller has seen: the replica that answers must have seen it too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// A sequence of the project.
    pub seq: Option<u64>,
    /// The ledger it counts in.
    pub ledger: Option<String>,
}

impl Caller {
    /// `epoch` is the incarnation of a session; `None` for people.
    #[must_use]
    pub const fn new(client: Client, actor: Actor, epoch: Option<u32>) -> Self {
        Self { client, actor, epoch, attempts: None, min_wait: None, trace: None }
    }

    /// Bounds the attempts of one call, the first included, and sets the first wait between two.
    #[must_use]
    pub const fn with_retries(mut self, attempts: usize, min_wait: Duration) -> Self {
        self.attempts = Some(attempts);
        self.min_wait = Some(min_wait);
        self
    }

    /// Puts the trace context that `current` gives on every command and query.
    #[must_use]
    pub fn with_trace(mut self, current: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        self.trace = Some(Trace(Arc::new(current)));
        self
    }

    fn headers(&self) -> Headers {
        match self.trace.as_ref().and_then(|Trace(current)| current()) {
            Some(context) => Headers::new().with(header::TRACEPARENT, context),
            None => Headers::new(),
        }
    }

    /// The connection underneath.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// Who commands and asks.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Sends a command, with the same `id` in every attempt, until it is answered or `timeout` is over.
    ///
    /// # Errors
    /// The server's refusal; `no_server`, `timed_out`, `disconnected`, `permission_denied`, … when there is no answer.
    pub async fn command(
        &self,
        project: &ProjectId,
        request: &Request,
        id: CommandId,
        seen: &Seen,
        timeout: Duration,
    ) -> Result<Reply, ErrorBody> {
        let subject = Subject::command(project, &self.actor, request.verb());
        let mut envelope = CommandEnvelope::new(id, request);
        envelope.epoch = self.epoch;
        envelope.min_seq = seen.seq;
        envelope.ledger.clone_from(&seen.ledger);
        self.call(&subject, envelope.encode(), timeout).await
    }

    /// Asks.
    ///
    /// # Errors
    /// As [`Self::command`].
    pub async fn query(
        &self,
        place: &Place,
        query: &Query,
        seen: &Seen,
        timeout: Duration,
    ) -> Result<Reply, ErrorBody> {
        let (entity, verb) = query.verb();
        let subject = Subject::Query {
            place: place.clone(),
            actor: self.actor.clone(),
            entity: entity.to_owned(),
            verb: verb.to_owned(),
        };
        let mut envelope = QueryEnvelope::new(query);
        envelope.min_seq = seen.seq;
        envelope.ledger.clone_from(&seen.ledger);
        self.call(&subject, envelope.encode(), timeout).await
    }

    /// Waits on the server, `timeout_ms` at most and never longer than [`WAIT`]. Not repeated by itself: the answer carries
    /// a cursor to go on from.
    ///
    /// # Errors
    /// As [`Self::command`].
    pub async fn wait(
        &self,
        project: &ProjectId,
        request: &WaitRequest,
        seen: &Seen,
        timeout_ms: u32,
    ) -> Result<Reply, ErrorBody> {
        let subject = Subject::Wait {
            place: Place::Project(project.clone()),
            actor: self.actor.clone(),
            what: request.what().to_owned(),
        };
        let longest = u32::try_from(WAIT.as_millis()).unwrap_or(WaitEnvelope::MAX_MS);
        let mut envelope = WaitEnvelope::new(request, timeout_ms.min(longest));
        envelope.epoch = self.epoch;
        envelope.min_seq = seen.seq;
        envelope.ledger.clone_from(&seen.ledger);
        let bound = Duration::from_millis(u64::from(envelope.timeout_ms)) + WAIT_GRACE;
        let payload = Bytes::from(envelope.encode());
        match self.client.request(&subject.to_string(), &Headers::new(), payload, bound).await {
            Ok(message) => read(message.payload()),
            Err(error) => Err(error.into()),
        }
    }

    /// Publishes a command to the durable inbox and waits for the stream's word that it has it.
    ///
    /// # Errors
    /// When the broker did not take it.
    pub async fn queue(
        &self,
        project: &ProjectId,
        request: &Request,
        id: CommandId,
        timeout: Duration,
    ) -> Result<(), ErrorBody> {
        let (entity, verb) = request.verb();
        let subject = Subject::Inbox {
            place: Place::Project(project.clone()),
            actor: self.actor.clone(),
            entity: entity.to_owned(),
            verb: verb.to_owned(),
        };
        let mut envelope = CommandEnvelope::new(id, request);
        envelope.epoch = self.epoch;
        let payload = Bytes::from(envelope.encode());
        match self.client.append(&subject.to_string(), payload, &self.headers(), None, timeout).await {
            Ok(_) => Ok(()),
            Err(error) => Err(ErrorBody::new(ErrorCode::Unavailable, format!("the inbox did not take it: {error}"))),
        }
    }

    async fn call(&self, subject: &Subject, payload: Vec<u8>, timeout: Duration) -> Result<Reply, ErrorBody> {
        let mut retry = Retry::within(timeout);
        if let Some(attempts) = self.attempts {
            retry.attempts = attempts.max(1);
        }
        if let Some(wait) = self.min_wait {
            retry.min_wait = wait;
            retry.max_wait = retry.max_wait.max(wait);
        }
        // Refusals are marked by a header, so that answers are not read twice.
        let again = |reply: &crate::Message| {
            reply.header(crate::service::ERROR).is_some() && Reply::decode(reply.payload()).is_ok_and(|r| is_busy(&r))
        };
        let subject = subject.to_string();
        match self.client.request_with_retry(&subject, &self.headers(), payload.into(), retry, again).await {
            Ok(message) => read(message.payload()),
            Err(RetryError { last, attempts, .. }) => Err(ErrorBody::from(last).with("attempts", attempts)),
        }
    }
}

/// Refusals that pass by themselves and soon.
fn is_busy(reply: &Reply) -> bool {
    reply.error.as_ref().is_some_and(|e| {
        matches!(e.code, ErrorCode::Overloaded | ErrorCode::Unavailable | ErrorCode::StaleRead | ErrorCode::TimedOut)
    })
}

fn read(payload: &Bytes) -> Result<Reply, ErrorBody> {
    let reply = Reply::decode(payload).map_err(|e| {
        ErrorBody::new(ErrorCode::UnsupportedVersion, format!("{e}; server and client are of different versions"))
            .commands(["maestro doctor"])
    })?;
    match (reply.success, &reply.error) {
        (false, Some(error)) => Err(error.clone()),
        (true, _) | (false, None) => Ok(reply),
    }
}

/// Whether `maestro up` would help depends on whose broker it is; that the command line knows, and adds it.
impl From<RequestError> for ErrorBody {
    fn from(error: RequestError) -> Self {
        let text = error.to_string();
        match error {
            RequestError::NoResponders { .. } => {
                Self::new(ErrorCode::NoServer, "the broker answers, but no maestro-server listens")
                    .commands(["maestro doctor"])
            }
            RequestError::PermissionDenied { subject } => {
                Self::new(ErrorCode::PermissionDenied, text).with("subject", subject).commands(["maestro whoami"])
            }
            RequestError::TimedOut { .. } => {
                Self::new(ErrorCode::TimedOut, "no answer in time; the command may or may not have been carried out")
                    .suggest("repeat the command: it is safe when it names what should be")
                    .commands(["maestro doctor"])
            }
            RequestError::Disconnected { .. } => Self::new(ErrorCode::Disconnected, text).commands(["maestro doctor"]),
            RequestError::TooLarge { limit } => Self::new(ErrorCode::TooLarge, text)
                .with("limit", limit)
                .suggest("put long text into a file and name it"),
            RequestError::InvalidSubject(_) => Self::new(ErrorCode::InvalidValue, text),
        }
    }
}

impl From<ConnectError> for ErrorBody {
    fn from(error: ConnectError) -> Self {
        let text = error.to_string();
        let doctor = ["maestro doctor"];
        match error {
            ConnectError::Refused { address } => {
                Self::new(ErrorCode::ConnectionRefused, text).with("address", address.to_string()).commands(doctor)
            }
            ConnectError::TimedOut { address } => {
                Self::new(ErrorCode::TimedOut, text).with("address", address.to_string()).commands(doctor)
            }
            ConnectError::Host { .. } | ConnectError::Broken { .. } => {
                Self::new(ErrorCode::ConnectionRefused, text).commands(doctor)
            }
            ConnectError::Credentials { .. } => {
                Self::new(ErrorCode::AuthenticationFailed, text).commands(["maestro config list", "maestro doctor"])
            }
            ConnectError::Tls { .. } => Self::new(ErrorCode::ConnectionRefused, text)
                .suggest("a broker of one's own authority: MAESTRO_NATS_CA_FILE names its certificate (PEM)")
                .commands(["maestro doctor"]),
            ConnectError::ServerTooOld { found, needed } => Self::new(ErrorCode::BrokerTooOld, text)
                .with("found", found)
                .with("needed", needed)
                .commands(["maestro doctor"]),
            ConnectError::NoAddress => {
                Self::new(ErrorCode::StackNotRunning, text).commands(["maestro up --detach", "maestro doctor"])
            }
        }
    }
}
