//! Sessions of a case: asked for as a person does, and what became of them.

use std::time::{Duration, Instant};

use anyhow::{anyhow, bail};
use maestro_client::{Caller, Seen};
use maestro_domain::{Actor, ProjectId, Request};
use maestro_wire::{CommandId, Place, Query, SessionGet};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::{ledger::PROJECT, stack::Stack};

const TIMEOUT: Duration = Duration::from_secs(10);
const SOON: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(5);

/// Somebody who speaks to the server.
#[derive(Clone)]
pub struct Person {
    caller: Caller,
    project: ProjectId,
}

impl Person {
    pub async fn new(stack: &Stack) -> anyhow::Result<Self> {
        let actor = "bench".parse().map_err(|error| anyhow!("an actor: {error}"))?;
        Ok(Self { caller: Caller::new(stack.edge().await?, actor, None), project: PROJECT.parse()? })
    }

    /// The session itself, in its first epoch.
    pub fn as_session(&self, id: &str) -> anyhow::Result<Self> {
        let caller = Caller::new(self.caller.client().clone(), id.parse::<Actor>()?, Some(1));
        Ok(Self { caller, project: self.project.clone() })
    }

    pub async fn send(&self, (entity, verb): (&str, &str), data: Value) -> anyhow::Result<Value> {
        let request =
            Request::deserialize_payload(entity, verb, data).ok_or_else(|| anyhow!("no {entity}.{verb}"))??;
        let id = CommandId(ulid::Ulid::generate());
        let reply = self.caller.command(&self.project, &request, id, &Seen::default(), TIMEOUT).await;
        Ok(reply.and_then(maestro_wire::Reply::parse)?)
    }

    pub async fn ask<T: DeserializeOwned>(&self, query: Query) -> anyhow::Result<T> {
        let place = Place::Project(self.project.clone());
        let reply = self.caller.query(&place, &query, &Seen::default(), TIMEOUT).await;
        Ok(reply.and_then(maestro_wire::Reply::parse)?)
    }

    /// A shell session that runs this; answers its id.
    pub async fn spawn(&self, command: &[&str]) -> anyhow::Result<String> {
        let session = self.send(("session", "spawn"), json!({ "agent": "shell", "command": command })).await?;
        Ok(session["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits until the session is in one of these statuses.
    pub async fn until(&self, id: &str, wanted: &[&str]) -> anyhow::Result<()> {
        let begun = Instant::now();
        loop {
            let session: Value = self.ask(Query::SessionGet(SessionGet { session: Some(id.parse()?) })).await?;
            if session["status"].as_str().is_some_and(|status| wanted.contains(&status)) {
                return Ok(());
            }
            if begun.elapsed() > SOON {
                bail!("{id} is {}", session["status"]);
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}
