//! Signing in: a program with the token asks for a code, a browser brings it and gets a cookie.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maestro_wire::{ErrorBody, ErrorCode};
use serde::Deserialize;
use serde_json::json;

use super::door::cookies;
use super::{App, asset, refuse};
use crate::access::{CODE_LIFE, SESSION_LIFE};

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entrant {
    /// It brought the token.
    Program,
    /// It brought a cookie.
    Browser,
}

impl App {
    /// Token or cookie; `None` when neither is good.
    pub fn entrant(&self, headers: &HeaderMap) -> Option<Entrant> {
        if bearer(headers).is_some_and(|token| self.access.knows_token(token)) {
            return Some(Entrant::Program);
        }
        let known =
            cookies(headers).any(|(name, secret)| self.door.is_cookie(name) && self.access.knows_session(secret));
        known.then_some(Entrant::Browser)
    }

    /// What somebody gets who is neither.
    pub fn unknown(&self) -> Response {
        let error = ErrorBody::new(ErrorCode::AuthenticationFailed, "neither a valid cookie nor the bearer token came")
            .suggest("open the address that `maestro up` prints; programs send `Authorization: Bearer <token>`")
            .commands(["maestro up"]);
        let mut response = refuse(StatusCode::UNAUTHORIZED, error);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, header::HeaderValue::from_static("Bearer"));
        response
    }
}

/// `POST /api/code`: a one-time code, for whoever has the token.
pub async fn code(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    match app.entrant(&headers) {
        Some(Entrant::Program) => {
            let body = json!({ "code": app.access.new_code(), "expiresInSeconds": CODE_LIFE.as_secs() });
            ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
        // A browser's session makes no other sessions.
        Some(Entrant::Browser) | None => app.unknown(),
    }
}

/// `GET /api/session`: whether this browser is signed in, and as whom.
pub async fn session(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    match app.entrant(&headers) {
        Some(_) => {
            let body = json!({ "user": app.caller.actor(), "version": env!("CARGO_PKG_VERSION") });
            ([(header::CACHE_CONTROL, "no-store")], Json(body)).into_response()
        }
        None => app.unknown(),
    }
}

#[derive(Deserialize)]
pub struct Visit {
    code: Option<String>,
}

/// `GET /`: the page; with `?code=` the sign-in, after which the code is gone from the address.
pub async fn page(State(app): State<Arc<App>>, Query(visit): Query<Visit>, headers: HeaderMap) -> Response {
    let Some(code) = visit.code else { return asset::index(StatusCode::OK, &headers) };
    match app.access.redeem(&code) {
        Ok(Some(secret)) => {
            let cookie = app.door.set_cookie(&headers, &secret, SESSION_LIFE.as_secs());
            (StatusCode::SEE_OTHER, [(header::LOCATION, "/".to_owned()), (header::SET_COOKIE, cookie)]).into_response()
        }
        // An old address opened again by a browser that is known.
        Ok(None) if app.entrant(&headers).is_some() => {
            (StatusCode::SEE_OTHER, [(header::LOCATION, "/")]).into_response()
        }
        Ok(None) => {
            let html = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
            if html.is_some_and(|accept| accept.contains("text/html")) {
                // The page finds out that nobody is signed in and says what to do.
                return asset::index(StatusCode::UNAUTHORIZED, &headers);
            }
            let error = ErrorBody::new(ErrorCode::AuthenticationFailed, "this code was used, is too old, or never was")
                .commands(["maestro up"]);
            refuse(StatusCode::UNAUTHORIZED, error)
        }
        Err(cause) => {
            tracing::error!(%cause, "a session could not be kept");
            refuse(StatusCode::INTERNAL_SERVER_ERROR, ErrorBody::new(ErrorCode::Internal, "the sign-in was not kept"))
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}
