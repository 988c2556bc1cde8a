//! `session list`

use clap::Args;
use maestro_domain::{Role, SessionStatusKind};
use maestro_wire::{ErrorBody, Query, SessionList};

use crate::context::Context;
use crate::fields::{self, FieldsArgs};
use crate::output::Output;
use crate::{parse, view};

use super::spawn::RoleName;

/// List the living sessions
#[derive(Args, Debug)]
pub struct ListArgs {
    /// Ended ones too
    #[arg(long, short = 'a')]
    pub all: bool,
    /// requested, starting, active, needs_input, exited, failed, stopped, lost
    #[arg(long, value_delimiter = ',', value_parser = parse::session_status)]
    pub status: Vec<SessionStatusKind>,
    /// Only of this role
    #[arg(long, value_enum)]
    pub role: Option<RoleName>,
    /// At most this many [default: 50; at most 1000]
    #[arg(long, short = 'n')]
    pub limit: Option<u32>,
    /// Go on from where the last page ended
    #[arg(long)]
    pub cursor: Option<String>,
    #[command(flatten)]
    pub only: FieldsArgs,
}

pub async fn run(args: ListArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let filtered = args.all || args.role.is_some() || args.cursor.is_some() || !args.status.is_empty();
    let ended = args.status.iter().any(|status| !status.is_living());
    let query = Query::SessionList(SessionList {
        all: args.all || ended,
        status: args.status,
        role: args.role.map(|role| match role {
            RoleName::Worker => Role::Worker,
            RoleName::Orchestrator => Role::Orchestrator,
            RoleName::Custom => Role::Custom,
        }),
        reverse: false,
        limit: args.limit,
        cursor: args.cursor,
    });
    let reply = fields::pick(ctx.ask(&ctx.project()?, query).await?, &args.only.fields)?;
    let words = ctx.words.clone();
    Ok(Output::reply(reply, move |data| {
        if args.only.fields.is_empty() {
            view::of(data, |page| view::session::page(&page, filtered, &words))
        } else {
            fields::lines(data, &args.only.fields)
        }
    }))
}
