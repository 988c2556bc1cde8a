//! One epoch of a session, as viewers reach it: its holder by request, its output by subscription and from the stream.

use std::time::Duration;

use maestro_client::{Bytes, Client, Headers, Piece, ReadError, RequestError, Subscription};
use maestro_domain::{ProjectId, Session, SessionId, SessionStatus};
use maestro_wire::{
    ErrorBody, ErrorCode, Query, Reply, ScreenView, SessionGet, SessionView, Subject, TerminalAnswer, TerminalSize,
    header,
};
use rand::RngExt;

use crate::context::Context;

const STREAM: &str = "TERM";
/// Bound of one request to a holder.
const CALL: Duration = Duration::from_secs(5);
/// The same for one who goes.
const GOING: Duration = Duration::from_millis(500);

/// A place in front of a session's terminal.
#[derive(Clone)]
pub struct Seat {
    client: Client,
    project: ProjectId,
    pub session: Session,
    pub epoch: u32,
    /// Tells this viewer from others.
    viewer: String,
}

impl Seat {
    /// In front of the given epoch, else the latest.
    ///
    /// # Errors
    /// When there is no such session.
    pub async fn of(ctx: &Context, session: SessionId, epoch: Option<u32>) -> Result<Self, ErrorBody> {
        let project = ctx.project()?;
        let reply = ctx.ask(&project, Query::SessionGet(SessionGet { session: Some(session) })).await?;
        let session = reply.parse::<SessionView>()?.session;
        let epoch = epoch.unwrap_or(session.epoch);
        if epoch == 0 || epoch > session.epoch {
            let text = format!("{} has been started {} times; there is no epoch {epoch}", session.id, session.epoch);
            return Err(ErrorBody::new(ErrorCode::InvalidValue, text)
                .commands([format!("maestro session info {}", session.id)]));
        }
        let client = ctx.caller(ctx.left()).await?.client().clone();
        let viewer = format!("{:016x}", rand::rng().random::<u64>());
        Ok(Self { client, project, session, epoch, viewer })
    }

    fn subject(&self, verb: &str) -> String {
        let (project, session) = (self.project.clone(), self.session.id);
        Subject::Terminal { project, session, epoch: self.epoch, verb: verb.to_owned() }.to_string()
    }

    /// The name of its recording.
    pub fn recording(&self) -> String {
        format!("{}.{}.{}.cast", self.project, self.session.id, self.epoch)
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Output from now on; in force when this returns.
    ///
    /// # Errors
    /// When the connection is closed.
    pub async fn listen(&self) -> Result<Subscription, ErrorBody> {
        let closed = || ErrorBody::from(RequestError::Disconnected { maybe_sent: false });
        let subscription = self.client.subscribe(&self.subject("out"), None).await.map_err(|_| closed())?;
        self.client.confirm(CALL).await.map_err(|_| closed())?;
        Ok(subscription)
    }

    /// The next messages of the kept output from this sequence of the stream on, each with its sequence.
    ///
    /// # Errors
    /// When the stream does not answer.
    pub async fn kept(&self, seq: u64) -> Result<Vec<(u64, Piece)>, ErrorBody> {
        let read = self.client.read_on(STREAM, &self.subject("out"), seq).await.map_err(not_read)?;
        Ok(read.iter().filter_map(|stored| Some((stored.seq, Piece::stored(stored)?))).collect())
    }

    /// The picture now.
    ///
    /// # Errors
    /// When the holder does not answer.
    pub async fn screen(&self) -> Result<ScreenView, ErrorBody> {
        self.ask("screen", &Headers::new(), Bytes::new()).await?.parse()
    }

    /// Types bytes as they are; the terminal takes our size, if we have one.
    ///
    /// # Errors
    /// When the holder does not answer, or the agent does not read.
    pub async fn keys(&self, bytes: Vec<u8>, size: Option<TerminalSize>) -> Result<TerminalAnswer, ErrorBody> {
        // Who has no terminal does not keep others from giving it theirs.
        let headers = size.map_or_else(Headers::new, |size| self.headers().with(header::SIZE, size));
        self.ask("in", &headers, bytes.into()).await?.parse()
    }

    /// Types a text as one prompt and submits it.
    ///
    /// # Errors
    /// As [`Self::keys`].
    pub async fn paste(&self, text: &str) -> Result<TerminalAnswer, ErrorBody> {
        let headers = self.headers().with(header::INPUT, "paste");
        self.ask("in", &headers, text.to_owned().into()).await?.parse()
    }

    /// Goes: the size is anybody's from now on. One who goes waits for nothing; without this it is so a while later.
    pub async fn leave(&self) {
        let headers = self.headers().with(header::INPUT, "leave");
        let _ = self.client.request(&self.subject("in"), &headers, Bytes::new(), GOING).await;
    }

    /// Asks for a size; somebody else who typed last keeps theirs.
    ///
    /// # Errors
    /// When the holder does not answer.
    pub async fn resize(&self, size: TerminalSize) -> Result<TerminalAnswer, ErrorBody> {
        let body = serde_json::to_vec(&size).unwrap_or_default();
        self.ask("resize", &self.headers(), body.into()).await?.parse()
    }

    /// Whether the holder is there; `None`: it cannot be known now.
    pub async fn is_held(&self) -> Option<bool> {
        match self.client.request(&self.subject("ping"), &Headers::new(), Bytes::new(), CALL).await {
            Ok(_) => Some(true),
            Err(RequestError::NoResponders { .. }) => Some(false),
            Err(_) => None,
        }
    }

    fn headers(&self) -> Headers {
        Headers::new().with(header::VIEWER, &self.viewer)
    }

    async fn ask(&self, verb: &str, headers: &Headers, payload: Bytes) -> Result<Reply, ErrorBody> {
        match self.client.request(&self.subject(verb), headers, payload, CALL).await {
            Ok(message) => {
                let reply = Reply::decode(message.payload()).map_err(|error| {
                    ErrorBody::new(ErrorCode::UnsupportedVersion, error.to_string()).commands(["maestro doctor"])
                })?;
                match reply.error {
                    Some(error) => Err(error),
                    None => Ok(reply),
                }
            }
            Err(RequestError::NoResponders { .. }) => Err(self.not_held()),
            Err(error) => Err(error.into()),
        }
    }

    /// Nobody holds it.
    pub fn not_held(&self) -> ErrorBody {
        let id = self.session.id;
        let over = [format!("maestro session logs {id}"), format!("maestro session replay {id}")];
        let ended = |how: String| ErrorBody::new(ErrorCode::SessionState, how).commands(over.clone());
        if self.epoch < self.session.epoch {
            return ended(format!("epoch {} of {id} has ended", self.epoch));
        }
        match &self.session.status {
            SessionStatus::Requested { .. } | SessionStatus::Starting { .. } => {
                ErrorBody::new(ErrorCode::Unavailable, format!("{id} has not started yet"))
                    .commands([format!("maestro session info {id}"), "maestro doctor".to_owned()])
            }
            SessionStatus::Active { .. } | SessionStatus::NeedsInput { .. } => {
                ErrorBody::new(ErrorCode::Unavailable, format!("nobody answers for {id}; its host may be away"))
                    .commands([format!("maestro session info {id}"), "maestro doctor".to_owned()])
            }
            SessionStatus::Exited { code, .. } => ended(format!("{id} has exited with code {code}")),
            SessionStatus::Failed { .. } => ended(format!("{id} has failed")),
            SessionStatus::Stopped { .. } => ended(format!("{id} was stopped")),
            SessionStatus::Lost { .. } => ended(format!("{id} is lost")),
        }
    }
}

/// The stream or a store could not be read.
pub fn not_read(error: ReadError) -> ErrorBody {
    let text = error.to_string();
    let code = match error {
        ReadError::Denied(_) => ErrorCode::PermissionDenied,
        ReadError::TimedOut => ErrorCode::TimedOut,
        ReadError::Disconnected => ErrorCode::Disconnected,
        ReadError::NoStream(_) | ReadError::Unavailable | ReadError::Refused(_) | ReadError::Malformed(_) => {
            ErrorCode::Unavailable
        }
    };
    ErrorBody::new(code, text).commands(["maestro doctor"])
}
