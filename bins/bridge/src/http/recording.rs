//! Recordings of ended sessions (asciicast v2), read from the object store for whoever may use the bridge.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use maestro_domain::{ProjectId, SessionId};
use maestro_wire::{ErrorBody, ErrorCode};

use super::{App, refuse};

const STORE: &str = "RECORDINGS";
/// Recordings that are in memory at once; more wait for their turn.
pub const AT_ONCE: usize = 4;

/// `GET /api/recording/{project}/{session}/{epoch}`
pub async fn serve(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
    Path((project, session, epoch)): Path<(String, String, String)>,
) -> Response {
    if app.entrant(&headers).is_none() {
        app.metrics.refused_unknown.one();
        return app.unknown();
    }
    let place = match place(&project, &session, &epoch) {
        Ok(place) => place,
        Err(error) => return refuse(StatusCode::BAD_REQUEST, error),
    };
    let unavailable =
        |text: String| refuse(StatusCode::SERVICE_UNAVAILABLE, ErrorBody::new(ErrorCode::Unavailable, text));
    let Some(work) = &app.work else {
        return unavailable("this bridge has no connection for terminals and recordings".to_owned());
    };
    // The semaphore is never closed.
    let _turn = app.recordings.acquire().await.ok();
    match work.objects(STORE).get(&format!("{place}.cast")).await {
        Ok(Some(recording)) => {
            let kind =
                [(header::CONTENT_TYPE, "application/x-asciicast"), (header::CACHE_CONTROL, "private, no-cache")];
            let name = [(header::CONTENT_DISPOSITION, format!("inline; filename=\"{place}.cast\""))];
            (kind, name, recording).into_response()
        }
        Ok(None) => {
            let text = format!("no recording is kept of {session}, epoch {epoch}");
            let error = ErrorBody::new(ErrorCode::FileNotFound, text)
                .suggest("it is there when the session has ended, for thirty days");
            refuse(StatusCode::NOT_FOUND, error)
        }
        Err(cause) => unavailable(format!("the recording cannot be read: {cause}")),
    }
}

fn place(project: &str, session: &str, epoch: &str) -> Result<String, ErrorBody> {
    let project: ProjectId = project.parse().map_err(ErrorBody::from)?;
    let session: SessionId = session.parse().map_err(ErrorBody::from)?;
    let epoch: u32 = epoch.parse().map_err(|_| {
        let epoch: String = epoch.chars().take(40).collect();
        ErrorBody::new(ErrorCode::InvalidValue, format!("'{epoch}' is no epoch"))
    })?;
    Ok(format!("{project}.{session}.{epoch}"))
}
