//! The requests that a holder answers, and the headers of its output.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use maestro_client::{Bytes, Client, Headers, Message, RequestError};
use maestro_wire::Reply;
use maestro_wire::header::{END, GAP, OFFSET, SIZE, VIEWER};
use serde::Deserialize;
use serde_json::json;

use super::Place;

const TIMEOUT: Duration = Duration::from_secs(2);

/// Columns and rows.
pub type Size = (u16, u16);

/// What a terminal shows, as bytes that draw it, and the offset that output goes on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    pub offset: u64,
    pub cols: u16,
    pub rows: u16,
    pub bytes: Bytes,
}

/// One message of output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    pub offset: u64,
    pub gap: Option<u64>,
    pub size: Option<Size>,
    pub end: Option<i32>,
    pub bytes: Bytes,
}

impl Piece {
    /// `None`: it is no output of a holder.
    pub fn read(message: Message) -> Option<Self> {
        let number = |name: &str| message.header(name).and_then(|text| text.parse::<u64>().ok());
        let size = message.header(SIZE).and_then(|text| {
            let (cols, rows) = text.split_once('x')?;
            Some((cols.parse().ok()?, rows.parse().ok()?))
        });
        Some(Self {
            offset: number(OFFSET)?,
            gap: number(GAP),
            size,
            end: message.header(END).and_then(|text| text.parse().ok()),
            bytes: message.into_payload(),
        })
    }
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

#[derive(Deserialize)]
struct View {
    offset: u64,
    cols: u16,
    rows: u16,
    /// Base64.
    state: String,
}

pub async fn screen(work: &Client, place: &Place) -> Result<Screen, Failure> {
    let reply = ask(work, place, "screen", &Headers::new(), Bytes::new()).await?;
    let strange = |_| Failure::Silent("the holder's answer is no screen".to_owned());
    let data = reply.data.as_deref().map_or("null", |data| data.get());
    let View { offset, cols, rows, state } = serde_json::from_str(data).map_err(strange)?;
    let bytes = STANDARD.decode(state).map_err(|_| Failure::Silent("the holder's screen is no base64".to_owned()))?;
    Ok(Screen { offset, cols, rows, bytes: bytes.into() })
}

/// What somebody typed, and how large the terminal is where it was typed.
pub async fn input(work: &Client, place: &Place, who: &str, size: Option<Size>, bytes: Bytes) -> Result<(), Failure> {
    let mut headers = Headers::new().with(VIEWER, who);
    if let Some((cols, rows)) = size {
        headers.set(SIZE, format!("{cols}x{rows}"));
    }
    ask(work, place, "in", &headers, bytes).await.map(|_| ())
}

/// Whoever typed last says how large the terminal is; from others it is no failure, and changes nothing.
pub async fn resize(work: &Client, place: &Place, who: &str, (cols, rows): Size) -> Result<(), Failure> {
    let body = json!({ "cols": cols, "rows": rows }).to_string();
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
