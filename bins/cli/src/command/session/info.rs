//! `session info`

use clap::Args;
use maestro_domain::SessionId;
use maestro_wire::{ErrorBody, ErrorCode, Query, SessionGet};

use crate::context::Context;
use crate::fields::{self, FieldsArgs};
use crate::output::Output;
use crate::view;

/// Show one session
#[derive(Args, Debug)]
pub struct InfoArgs {
    /// The session [default: the caller's own]
    pub session: Option<SessionId>,
    #[command(flatten)]
    pub only: FieldsArgs,
}

pub async fn run(args: InfoArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    if args.session.is_none() && ctx.actor()?.0.session().is_none() {
        return Err(ErrorBody::new(ErrorCode::MissingSession, "no session was named, and the caller is none")
            .commands(["maestro session list", "maestro whoami"]));
    }
    let reply = ctx.ask(&ctx.project()?, Query::SessionGet(SessionGet { session: args.session })).await?;
    fields::shown(reply, args.only, |data| view::of(data, |session| view::session::card(&session)))
}
