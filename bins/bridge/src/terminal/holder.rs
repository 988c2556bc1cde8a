//! The requests that a holder answers.

use std::time::Duration;

use maestro_client::{Bytes, Client, Headers, Message, RequestError};
use serde_json::json;

use super::Place;

const TIMEOUT: Duration = Duration::from_secs(2);

/// The offset of a message's first byte, or of a screen; and the size of the terminal.
pub const OFFSET: &str = "Maestro-Offset";
const COLS: &str = "Maestro-Cols";
const ROWS: &str = "Maestro-Rows";

/// What a terminal shows, as escape sequences that draw it, and the offset that output goes on from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Screen {
    pub offset: u64,
    pub cols: u16,
    pub rows: u16,
    pub bytes: Bytes,
}

/// Why a holder did not do it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nobody holds this terminal (any more, or yet).
    Gone,
    /// It does not answer now.
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

/// A header that is a number.
pub fn number(message: &Message, name: &str) -> Option<u64> {
    message.header(name)?.parse().ok()
}

pub async fn screen(work: &Client, place: &Place) -> Result<Screen, Failure> {
    let reply = work.request(&place.subject("screen"), &Headers::new(), Bytes::new(), TIMEOUT).await?;
    let size = |name| number(&reply, name).and_then(|n| u16::try_from(n).ok()).filter(|n| *n > 0);
    let (Some(offset), Some(cols), Some(rows)) = (number(&reply, OFFSET), size(COLS), size(ROWS)) else {
        return Err(Failure::Silent("the holder's answer is no screen".to_owned()));
    };
    Ok(Screen { offset, cols, rows, bytes: reply.into_payload() })
}

/// What somebody typed.
pub async fn input(work: &Client, place: &Place, bytes: Bytes) -> Result<(), Failure> {
    work.request(&place.subject("in"), &Headers::new(), bytes, TIMEOUT).await?;
    Ok(())
}

/// Whoever typed last says how large the terminal is.
pub async fn resize(work: &Client, place: &Place, cols: u16, rows: u16) -> Result<(), Failure> {
    let body = json!({ "cols": cols, "rows": rows }).to_string();
    work.request(&place.subject("resize"), &Headers::new(), body.into(), TIMEOUT).await?;
    Ok(())
}
