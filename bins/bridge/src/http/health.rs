//! Whether the program lives, and whether it is of use.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::App;

pub async fn healthz() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

pub async fn readyz(State(app): State<Arc<App>>) -> Response {
    let ready = app.feed.is_ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let clients = app.limits.clients - app.places.available_permits();
    (status, Json(json!({ "ready": ready, "clients": clients }))).into_response()
}
