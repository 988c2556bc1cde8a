//! Whether the program lives, and whether it is of use.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::App;
use crate::metrics::Gauges;

pub async fn healthz() -> Json<serde_json::Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

pub async fn readyz(State(app): State<Arc<App>>) -> Response {
    let ready = app.feed.is_ready();
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let clients = app.limits.clients - app.places.available_permits();
    (status, Json(json!({ "ready": ready, "clients": clients }))).into_response()
}

/// Figures for Prometheus, for whoever may use the bridge.
pub async fn metrics(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    if app.entrant(&headers).is_none() {
        app.metrics.refused_unknown.one();
        return app.unknown();
    }
    let (ring_commits, ring_bytes) = app.feed.ring_size();
    let now = Gauges {
        clients: app.limits.clients - app.places.available_permits(),
        ring_commits,
        ring_bytes,
        head: *app.feed.head().borrow(),
        ready: app.feed.is_ready(),
    };
    let nodes = app.nodes.borrow().clone();
    let text = app.metrics.render(&now) + &app.system.render(&nodes).await;
    let kind = "text/plain; version=0.0.4; charset=utf-8";
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "no-store")], text).into_response()
}
