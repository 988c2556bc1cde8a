//! The protocol: JSON text frames, `type` first, camelCase. Unknown fields are ignored, unknown types refused.

use std::borrow::Cow;
use std::collections::BTreeMap;

use axum::extract::ws::Utf8Bytes;
use maestro_domain::{Actor, NodeName, ProjectId, SessionId, StatusKind};
use maestro_wire::{CommandId, ErrorBody, ErrorCode, NodeRecord, Place, Reply, decode};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The protocol's version.
pub const VERSION: u32 = 1;

/// The first frame of a client.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Hello {
    pub version: u32,
    #[serde(default)]
    pub project: Option<ProjectId>,
    /// With `since`: the last commit that the client has, and the ledger it counts in.
    #[serde(default)]
    pub ledger: Option<String>,
    #[serde(default)]
    pub since: Option<u64>,
}

/// `cmd`: a command, under the client's own id.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cmd {
    pub id: CommandId,
    pub entity: String,
    pub verb: String,
    /// Another project than the one that is followed.
    #[serde(default)]
    pub project: Option<ProjectId>,
    pub data: Box<RawValue>,
}

/// `qry`: a query; `id` is the client's own and comes back with the reply.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Qry {
    pub id: String,
    pub entity: String,
    pub verb: String,
    #[serde(default)]
    pub project: Option<String>,
    #[serde(default)]
    pub data: Option<Box<RawValue>>,
}

impl Qry {
    /// # Errors
    /// When the project is none.
    pub fn place(&self) -> Result<Option<Place>, ErrorBody> {
        self.project.as_deref().map(|text| text.parse::<Place>().map_err(ErrorBody::from)).transpose()
    }
}

/// `switch`: another project to follow.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Switch {
    pub project: ProjectId,
    #[serde(default)]
    pub since: Option<u64>,
}

/// `term.open`: a session's terminal, under a number of the client's own.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TermOpen {
    pub term: u32,
    pub session: SessionId,
    pub epoch: u32,
}

/// `term.in`: what somebody typed, as text; a binary frame does the same for any bytes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TermIn {
    pub term: u32,
    pub text: String,
}

/// `term.resize`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TermResize {
    pub term: u32,
    pub cols: u16,
    pub rows: u16,
}

/// `term.close`
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TermClose {
    pub term: u32,
}

/// `term.screen`: one look at a terminal, answered by a `reply`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TermScreen {
    pub id: String,
    pub session: SessionId,
    pub epoch: u32,
}

/// `diff`: what a session changed in its worktree, told by the spawner that has it; answered by a `reply`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Diff {
    pub id: String,
    pub session: SessionId,
    /// Where the session runs, or ran.
    pub node: NodeName,
}

/// Everything a client may send.
#[derive(Debug)]
pub enum FromClient {
    TermOpen(TermOpen),
    TermIn(TermIn),
    TermResize(TermResize),
    TermClose(TermClose),
    TermScreen(TermScreen),
    Diff(Diff),
    Hello(Hello),
    Cmd(Cmd),
    Qry(Qry),
    Switch(Switch),
    Ping,
    Pong,
}

/// # Errors
/// `malformed_json`, `unknown_command`, `missing_required_field`, `invalid_value`, …
pub fn parse(text: &str) -> Result<FromClient, ErrorBody> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(rename = "type", borrow)]
        kind: Cow<'a, str>,
    }
    let bytes = text.as_bytes();
    let whole = serde_json::from_str::<&RawValue>(text)
        .map_err(|error| ErrorBody::new(ErrorCode::MalformedJson, format!("the frame is not JSON: {error}")))?;
    // A list would be read as the fields in their order.
    let head = Some(whole.get()).filter(|json| json.starts_with('{')).and_then(|json| {
        // A `type` that is no text is as good as none.
        serde_json::from_str::<Head<'_>>(json).ok()
    });
    let Some(head) = head else {
        return Err(ErrorBody::new(ErrorCode::MissingRequiredField, "a frame is an object with a `type`"));
    };
    let kind = head.kind.as_ref();
    Ok(match kind {
        "hello" => FromClient::Hello(decode(bytes)?),
        "cmd" => FromClient::Cmd(decode(bytes)?),
        "qry" => FromClient::Qry(decode(bytes)?),
        "switch" => FromClient::Switch(decode(bytes)?),
        "term.open" => FromClient::TermOpen(decode(bytes)?),
        "term.in" => FromClient::TermIn(decode(bytes)?),
        "term.resize" => FromClient::TermResize(decode(bytes)?),
        "term.close" => FromClient::TermClose(decode(bytes)?),
        "term.screen" => FromClient::TermScreen(decode(bytes)?),
        "diff" => FromClient::Diff(decode(bytes)?),
        "ping" => FromClient::Ping,
        "pong" => FromClient::Pong,
        other => {
            let other: String = other.chars().take(40).collect();
            let text = format!("there is no frame '{other}'");
            return Err(ErrorBody::new(ErrorCode::UnknownCommand, text)
                .suggest(
                "frames are hello, cmd, qry, switch, term.open, term.in, term.resize, term.close, term.screen, diff, ping, pong",
            ));
        }
    })
}

/// Everything the bridge sends beside commits and pages.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ToClient<'a> {
    Welcome {
        version: u32,
        ledger: &'a str,
        /// What is followed now; absent when there is no project yet.
        #[serde(skip_serializing_if = "Option::is_none")]
        project: Option<&'a ProjectId>,
        /// `null`: the server does not answer now; a `projects` frame follows when it does.
        projects: Option<&'a [Box<RawValue>]>,
        user: &'a Actor,
        server_version: &'a str,
        /// From each status the verbs that move a task on, and where they lead.
        moves: &'a BTreeMap<StatusKind, Vec<Move>>,
        /// Whether terminals can be opened here.
        terminals: bool,
    },
    /// The spawners that are there, and the agents they have; at the beginning and whenever that changed.
    Nodes {
        nodes: Vec<&'a NodeRecord>,
    },
    /// A terminal's size; its screen and output follow in binary frames. Again after a hole in the output.
    #[serde(rename = "term.opened")]
    TermOpened {
        term: u32,
        session: SessionId,
        epoch: u32,
        cols: u16,
        rows: u16,
        offset: u64,
        /// Its agent has pipes: lines end with a line feed alone.
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        plain: bool,
    },
    /// Somebody gave it another size.
    #[serde(rename = "term.size")]
    TermSize {
        term: u32,
        cols: u16,
        rows: u16,
    },
    #[serde(rename = "term.closed")]
    TermClosed {
        term: u32,
        reason: &'a str,
    },
    Projects {
        projects: &'a [Box<RawValue>],
    },
    /// The client fell behind: pages of a snapshot follow.
    Resync {
        project: &'a ProjectId,
    },
    /// Not the answer to anything in particular.
    Error {
        /// Which code, what is the case, what to do.
        code: ErrorCode,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        suggestion: Option<&'a str>,
        retryable: bool,
    },
    Pong {},
    Bye {
        reason: &'a str,
    },
}

/// A verb, and the status that it leads to.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Move {
    pub verb: &'static str,
    pub to: StatusKind,
}

/// What the domain allows, as a page can show it.
pub fn moves() -> BTreeMap<StatusKind, Vec<Move>> {
    let of = |from: StatusKind| from.moves().iter().map(|&(verb, to)| Move { verb, to }).collect();
    StatusKind::ALL.into_iter().map(|from| (from, of(from))).collect()
}

impl ToClient<'_> {
    pub fn encode(&self) -> Utf8Bytes {
        serde_json::to_string(self).unwrap_or_default().into()
    }
}

pub fn error(error: &ErrorBody) -> Utf8Bytes {
    let ErrorBody { code, message, suggestion, retryable, .. } = error;
    ToClient::Error { code: *code, message, suggestion: suggestion.as_deref(), retryable: *retryable }.encode()
}

/// `reply`: the wire's reply under the client's id.
pub fn reply(id: &str, outcome: Result<Reply, ErrorBody>) -> Utf8Bytes {
    #[derive(Serialize)]
    struct Frame<'a> {
        r#type: &'static str,
        id: &'a str,
        success: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a RawValue>,
        #[serde(skip_serializing_if = "std::ops::Not::not")]
        unchanged: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        ledger: Option<&'a str>,
        #[serde(flatten)]
        error: Option<&'a ErrorBody>,
    }
    let reply = outcome.unwrap_or_else(Reply::refused);
    let frame = Frame {
        r#type: "reply",
        id,
        success: reply.success,
        data: reply.data.as_deref(),
        unchanged: reply.unchanged,
        seq: reply.seq,
        ledger: reply.ledger.as_deref(),
        error: reply.error.as_ref(),
    };
    serde_json::to_string(&frame).unwrap_or_default().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_told_apart_and_refused_with_a_code() {
        assert!(matches!(parse(r#"{"type":"ping"}"#), Ok(FromClient::Ping)));
        let hello = r#"{"type":"hello","version":1,"project":"web","since":7,"later":true}"#;
        let Ok(FromClient::Hello(hello)) = parse(hello) else { panic!("a hello") };
        assert_eq!((hello.version, hello.since), (1, Some(7)));
        let cmd =
            r#"{"type":"cmd","id":"01JD0000000000000000000000","entity":"task","verb":"create","data":{"title":"a"}}"#;
        assert!(matches!(parse(cmd), Ok(FromClient::Cmd(cmd)) if cmd.data.get() == r#"{"title":"a"}"#));
        let code = |text: &str| parse(text).unwrap_err().code;
        let open = parse(r#"{"type":"term.open","term":3,"session":"s1","epoch":2}"#);
        assert!(matches!(open, Ok(FromClient::TermOpen(open)) if (open.term, open.epoch) == (3, 2)));
        assert_eq!(code(r#"{"type":"term.open","term":3,"session":"../x","epoch":2}"#), ErrorCode::InvalidSessionId);
        assert_eq!(code("{"), ErrorCode::MalformedJson);
        assert_eq!(code("[1,2"), ErrorCode::MalformedJson);
        assert_eq!(code(r#"["ping"]"#), ErrorCode::MissingRequiredField);
        assert_eq!(code("[]"), ErrorCode::MissingRequiredField);
        assert_eq!(code("{}"), ErrorCode::MissingRequiredField);
        assert_eq!(code(r#"{"type":"shout"}"#), ErrorCode::UnknownCommand);
        assert_eq!(code(r#"{"type":"hello"}"#), ErrorCode::MissingRequiredField);
        assert_eq!(code(r#"{"type":"hello","version":1,"project":"a.>"}"#), ErrorCode::InvalidProjectId);
        assert_eq!(code(&cmd.replace("01JD", "x")), ErrorCode::InvalidCommandId);
    }

    #[test]
    fn a_reply_carries_the_clients_id_and_the_wires_fields() {
        let ok = reply("q1", Ok(Reply::ok(&1).at(7, "L")));
        assert_eq!(ok.as_str(), r#"{"type":"reply","id":"q1","success":true,"data":1,"seq":7,"ledger":"L"}"#);
        let refused = reply("q2", Err(ErrorBody::new(ErrorCode::TaskNotFound, "no t9")));
        assert!(refused.as_str().starts_with(r#"{"type":"reply","id":"q2","success":false,"error":"task_not_found""#));
    }
}
