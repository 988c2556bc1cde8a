//! Commands and queries of a client, carried out as the bridge's user.

use std::time::Duration;

use axum::extract::ws::Utf8Bytes;
use maestro_client::{Headers, RequestError, Seen};
use maestro_domain::ProjectId;
use maestro_runtime::trace::{Kind, Span};
use maestro_wire::{
    CommandEnvelope, ErrorBody, ErrorCode, Place, QueryEnvelope, Reply, ScreenView, Subject, decode_command,
    decode_query,
};
use serde_json::json;
use serde_json::value::RawValue;

use super::frame::{self, Cmd, Diff, Qry, TermScreen};
use crate::http::App;
use crate::terminal::{self, Failure};

const TIMEOUT: Duration = Duration::from_secs(10);

/// Carries a command out; the frame that answers it.
pub async fn command(app: &App, cmd: Cmd, current: Option<ProjectId>) -> Utf8Bytes {
    app.metrics.commands.one();
    let id = cmd.id.to_string();
    // Whatever the client calls it: a name of a command is short.
    let name = || format!("browser {:.32}.{:.32}", cmd.entity, cmd.verb);
    let span = Span::begin(Kind::Server, name, None);
    let done = span.around(try_command(app, cmd, current)).await;
    if let Err(error) = &done {
        span.failed(error.code.as_str());
    }
    frame::reply(&id, done)
}

async fn try_command(app: &App, cmd: Cmd, current: Option<ProjectId>) -> Result<Reply, ErrorBody> {
    let project = cmd.project.or(current).ok_or_else(no_project)?;
    let envelope = CommandEnvelope {
        kind: CommandEnvelope::TYPE.to_owned(),
        id: cmd.id,
        expires_at: None,
        epoch: None,
        min_seq: None,
        ledger: None,
        traceparent: None,
        data: cmd.data,
    };
    let (_, request) = decode_command(&cmd.entity, &cmd.verb, &envelope.encode())?;
    app.caller.command(&project, &request, cmd.id, &Seen::default(), TIMEOUT).await
}

/// Asks; the frame that answers.
pub async fn query(app: &App, qry: Qry, current: Option<ProjectId>) -> Utf8Bytes {
    app.metrics.commands.one();
    let id = qry.id.clone();
    frame::reply(&id, try_query(app, qry, current).await)
}

async fn try_query(app: &App, qry: Qry, current: Option<ProjectId>) -> Result<Reply, ErrorBody> {
    let place = match (qry.place()?, current) {
        (Some(place), _) => place,
        (None, Some(project)) => Place::Project(project),
        (None, None) => return Err(no_project()),
    };
    let data = match qry.data {
        Some(data) => data,
        None => RawValue::from_string("{}".to_owned()).unwrap_or_default(),
    };
    let envelope = QueryEnvelope { kind: QueryEnvelope::TYPE.to_owned(), min_seq: None, ledger: None, data };
    let (_, query) = decode_query(&qry.entity, &qry.verb, &envelope.encode())?;
    app.caller.query(&place, &query, &Seen::default(), TIMEOUT).await
}

/// One look at a terminal; the frame that answers.
pub async fn screen(app: &App, look: TermScreen, current: Option<ProjectId>) -> Utf8Bytes {
    let id = look.id.clone();
    frame::reply(&id, try_screen(app, look, current).await)
}

async fn try_screen(app: &App, look: TermScreen, current: Option<ProjectId>) -> Result<Reply, ErrorBody> {
    let project = current.ok_or_else(no_project)?;
    let unavailable = |text: String| ErrorBody::new(ErrorCode::Unavailable, text);
    let work =
        app.work.as_ref().ok_or_else(|| unavailable("this bridge has no connection for terminals".to_owned()))?;
    let place = terminal::Place { project, session: look.session, epoch: look.epoch };
    let screen = terminal::screen(work, &place).await.map_err(|failure| match failure {
        Failure::Gone => unavailable(format!("nobody holds the terminal of {}", look.session)),
        Failure::Silent(why) => unavailable(why),
    })?;
    // A screen is made of whole characters; what is not is shown as such.
    let text = String::from_utf8_lossy(&screen.bytes);
    let ScreenView { offset, cols, rows, .. } = screen.view;
    Ok(Reply::ok(&json!({ "offset": offset, "cols": cols, "rows": rows, "text": text })))
}

/// What a session changed; the frame that answers.
pub async fn diff(app: &App, diff: Diff, current: Option<ProjectId>) -> Utf8Bytes {
    let id = diff.id.clone();
    frame::reply(&id, try_diff(app, diff, current).await)
}

async fn try_diff(app: &App, Diff { session, node, .. }: Diff, current: Option<ProjectId>) -> Result<Reply, ErrorBody> {
    let project = current.ok_or_else(no_project)?;
    let unavailable = |text: String| ErrorBody::new(ErrorCode::Unavailable, text);
    let work =
        app.work.as_ref().ok_or_else(|| unavailable("this bridge has no connection for terminals".to_owned()))?;
    let subject = Subject::Node { node: node.clone(), verb: "diff".to_owned() }.to_string();
    let body = json!({ "project": project, "session": session }).to_string();
    let asked = work.request(&subject, &Headers::new(), body.into(), TIMEOUT).await;
    let message = asked.map_err(|error| match error {
        RequestError::NoResponders { .. } => unavailable(format!("the host {node}, which has the files, is not there"))
            .commands(["maestro node list".to_owned()]),
        other => unavailable(other.to_string()),
    })?;
    message.json::<Reply>().map_err(|_| unavailable(format!("the answer of {node} is no reply")))
}

pub fn no_project() -> ErrorBody {
    ErrorBody::new(ErrorCode::MissingProject, "the frame names no project and none is followed")
}

/// Too much at once.
pub fn too_many(id: &str) -> Utf8Bytes {
    let error = ErrorBody::new(ErrorCode::Overloaded, "this client sends more commands than are taken at once")
        .suggest("wait a moment and send it again under the same id");
    frame::reply(id, Err(error))
}
