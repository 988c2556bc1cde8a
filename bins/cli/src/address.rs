//! Where the broker is, and the connection to it.

use std::path::Path;
use std::time::Duration;

use maestro_client::{Caller, Mode, Options};
use maestro_runtime::{Credentials, StackError, StackFile, trace};
use maestro_wire::{ErrorBody, ErrorCode};

use crate::context::Context;

/// The broker's user for command lines and agents.
const USER: &str = "edge";
/// Where a stack that is not of this home is looked at: `maestro up` here would start a second one.
const LOOK_THERE: &str = "the stack is elsewhere: look at its server there (docker compose logs server; \
     journalctl -u maestro-server)";

/// An address and who says so.
#[derive(Clone, Debug)]
pub struct Address {
    pub url: String,
    pub origin: String,
    /// The running stack that it comes from.
    stack: Option<StackFile>,
}

impl Address {
    /// Whether it is of another stack than this home's, as far as the addresses tell.
    pub fn is_elsewhere(&self, stack: Option<&StackFile>) -> bool {
        let authority = |url: &str| {
            let address: Option<maestro_client::Address> = url.parse().ok();
            address.map(|address| address.authority().to_owned())
        };
        self.stack.is_none() && stack.is_none_or(|stack| authority(&self.url) != authority(&stack.nats_url))
    }

    /// Without the password.
    pub fn shown(&self) -> String {
        match (self.url.split_once("://"), self.url.rsplit_once('@')) {
            (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
            (None, Some((_, host))) => host.to_owned(),
            (_, None) => self.url.clone(),
        }
    }
}

/// Flag, environment, configuration, running stack.
pub fn find(ctx: &Context) -> Result<Option<Address>, ErrorBody> {
    if let Some(server) = &ctx.config()?.server {
        let origin = server.origin.to_string();
        return Ok(Some(Address { url: server.value.clone(), origin, stack: None }));
    }
    let Ok(home) = ctx.home() else { return Ok(None) };
    let path = home.stack();
    let Some(stack) = StackFile::read(&path).map_err(|error| stack_error(&error))? else { return Ok(None) };
    let origin = format!("stack {}", path.display());
    Ok(Some(Address { url: stack.nats_url.clone(), origin, stack: Some(stack) }))
}

/// Whether the address in force was named, and is not that of this home's stack.
pub fn is_elsewhere(ctx: &Context) -> bool {
    let stack = ctx.home().ok().and_then(|home| StackFile::read(&home.stack()).ok().flatten());
    find(ctx).ok().flatten().is_some_and(|address| address.is_elsewhere(stack.as_ref()))
}

/// When nobody answered: a stack of this home can be started, any other is looked at where it runs.
pub fn unanswered(mut error: ErrorBody, ctx: &Context) -> ErrorBody {
    use ErrorCode as E;
    let on_the_way = error.code == E::TimedOut && error.details.contains_key("address");
    let nobody = on_the_way || matches!(error.code, E::NoServer | E::ConnectionRefused | E::Disconnected);
    let doctor = "maestro doctor";
    // What suggests something of its own knows more. Sessions start no stacks.
    let is_plain = error.suggestion.as_deref().is_none_or(|said| said == doctor);
    if !nobody || !is_plain || ctx.environment.is_session() {
        return error;
    }
    if is_elsewhere(ctx) {
        return error.suggest(LOOK_THERE).commands([doctor]);
    }
    error.suggestion = None;
    let up = "maestro up --detach";
    // A connection that broke is often back already.
    let commands = if error.code == E::Disconnected { [doctor, up] } else { [up, doctor] };
    error.commands(commands)
}

/// Whether no process has this id any more, as far as this system tells.
fn is_gone(pid: u32) -> bool {
    Path::new("/proc/self").exists() && !Path::new(&format!("/proc/{pid}")).exists()
}

/// Its programs go on for a while when only the supervisor was killed: then the broker still answers.
fn has_stopped(stack: &StackFile) -> bool {
    let broker_lives = stack.processes.iter().any(|process| process.name == "nats-server" && !is_gone(process.pid));
    is_gone(stack.supervisor.pid) && !broker_lives
}

/// Connects once an address is known; tries again for `patience`.
pub async fn connect(ctx: &Context, patience: Duration) -> Result<Caller, ErrorBody> {
    let Some(address) = find(ctx)? else { return Err(unknown(ctx)) };
    if address.stack.as_ref().is_some_and(has_stopped) {
        let text = format!("the stack of {} has stopped", ctx.home()?.root().display());
        return Err(ErrorBody::new(ErrorCode::StackNotRunning, text)
            .with("address", address.url)
            .commands(["maestro up --detach", "maestro doctor"]));
    }
    let (actor, epoch) = ctx.actor()?;
    let mut options = Options::new(&address.url, Mode::OneShot).map_err(|error| {
        ErrorBody::new(ErrorCode::InvalidConfig, format!("the broker's address ({}): {error}", address.origin))
            .suggest("an address looks like nats://127.0.0.1:4222")
            .commands(["maestro config list"])
    })?;
    if let Some(stack) = &address.stack {
        options.credentials = credentials(stack)?;
    }
    if let Some(there) = moved(ctx, &options.addresses) {
        options.credentials = there.credentials().map(|(user, password)| (user.to_owned(), password.to_owned()));
        options.addresses.push(there);
    }
    "maestro-cli".clone_into(&mut options.name);
    let place = ctx.placed()?.map_or("_", |placed| placed.project.as_str());
    options.inbox_prefix = format!("_INBOX.{place}.{actor}");
    options.timeout = options.timeout.min(patience.max(Duration::from_millis(1)));
    options.patience = patience;
    let config = ctx.config()?;
    let bounded = config.retries.origin != maestro_runtime::Origin::Default;
    if bounded && config.retries.value == 0 {
        options.patience = Duration::ZERO;
    }
    let client = maestro_client::connect(options).await?;
    let inherited = ctx.environment.traceparent().map(ToOwned::to_owned);
    let caller = Caller::new(client, actor, epoch).with_trace(move || trace::current().or_else(|| inherited.clone()));
    let delayed = config.retry_delay.origin != maestro_runtime::Origin::Default;
    let attempts = if bounded { config.retries.value as usize + 1 } else { usize::MAX };
    Ok(if bounded || delayed { caller.with_retries(attempts, config.retry_delay.value) } else { caller })
}

/// A session that outlived its stack has an address of before; the stack's own file has the one of now.
fn moved(ctx: &Context, known: &[maestro_client::Address]) -> Option<maestro_client::Address> {
    let before = known.first().filter(|_| ctx.environment.is_session())?;
    let (user, password) = before.credentials()?;
    let there = StackFile::address_for(&ctx.home().ok()?.stack(), user, password)?;
    let (_, authority) = there.split_once("://")?;
    let scheme = if before.wants_tls() { "tls" } else { "nats" };
    let there: maestro_client::Address = format!("{scheme}://{user}:{password}@{authority}").parse().ok()?;
    (there.authority() != before.authority()).then_some(there)
}

fn credentials(stack: &StackFile) -> Result<Option<(String, String)>, ErrorBody> {
    let credentials = Credentials::read(&stack.credentials_file).map_err(|error| stack_error(&error))?;
    Ok(credentials.and_then(|all| all.password(USER).map(|password| (USER.to_owned(), password.to_owned()))))
}

fn unknown(ctx: &Context) -> ErrorBody {
    let body = ErrorBody::new(ErrorCode::StackNotRunning, "no server is known, and no stack runs in this home");
    let former = ctx.home().ok().and_then(|home| home.former_config());
    let body = if ctx.environment.former_api_url().is_some() {
        body.suggest(
            "MAESTRO_API_URL is of another version: this one talks to NATS; set MAESTRO_NATS_URL or start a stack",
        )
    } else if let Some(path) = former {
        let text = format!("{} is of another version; this one reads config.toml beside it", path.display());
        body.suggest(text)
    } else {
        body
    };
    body.commands(["maestro up --detach", "maestro doctor", "maestro config set --help"])
}

pub fn stack_error(error: &StackError) -> ErrorBody {
    ErrorBody::new(ErrorCode::InvalidConfig, error.to_string()).suggest(error.hint())
}
