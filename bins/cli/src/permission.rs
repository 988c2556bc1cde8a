//! What a session may not ask for here. The server decides about tasks and sessions; these verbs reach files, hosts and
//! terminals past it. Agents are often allowed every `maestro …` without a question, so the command line looks.

use maestro_domain::Refusal;
use maestro_runtime::Environment;
use maestro_wire::ErrorBody;

use crate::cli::Top;
use crate::command::config::{ConfigArgs, ConfigCommand};
use crate::command::node::NodeCommand;
use crate::command::session::SessionCommand;
use crate::settings;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    All,
    /// People and orchestrators, as for other sessions' tasks.
    Orchestrators,
    /// Whoever owns the host and the stack.
    People,
}

/// # Errors
/// `not_permitted`.
pub fn check(command: &Top, environment: &Environment) -> Result<(), ErrorBody> {
    let (reach, what) = reach(command);
    if reach == Reach::All || !environment.is_session() {
        return Ok(());
    }
    let (actor, _) = settings::actor(environment)?;
    let role = environment.agent().ok().flatten().and_then(|agent| agent.role);
    if reach == Reach::Orchestrators && role.as_deref() == Some("orchestrator") {
        return Ok(());
    }
    let refused: ErrorBody = Refusal::NotPermitted { actor, what: what.to_owned(), task: None }.into();
    Err(refused.suggest(match reach {
        Reach::People => "only a person does that; `maestro message send` reaches one",
        Reach::All | Reach::Orchestrators => "ask the orchestrator, or a person, with `maestro message send`",
    }))
}

fn reach(command: &Top) -> (Reach, &'static str) {
    match command {
        Top::Config(args) if changes(args) => (Reach::People, "change settings"),
        Top::Up(_) => (Reach::People, "start a stack"),
        Top::Down(_) => (Reach::People, "end the stack"),
        Top::Backup(_) => (Reach::People, "take a backup"),
        Top::Restore(_) => (Reach::People, "restore a backup"),
        Top::Node(NodeCommand::Invite(_)) => (Reach::People, "invite a host"),
        Top::Node(NodeCommand::Drain(_)) => (Reach::People, "drain a host"),
        Top::Session(command) => of_session(command),
        _ => (Reach::All, ""),
    }
}

fn changes(args: &ConfigArgs) -> bool {
    args.set.is_some() || matches!(args.command, Some(ConfigCommand::Set(_)))
}

fn of_session(command: &SessionCommand) -> (Reach, &'static str) {
    use SessionCommand as S;
    match command {
        S::Send(_) => (Reach::Orchestrators, "type into a session"),
        S::Attach(args) if !args.read_only => (Reach::Orchestrators, "type into a session"),
        S::Answer(_) => (Reach::Orchestrators, "answer a session's question"),
        S::Merge(_) => (Reach::Orchestrators, "merge a session's work"),
        S::Discard(_) | S::Prune(_) => (Reach::Orchestrators, "remove a session's worktree"),
        S::Replay(args) if args.output.is_some() => (Reach::Orchestrators, "save a recording"),
        S::Attach(_)
        | S::Spawn(_)
        | S::List(_)
        | S::Info(_)
        | S::Stop(_)
        | S::Resume(_)
        | S::Restart(_)
        | S::Wait(_)
        | S::Logs(_)
        | S::Replay(_)
        | S::Diff(_)
        | S::Manifest(_)
        | S::Prompt(_) => (Reach::All, ""),
    }
}
