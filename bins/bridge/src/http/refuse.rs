//! A refusal over HTTP: the wire's error body.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maestro_wire::{ErrorBody, Reply};

/// The status and the body of a refused request.
pub fn refuse(status: StatusCode, error: ErrorBody) -> Response {
    (status, Json(Reply::refused(error))).into_response()
}
