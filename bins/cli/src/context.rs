//! What a command works with: flags, environment, configuration, and a connection when it is needed.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use maestro_client::Caller;
use maestro_domain::{Actor, ProjectId, Request};
use maestro_runtime::{Config, Environment, Home, HomeError, OutputMode};
use maestro_wire::{CommandId, ErrorBody, ErrorCode, Place, Query, Reply};
use tokio::sync::OnceCell;

use crate::cli::Globals;
use crate::memory::{Claims, Memory};
use crate::output::Printer;
use crate::place::{self, Placed};
use crate::{address, outbox, settings};

/// The bound of a command that was given none.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// One call of the command line.
pub struct Context {
    pub globals: Globals,
    pub environment: Environment,
    pub printer: Printer,
    /// The words of the command line, less the program's name; none where no line was typed.
    pub words: Vec<String>,
    started: Instant,
    config: Result<Config, ErrorBody>,
    placed: OnceLock<Option<Placed>>,
    caller: OnceCell<Caller>,
}

impl Context {
    pub fn new(globals: Globals, environment: Environment) -> Self {
        // Without a home there is no file, and flags and environment may say enough.
        let home = resolve_home(&globals, &environment).ok();
        let config = settings::read(&globals, &environment, home.as_ref());
        let configured = config.as_ref().is_ok_and(|config| config.output_mode.value == OutputMode::Json);
        let printer = Printer {
            json: globals.json || configured || environment.output() == Some("json"),
            quiet: globals.quiet,
            no_color: globals.no_color || environment.no_color(),
        };
        let (placed, caller) = (OnceLock::new(), OnceCell::new());
        Self { globals, environment, printer, words: Vec::new(), started: Instant::now(), config, placed, caller }
    }

    /// Of this line: what is printed to go on with is typed the same way.
    #[must_use]
    pub fn typed(mut self, words: &[String]) -> Self {
        self.words = words.to_vec();
        self
    }

    /// One JSON document is wanted.
    pub fn json(&self) -> bool {
        self.printer.json
    }

    /// The directory of the stack: `--home`, `MAESTRO_HOME`, `~/.maestro`.
    pub fn home(&self) -> Result<Home, ErrorBody> {
        resolve_home(&self.globals, &self.environment)
    }

    /// The settings in force.
    pub fn config(&self) -> Result<&Config, ErrorBody> {
        self.config.as_ref().map_err(Clone::clone)
    }

    /// The bound of the whole command.
    pub fn timeout(&self) -> Duration {
        self.globals.timeout.unwrap_or(DEFAULT_TIMEOUT)
    }

    /// What is left of the command's time.
    pub fn left(&self) -> Duration {
        self.timeout().saturating_sub(self.started.elapsed())
    }

    /// The project that is meant and who says so.
    pub fn placed(&self) -> Result<Option<&Placed>, ErrorBody> {
        if let Some(known) = self.placed.get() {
            return Ok(known.as_ref());
        }
        let found = place::find(self)?;
        Ok(self.placed.get_or_init(|| found).as_ref())
    }

    /// The project that is meant.
    pub fn project(&self) -> Result<ProjectId, ErrorBody> {
        match self.placed()? {
            Some(placed) => Ok(placed.project.clone()),
            None => Err(place::missing()),
        }
    }

    /// The project that a command names, else the one that is meant.
    pub fn project_or(&self, named: Option<ProjectId>) -> Result<ProjectId, ErrorBody> {
        named.map_or_else(|| self.project(), Ok)
    }

    /// Who acts here: a session with its epoch, or a person.
    pub fn actor(&self) -> Result<(Actor, Option<u32>), ErrorBody> {
        settings::actor(&self.environment)
    }

    /// The connection, made when it is first needed; connecting is tried for `patience`. Reports that wait go first.
    pub async fn caller(&self, patience: Duration) -> Result<&Caller, ErrorBody> {
        if let Some(caller) = self.caller.get() {
            return Ok(caller);
        }
        let caller = address::connect(self, patience).await?;
        let caller = self.caller.get_or_init(|| async { caller }).await;
        for refused in outbox::deliver(self, caller, self.left() / 2).await {
            self.printer.warn(&refused);
        }
        Ok(caller)
    }

    /// The connection alone, for a hook: one try a question, and reports that wait stay where they are.
    pub async fn connect(&self, patience: Duration) -> Result<&Caller, ErrorBody> {
        if let Some(caller) = self.caller.get() {
            return Ok(caller);
        }
        let caller = address::connect(self, patience).await?.with_retries(1, Duration::ZERO);
        Ok(self.caller.get_or_init(|| async { caller }).await)
    }

    /// What a replica must have seen of a project before it answers.
    pub fn seen(&self, project: &ProjectId) -> maestro_client::Seen {
        self.memory().map(|memory| memory.seen(project)).unwrap_or_default()
    }

    fn memory(&self) -> Option<Memory> {
        self.home().ok().map(|home| Memory::of(&home))
    }

    /// Asks about a project.
    pub async fn ask(&self, project: &ProjectId, query: Query) -> Result<Reply, ErrorBody> {
        let caller = self.caller(self.left()).await?;
        let reply = caller.query(&Place::Project(project.clone()), &query, &self.seen(project), self.left()).await;
        if let (Err(error), Some(memory)) = (&reply, self.memory())
            && error.code == ErrorCode::StaleRead
        {
            // A ledger that was set back: waiting for what it forgot would never end.
            memory.forget(project);
        }
        reply
    }

    /// Asks about no project.
    pub async fn ask_of_none(&self, query: Query) -> Result<Reply, ErrorBody> {
        let caller = self.caller(self.left()).await?;
        caller.query(&Place::None, &query, &maestro_client::Seen::default(), self.left()).await
    }

    /// Sends a command.
    pub async fn command(&self, project: &ProjectId, request: &Request) -> Result<Reply, ErrorBody> {
        self.caller(self.left()).await?;
        self.send(project, request, CommandId(ulid::Ulid::generate()), self.left()).await
    }

    /// Sends a command that has its id already.
    pub async fn send(
        &self,
        project: &ProjectId,
        request: &Request,
        id: CommandId,
        timeout: Duration,
    ) -> Result<Reply, ErrorBody> {
        let caller = self.caller(timeout).await?;
        let answered = caller.command(project, request, id, &self.seen(project), timeout).await;
        if let Some(claims) = Claims::of(self, project) {
            claims.learn(request, &answered);
        }
        let reply = answered?;
        if let Some(memory) = self.memory() {
            memory.remember(project, &reply);
        }
        Ok(reply)
    }
}

fn resolve_home(globals: &Globals, environment: &Environment) -> Result<Home, ErrorBody> {
    Home::resolve(globals.home.as_deref(), environment).map_err(|error| {
        let text = error.to_string();
        match error {
            HomeError::Unknown | HomeError::Io { .. } => {
                ErrorBody::new(ErrorCode::InvalidConfig, text).suggest("name a directory with --home or MAESTRO_HOME")
            }
        }
    })
}
