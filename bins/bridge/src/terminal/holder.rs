//! The requests that a holder answers.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maestro_client::{Bytes, Client, Headers, RequestError};
use maestro_wire::header::{SIZE, VIEWER};
use maestro_wire::{Reply, ScreenView, TerminalSize};
use serde_json::json;

use super::Place;

const TIMEOUT: Duration = Duration::from_secs(2);

/// What a terminal shows: the wire's screen, its bytes decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    pub view: ScreenView,
    pub bytes: Bytes,
}

/// Why a holder did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody holds this terminal (any more, or yet).
    Gone,
    /// It does not answer now, or says why not.
    Silent(String),
}

impl From<RequestError> for Failure {
    fn from(error: RequestError) -> Self {
        match error {
            RequestError::NoResponders { .. } => Self::Gone,
            other => Self::Silent(other.to_string()),
        }
    }
}

pub async fn screen(work: &Client, place: &Place) -> Result<Screen, Failure> {
    let reply = ask(work, place, "screen", &Headers::new(), Bytes::new()).await?;
    let strange = |_| Failure::Silent("the holder's answer is no screen".to_owned());
    let data = reply.data.as_deref().map_or("null", |data| data.get());
    let view: ScreenView = serde_json::from_str(data).map_err(strange)?;
    let bytes =
        STANDARD.decode(&view.state).map_err(|_| Failure::Silent("the holder's screen is no base64".to_owned()))?;
    Ok(Screen { view, bytes: bytes.into() })
}

/// What somebody typed, and how large the terminal is where it was typed.
pub async fn input(
    work: &Client,
    place: &Place,
    who: &str,
    size: Option<TerminalSize>,
    bytes: Bytes,
) -> Result<(), Failure> {
    let mut headers = Headers::new().with(VIEWER, who);
    if let Some(size) = size {
        headers.set(SIZE, size.to_string());
    }
    ask(work, place, "in", &headers, bytes).await.map(|_| ())
}

/// Whoever typed last says how large the terminal is; from others it is no failure, and changes nothing.
pub async fn resize(work: &Client, place: &Place, who: &str, size: TerminalSize) -> Result<(), Failure> {
    let body = json!({ "cols": size.cols, "rows": size.rows }).to_string();
    ask(work, place, "resize", &Headers::new().with(VIEWER, who), body.into()).await.map(|_| ())
}

async fn ask(work: &Client, place: &Place, verb: &str, headers: &Headers, body: Bytes) -> Result<Reply, Failure> {
    let message = work.request(&place.subject(verb), headers, body, TIMEOUT).await?;
    let reply = message.json::<Reply>().map_err(|_| Failure::Silent("the holder's answer is no reply".to_owned()))?;
    match reply.error {
        Some(error) => Err(Failure::Silent(error.message)),
        None => Ok(reply),
    }
}
