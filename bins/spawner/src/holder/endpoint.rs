//! What a running session answers: `ping`, `stop`, `screen`, `in`, `resize`. It is a micro service, `maestro-session`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use maestro_client::Client;
use maestro_client::service::{Endpoint, EndpointSpec, Request, Service, ServiceError, ServiceSpec, StartError};
use maestro_wire::{ErrorBody, ErrorCode, Reply, TerminalSize, header};
use serde_json::json;

use super::input::{Keyboard, NotRead};
use super::mail::Post;
use super::protocol::Uplink;
use super::terminal::Terminal;
use crate::os::Identity;

/// The session as others reach it.
pub(super) struct Desk {
    pub uplink: Uplink,
    pub agent: Identity,
    pub terminal: Arc<Terminal>,
    /// None: it has no terminal to type into.
    pub keyboard: Option<Keyboard>,
    /// None: messages are not typed.
    pub post: Option<Post>,
}

impl Desk {
    /// Answers until a stop is asked for; answers that too, and goes on with the next call.
    pub(super) async fn stop_asked(&self, client: &Client, open: &mut Option<Open>) {
        loop {
            let Some(open) = open.as_mut() else {
                match self.subscribe(client).await {
                    Ok(subscribed) => *open = Some(subscribed),
                    Err(error) => {
                        tracing::warn!(incarnation = %self.uplink.incarnation, cause = %error, "does not listen yet");
                        tokio::time::sleep(Duration::from_secs(1)).await;
                    }
                }
                continue;
            };
            let [stop, ping, screen, input, resize] = &mut open.endpoints;
            let (verb, request) = tokio::select! {
                request = stop.next() => (Verb::Stop, request),
                request = ping.next() => (Verb::Ping, request),
                request = screen.next() => (Verb::Screen, request),
                request = input.next() => (Verb::In, request),
                request = resize.next() => (Verb::Resize, request),
            };
            let Some(request) = request else {
                // The connection is closed for good: the process ends.
                return std::future::pending().await;
            };
            let reply = self.reply(verb, &request);
            self.answer(request, reply).await;
            if verb == Verb::Stop {
                return;
            }
        }
    }

    fn reply(&self, verb: Verb, request: &Request) -> Result<Reply, ErrorBody> {
        match verb {
            Verb::Stop | Verb::Ping => Ok(Reply::ok(&json!({
                "nonce": self.uplink.nonce,
                "pid": self.agent.pid,
                "epoch": self.uplink.incarnation.epoch,
                "node": self.uplink.node,
                "stopping": verb == Verb::Stop,
            }))),
            Verb::Screen => Ok(Reply::ok(&self.terminal.view())),
            Verb::In => self.typed(request),
            Verb::Resize => self.resized(request),
        }
    }

    fn keyboard(&self) -> Result<&Keyboard, ErrorBody> {
        let session = self.uplink.incarnation.session;
        self.keyboard.as_ref().ok_or_else(|| {
            ErrorBody::new(ErrorCode::SessionState, format!("{session} has no terminal to type into"))
                .suggest("send it a message")
                .commands([format!("maestro message send {session} \"<text>\"")])
        })
    }

    fn typed(&self, request: &Request) -> Result<Reply, ErrorBody> {
        let keyboard = self.keyboard()?;
        let bytes = request.payload();
        if bytes.len() > header::MAX_INPUT {
            let text = format!("{} bytes are more than the {} that one input takes", bytes.len(), header::MAX_INPUT);
            return Err(ErrorBody::new(ErrorCode::TooLarge, text).suggest("put long text into a file and name it"));
        }
        let viewer = viewer(request);
        let size = request.header(header::SIZE).map(str::parse::<TerminalSize>).transpose()?;
        match request.header(header::INPUT) {
            None | Some("keys") => {
                self.terminal.typed_by(viewer);
                keyboard.somebody_types();
                if let Some(size) = size.map(TerminalSize::bounded).filter(|size| *size != self.terminal.size()) {
                    keyboard.resize(size).map_err(not_read)?;
                }
                keyboard.keys(bytes.to_vec())
            }
            // Nobody sits before the terminal: its size is nobody's.
            Some("paste") => {
                keyboard.somebody_types();
                keyboard.prompt(bytes)
            }
            Some("leave") => {
                self.terminal.left_by(viewer);
                Ok(())
            }
            Some(other) => {
                let text = format!("'{}' is no way to type", other.chars().take(40).collect::<String>().escape_debug());
                return Err(ErrorBody::new(ErrorCode::InvalidValue, text).suggest("keys, paste, leave"));
            }
        }
        .map_err(not_read)?;
        Ok(Reply::ok(&self.terminal.answer(true)))
    }

    fn resized(&self, request: &Request) -> Result<Reply, ErrorBody> {
        let keyboard = self.keyboard()?;
        let size: TerminalSize = serde_json::from_slice(request.payload()).map_err(|error| {
            ErrorBody::new(ErrorCode::MalformedJson, format!("no size: {error}")).suggest("{\"cols\":120,\"rows\":40}")
        })?;
        let applied = self.terminal.may_resize(viewer(request));
        if applied {
            let size = size.bounded();
            keyboard.resize(size).map_err(not_read)?;
        }
        Ok(Reply::ok(&self.terminal.answer(applied)))
    }

    async fn answer(&self, request: Request, reply: Result<Reply, ErrorBody>) {
        let (reply, error) = match reply {
            Ok(reply) => (reply, None),
            Err(body) => {
                let error = ServiceError { code: 400, description: body.code.to_string() };
                (Reply::refused(body), Some(error))
            }
        };
        if let Err(error) = request.respond(reply.encode().into(), error).await {
            tracing::debug!(incarnation = %self.uplink.incarnation, cause = %error, "not answered");
        }
    }

    async fn subscribe(&self, client: &Client) -> Result<Open, StartError> {
        let incarnation = &self.uplink.incarnation;
        let spec = ServiceSpec {
            name: "maestro-session".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: "One running session.".to_owned(),
            metadata: BTreeMap::from([
                ("session".to_owned(), incarnation.to_string()),
                ("node".to_owned(), self.uplink.node.to_string()),
            ]),
            endpoints: ["stop", "ping", "screen", "in", "resize"]
                .map(|verb| EndpointSpec::new(verb, &incarnation.subject(verb).to_string(), "holder"))
                .to_vec(),
        };
        let (service, endpoints) = Service::start(client, spec).await?;
        service.join();
        let endpoints = <[Endpoint; 5]>::try_from(endpoints)
            .unwrap_or_else(|found| unreachable!("five endpoints were asked for, {} came", found.len()));
        Ok(Open { _service: service, endpoints })
    }
}

/// The service while it runs.
pub(super) struct Open {
    _service: Service,
    endpoints: [Endpoint; 5],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Verb {
    Stop,
    Ping,
    Screen,
    In,
    Resize,
}

fn viewer(request: &Request) -> Option<&str> {
    request.header(header::VIEWER).filter(|viewer| viewer.len() <= 64)
}

fn not_read(NotRead: NotRead) -> ErrorBody {
    ErrorBody::new(ErrorCode::Overloaded, "the agent does not read what was typed before; nothing was typed")
        .suggest("try again when it goes on")
}
