//! What is asked and reported when something happened to an agent.

use std::fs::{self, File};
use std::path::PathBuf;
use std::time::Duration;

use futures::future::join_all;
use maestro_domain::{
    AcknowledgeMessage, Actor, InputKind, Line, MessageId, ProjectId, Request, SessionActive, SessionId,
    SessionNeedsInput, SessionStatus, StatusKind, Timestamp,
};
use maestro_wire::{
    CommandId, ErrorBody, ErrorCode, Manifest, ManifestGet, MessageList, MessageView, Page, Query, SessionGet,
    SessionView, TaskList, TaskRow,
};

use super::event::{Answer, Event};
use super::tell::{self, Told};
use super::{PATIENCE, is_kept};
use crate::context::Context;
use crate::{outbox, report};

/// Messages that are told at once.
const MAIL: u32 = 20;

/// Another hook of this session tells its mail for no longer than this.
const TURN: Duration = Duration::from_millis(300);
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// What came of it.
#[derive(Debug, Default)]
pub struct Deed {
    pub answer: Answer,
    /// Messages that are in the answer.
    pub told: Vec<MessageId>,
    /// Held until they are marked: tools that run side by side end side by side, and each calls a hook.
    pub turn: Option<File>,
}

/// Who the agent is.
struct Own {
    project: ProjectId,
    session: SessionId,
    epoch: Option<u32>,
}

pub async fn act(event: &Event, ctx: &Context) -> Result<Deed, ErrorBody> {
    let (Actor::Session(session), epoch) = ctx.actor()? else { return Ok(Deed::default()) };
    let own = Own { project: ctx.project()?, session, epoch };
    if let Event::Compacting = event {
        // Said at the next point where something can be said.
        let _ = fs::write(cut(ctx, &own)?, b"");
        return Ok(Deed::default());
    }
    if let Err(error) = ctx.connect(PATIENCE).await {
        return match waiting(event) {
            Some(request) if is_kept(error.code) => keep(ctx, &own, &request, &error).await,
            _ => Err(error),
        };
    }
    let refused = late(event, ctx).await;
    let mut deed = match event {
        Event::Compacting => Deed::default(),
        Event::Started { again } => started(*again, ctx, &own).await?,
        Event::Prompted { prompt } => prompted(prompt, ctx, &own).await?,
        Event::Worked { own: heard } => worked(*heard, ctx, &own).await?,
        Event::Asks { input, question } => asks(*input, question, None, ctx, &own).await?,
        Event::Failed { input, question, until } => asks(*input, question, *until, ctx, &own).await?,
        Event::Waits { input, question } => waits(*input, question, ctx, &own).await?,
        Event::Stopped { active, last } => stopped(*active, last, ctx, &own).await?,
    };
    if !refused.is_empty() {
        let refused = refused.join("\n");
        deed.answer.context =
            Some(deed.answer.context.map_or_else(|| refused.clone(), |text| format!("{refused}\n\n{text}")));
    }
    Ok(deed)
}

/// Reports that wait go out where their refusal can be told, or where nobody else may send them for long.
async fn late(event: &Event, ctx: &Context) -> Vec<String> {
    let Ok(caller) = ctx.connect(PATIENCE).await else { return Vec::new() };
    match event {
        Event::Worked { .. } | Event::Compacting => Vec::new(),
        Event::Started { .. }
        | Event::Prompted { .. }
        | Event::Asks { .. }
        | Event::Failed { .. }
        | Event::Waits { .. }
        | Event::Stopped { .. } => outbox::deliver(ctx, caller, ctx.left() / 3).await,
    }
}

/// What must reach somebody even when nobody answers now.
fn waiting(event: &Event) -> Option<Request> {
    match event {
        Event::Asks { input, question } => Some(needs_input(*input, question, None)),
        Event::Failed { input, question, until } => Some(needs_input(*input, question, *until)),
        Event::Waits { input: input @ (InputKind::Permission | InputKind::Question), question } => {
            Some(needs_input(*input, question, None))
        }
        // It ends what waits in the outbox before it.
        Event::Prompted { .. } => Some(Request::SessionActive(SessionActive {})),
        Event::Waits { .. }
        | Event::Started { .. }
        | Event::Worked { .. }
        | Event::Stopped { .. }
        | Event::Compacting => None,
    }
}

fn needs_input(input: InputKind, question: &str, until: Option<Timestamp>) -> Request {
    Request::SessionNeedsInput(SessionNeedsInput { input, question: Line::lossy(question), until })
}

async fn keep(ctx: &Context, own: &Own, request: &Request, why: &ErrorBody) -> Result<Deed, ErrorBody> {
    let home = ctx.home()?;
    let waits = outbox::Outbox::of(&home).waits(&own.project, &Actor::Session(own.session));
    // Without anything that waits there is nothing to end.
    if waits || !matches!(request, Request::SessionActive(_)) {
        report::queue(ctx, own.project.clone(), request, CommandId(ulid::Ulid::generate()), why).await?;
    }
    Ok(Deed::default())
}

async fn send(ctx: &Context, own: &Own, request: &Request) -> Result<(), ErrorBody> {
    ctx.send(&own.project, request, CommandId(ulid::Ulid::generate()), ctx.left()).await.map(drop)
}

/// What is told as a need is kept when nobody answers.
async fn tell(ctx: &Context, own: &Own, request: &Request) -> Result<(), ErrorBody> {
    match send(ctx, own, request).await {
        Err(error) if is_kept(error.code) => keep(ctx, own, request, &error).await.map(drop),
        other => other,
    }
}

async fn manifest(ctx: &Context, own: &Own) -> Result<Manifest, ErrorBody> {
    ctx.ask(&own.project, Query::ManifestGet(ManifestGet { session: Some(own.session) })).await?.parse()
}

async fn session(ctx: &Context, own: &Own) -> Result<SessionView, ErrorBody> {
    ctx.ask(&own.project, Query::SessionGet(SessionGet { session: Some(own.session) })).await?.parse()
}

/// Unread messages for this incarnation, and the right to tell them.
async fn mail(ctx: &Context, own: &Own) -> Result<(Vec<MessageView>, Option<File>), ErrorBody> {
    let turn = turn(ctx, own).await;
    let query = Query::MessageList(MessageList { limit: Some(MAIL), cursor: None });
    let page: Page<MessageView> = ctx.ask(&own.project, query).await?.parse()?;
    let for_us = |view: &MessageView| view.message.epoch.is_none_or(|epoch| Some(epoch) == own.epoch);
    Ok((page.items.into_iter().filter(for_us).collect(), turn))
}

/// One hook of a session at a time; without a home, or after a while, the message may be told twice.
async fn turn(ctx: &Context, own: &Own) -> Option<File> {
    let file = File::create(mark(ctx, own, "mail").ok()?).ok()?;
    let tries = TURN.as_millis() / LOOK_EVERY.as_millis();
    for _ in 0..tries {
        if file.try_lock().is_ok() {
            return Some(file);
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    None
}

async fn tasks(ctx: &Context, own: &Own) -> Result<Vec<TaskRow>, ErrorBody> {
    let query = Query::TaskList(TaskList {
        assignee: Some(Actor::Session(own.session)),
        status: vec![StatusKind::InProgress, StatusKind::Pending],
        ..TaskList::default()
    });
    let page: Page<TaskRow> = ctx.ask(&own.project, query).await?.parse()?;
    Ok(page.items)
}

fn told(told: Told, turn: Option<File>) -> Deed {
    let (context, told) = told.text();
    Deed { answer: Answer { context, hold: None }, told, turn }
}

async fn started(again: bool, ctx: &Context, own: &Own) -> Result<Deed, ErrorBody> {
    let (manifest, mail) = futures::join!(manifest(ctx, own), mail(ctx, own));
    let (manifest, (mail, turn)) = (manifest?, mail?);
    let mut text = Told::default();
    if Some(manifest.epoch) != own.epoch {
        text.add(tell::SUPERSEDED, "");
        return Ok(told(text, None));
    }
    // What came while it was away is worth more than what it can look up.
    if again {
        text.mail(&mail);
        tell::again(&manifest, &mut text);
    } else {
        text.add(&tell::beginning(&manifest), "`maestro whoami` shows the rest");
        text.mail(&mail);
    }
    Ok(told(text, turn))
}

/// A turn begins: what it waited for has come. A message that somebody typed is seen; the others are told.
async fn prompted(prompt: &str, ctx: &Context, own: &Own) -> Result<Deed, ErrorBody> {
    let active = Request::SessionActive(SessionActive {});
    let (mail, active) = futures::join!(mail(ctx, own), tell(ctx, own, &active));
    let (mail, turn) = mail?;
    let (typed, others): (Vec<_>, Vec<_>) = mail.into_iter().partition(|view| tell::holds(prompt, &view.body));
    let mut text = Told::default();
    if active.as_ref().is_err_and(|error| error.code == ErrorCode::StaleSession) {
        text.add(tell::SUPERSEDED, "");
        return Ok(told(text, None));
    }
    if take_cut(ctx, own) {
        tell::again(&manifest(ctx, own).await?, &mut text);
    }
    text.mail(&others);
    text.messages.extend(typed.iter().map(|view| view.message.id));
    let deed = told(text, turn);
    // Not to be active is no reason to lose what was to be told.
    match active {
        Ok(()) => Ok(deed),
        Err(_) if deed.answer != Answer::default() || !deed.told.is_empty() => Ok(deed),
        Err(error) => Err(error),
    }
}

/// In the middle of a turn: what it asked was answered, and there may be mail.
async fn worked(heard: bool, ctx: &Context, own: &Own) -> Result<Deed, ErrorBody> {
    let view = session(ctx, own).await?;
    let mut text = Told::default();
    if Some(view.session.epoch) != own.epoch {
        text.add(tell::SUPERSEDED, "");
        return Ok(told(text, None));
    }
    let mut turn = None;
    if heard && take_cut(ctx, own) {
        tell::again(&manifest(ctx, own).await?, &mut text);
    }
    if heard && view.unread > 0 {
        let (mail, lock) = mail(ctx, own).await?;
        text.mail(&mail);
        turn = lock;
    }
    if let SessionStatus::NeedsInput { .. } = view.session.status {
        tell(ctx, own, &Request::SessionActive(SessionActive {})).await?;
    }
    Ok(told(text, turn))
}

async fn asks(
    input: InputKind,
    question: &str,
    until: Option<Timestamp>,
    ctx: &Context,
    own: &Own,
) -> Result<Deed, ErrorBody> {
    tell(ctx, own, &needs_input(input, question, until)).await?;
    Ok(Deed::default())
}

/// Says less than a question that was told before; and to be idle is a need only with a task in hand.
async fn waits(input: InputKind, question: &str, ctx: &Context, own: &Own) -> Result<Deed, ErrorBody> {
    let view = session(ctx, own).await?;
    if let SessionStatus::NeedsInput { .. } = view.session.status {
        return Ok(Deed::default());
    }
    if input == InputKind::Idle {
        let rows = tasks(ctx, own).await?;
        let Some(first) = tell::open(&rows, own.session).first().map(|row| row.task.id) else {
            return Ok(Deed::default());
        };
        return asks(input, &format!("it is idle, and {first} is open: {question}"), None, ctx, own).await;
    }
    asks(input, question, None, ctx, own).await
}

/// The turn is over. Held back once when a task is open or a message is unread; the second time it may stop, and somebody
/// is told.
async fn stopped(active: bool, last: &str, ctx: &Context, own: &Own) -> Result<Deed, ErrorBody> {
    let (view, rows) = futures::join!(session(ctx, own), tasks(ctx, own));
    let (view, rows) = (view?, rows?);
    // Told to end, or superseded: nothing holds it back.
    if view.session.stop.is_some() || !view.session.is_living() || Some(view.session.epoch) != own.epoch {
        return Ok(Deed::default());
    }
    let open = tell::open(&rows, own.session);
    if !active {
        let (mut text, mut turn) = (Told::default(), None);
        if view.unread > 0 {
            let (mail, lock) = mail(ctx, own).await?;
            text.mail(&mail);
            turn = lock;
        }
        if !open.is_empty() {
            text.add(&tell::reminder(&open), "`maestro task list` shows the rest");
        }
        if !text.is_empty() {
            let (hold, told) = text.text();
            return Ok(Deed { answer: Answer { context: None, hold }, told, turn });
        }
    }
    let needs = matches!(view.session.status, SessionStatus::NeedsInput { .. });
    match open.first() {
        Some(row) => {
            let said = last.trim().lines().last().unwrap_or_default();
            let said = if said.is_empty() { String::new() } else { format!(": {said}") };
            let question = format!("it stopped, and {} is {}{said}", row.task.id, row.status());
            asks(InputKind::Idle, &question, None, ctx, own).await
        }
        None if needs => {
            tell(ctx, own, &Request::SessionActive(SessionActive {})).await?;
            Ok(Deed::default())
        }
        None => Ok(Deed::default()),
    }
}

/// Marks messages as seen.
pub async fn seen(messages: &[MessageId], ctx: &Context) -> Result<(), ErrorBody> {
    if messages.is_empty() {
        return Ok(());
    }
    let project = ctx.project()?;
    let one = |message: &MessageId| {
        let (project, request) = (&project, Request::MessageSeen(AcknowledgeMessage { message: *message }));
        async move { ctx.send(project, &request, CommandId(ulid::Ulid::generate()), ctx.left()).await.map(drop) }
    };
    join_all(messages.iter().map(one)).await.into_iter().collect()
}

/// A file of this session in the home.
fn mark(ctx: &Context, own: &Own, what: &str) -> Result<PathBuf, ErrorBody> {
    let directory = ctx.home()?.memory();
    // If it cannot be made, the file cannot either.
    let _ = fs::create_dir_all(&directory);
    Ok(directory.join(format!("{}.{}.{what}", own.project, own.session)))
}

/// The mark of an agent whose context was cut where nothing could be said.
fn cut(ctx: &Context, own: &Own) -> Result<PathBuf, ErrorBody> {
    mark(ctx, own, "cut")
}

fn take_cut(ctx: &Context, own: &Own) -> bool {
    cut(ctx, own).is_ok_and(|path| fs::remove_file(path).is_ok())
}
