//! `session manifest`: what a session was given, or would be.

use clap::Args;
use maestro_domain::{NodeName, SessionId};
use maestro_wire::{ErrorBody, ErrorCode, GivenGet, Manifest, ManifestGet, Query, SessionGet, SessionView};

use crate::context::Context;
use crate::fields::{self, FieldsArgs};
use crate::nodes;
use crate::output::Output;

/// Show what a session was given when it started, or would be given now
#[derive(Args, Debug)]
pub struct ManifestArgs {
    /// The session [default: the caller's own]
    pub session: Option<SessionId>,
    #[command(flatten)]
    pub only: FieldsArgs,
}

pub async fn run(args: ManifestArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let (manifest, _) = of(args.session, ctx).await?;
    let reply = maestro_wire::Reply::ok(&manifest);
    fields::shown(reply, args.only, |data| {
        let document: serde_json::Value = serde_json::from_str(data).unwrap_or_default();
        serde_json::to_string_pretty(&document).unwrap_or_default()
    })
}

/// A session's manifest, and whether its agent was given it so: the host that started it says, as long as it knows. Else it
/// is as the session would be given it now.
///
/// # Errors
/// When there is no such session, or nobody answers.
pub async fn of(session: Option<SessionId>, ctx: &Context) -> Result<(Manifest, bool), ErrorBody> {
    if session.is_none() && ctx.actor()?.0.session().is_none() {
        return Err(ErrorBody::new(ErrorCode::MissingSession, "no session was named, and the caller is none")
            .commands(["maestro session list", "maestro whoami"]));
    }
    let project = ctx.project()?;
    let view: SessionView = ctx.ask(&project, Query::SessionGet(SessionGet { session })).await?.parse()?;
    let session = &view.session;
    if let Some(node) = &session.node {
        let get = GivenGet { project: project.clone(), session: session.id, epoch: session.epoch };
        if let Ok(given) = given(node, &get, ctx).await {
            return Ok((given, true));
        }
    }
    let query = Query::ManifestGet(ManifestGet { session: Some(session.id) });
    Ok((ctx.ask(&project, query).await?.parse()?, false))
}

async fn given(node: &NodeName, get: &GivenGet, ctx: &Context) -> Result<Manifest, ErrorBody> {
    let payload = serde_json::to_vec(get).unwrap_or_default();
    nodes::ask_with(ctx.caller(ctx.left()).await?, node, "manifest", payload.into()).await
}
