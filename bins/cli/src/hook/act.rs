//! What is asked and reported when something happened to an agent.

use std::fs::File;

use futures::future::join_all;
use maestro_domain::{
    AcknowledgeMessage, Actor, InputKind, Line, MessageId, ProjectId, Request, SessionActive, SessionId,
    SessionNeedsInput, SessionStatus, StatusKind, StopCause, Timestamp,
};
use maestro_wire::{
    CommandId, ErrorBody, ErrorCode, Manifest, ManifestGet, MessageList, MessageView, Page, Query, SessionGet,
    SessionView, TaskList, TaskRow,
};

use super::event::{Answer, Event};
use super::mark::{Announced, Cut, Marks};
use super::tell::{self, Told};
use super::{PATIENCE, is_kept};
use crate::context::Context;
use crate::{outbox, report};

/// Messages that are told at once.
const MAIL: u32 = 20;

/// What came of it.
#[derive(Debug, Default)]
pub struct Deed {
    pub answer: Answer,
    /// Messages that are in the answer.
    told: Vec<MessageId>,
    announced: Option<Announced>,
    /// The answer says what was lost with the context.
    cut: Option<Cut>,
    /// Held until all of it is marked: tools that run side by side end side by side, and each calls a hook.
    turn: Option<File>,
}

impl Deed {
    /// The agent was told: what was in the answer is not told again.
    pub async fn settle(self, ctx: &Context) -> Result<(), ErrorBody> {
        if let Some(cut) = self.cut {
            cut.settle();
        }
        if let Some(announced) = self.announced {
            announced.settle();
        }
        let marked = seen(&self.told, ctx).await;
        drop(self.turn);
        marked
    }
}

/// Mail, and the right to tell it.
struct Mail {
    unread: Vec<MessageView>,
    turn: Option<File>,
}

/// Who the agent is.
struct Own {
    project: ProjectId,
    session: SessionId,
    epoch: Option<u32>,
    marks: Marks,
}

pub async fn act(event: &Event, ctx: &Context) -> Result<Deed, ErrorBody> {
    let (Actor::Session(session), epoch) = ctx.actor()? else { return Ok(Deed::default()) };
    let project = ctx.project()?;
    let marks = Marks::of(&ctx.home()?, &project, session);
    let own = Own { project, session, epoch, marks };
    if let Event::Compacting = event {
        // Said at the next point where something can be said.
        own.marks.cut();
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
async fn mail(ctx: &Context, own: &Own) -> Result<Mail, ErrorBody> {
    let turn = own.marks.turn().await;
    let query = Query::MessageList(MessageList { limit: Some(MAIL), cursor: None });
    let page: Page<MessageView> = ctx.ask(&own.project, query).await?.parse()?;
    let for_us = |view: &MessageView| view.message.epoch.is_none_or(|epoch| Some(epoch) == own.epoch);
    Ok(Mail { unread: page.items.into_iter().filter(for_us).collect(), turn })
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

/// An answer that is read beside what the agent has.
fn told(told: Told) -> Deed {
    let (context, told) = told.text();
    Deed { answer: Answer { context, hold: None }, told, ..Deed::default() }
}

/// As [`told`], with mail in it.
fn told_mail(mut text: Told, mail: Mail, own: &Own) -> Deed {
    let announced = own.marks.announce(&mail.unread, std::mem::take(&mut text.announced));
    Deed { announced, turn: mail.turn, ..told(text) }
}

fn superseded() -> Deed {
    let mut text = Told::default();
    text.add(tell::SUPERSEDED, "");
    told(text)
}

async fn started(again: bool, ctx: &Context, own: &Own) -> Result<Deed, ErrorBody> {
    let (manifest, mail) = futures::join!(manifest(ctx, own), mail(ctx, own));
    let (manifest, mail) = (manifest?, mail?);
    if Some(manifest.epoch) != own.epoch {
        return Ok(superseded());
    }
    let mut text = Told::default();
    let cut = own.marks.find_cut();
    own.marks.forget_announced();
    // What came while it was away is worth more than what it can look up.
    if again {
        text.mail(&mail.unread, &[]);
        tell::again(&manifest, &mut text);
    } else {
        text.add(&tell::beginning(&manifest), "`maestro whoami` shows the rest");
        text.mail(&mail.unread, &[]);
    }
    Ok(Deed { cut, ..told_mail(text, mail, own) })
}

/// A turn begins: what it waited for has come. A message that somebody typed is seen; the others are told.
async fn prompted(prompt: &str, ctx: &Context, own: &Own) -> Result<Deed, ErrorBody> {
    let active = Request::SessionActive(SessionActive {});
    let (mail, active) = futures::join!(mail(ctx, own), tell(ctx, own, &active));
    let Mail { unread, turn } = mail?;
    let (typed, unread): (Vec<_>, Vec<_>) = unread.into_iter().partition(|view| tell::holds(prompt, &view.body));
    if active.as_ref().is_err_and(|error| error.code == ErrorCode::StaleSession) {
        return Ok(superseded());
    }
    let mut text = Told::default();
    let cut = remind(&mut text, ctx, own).await?;
    text.mail(&unread, &own.marks.announced());
    text.messages.extend(typed.iter().map(|view| view.message.id));
    let deed = Deed { cut, ..told_mail(text, Mail { unread, turn }, own) };
    // Not to be active is no reason to lose what was to be told.
    match active {
        Ok(()) => Ok(deed),
        Err(_) if deed.answer != Answer::default() || !deed.told.is_empty() => Ok(deed),
        Err(error) => Err(error),
    }
}

/// Says what was lost where the context was cut and nothing could be said.
async fn remind(text: &mut Told, ctx: &Context, own: &Own) -> Result<Option<Cut>, ErrorBody> {
    let Some(cut) = own.marks.find_cut() else { return Ok(None) };
    tell::again(&manifest(ctx, own).await?, text);
    own.marks.forget_announced();
    Ok(Some(cut))
}

/// In the middle of a turn: what it asked was answered, and there may be mail.
async fn worked(heard: bool, ctx: &Context, own: &Own) -> Result<Deed, ErrorBody> {
    let view = session(ctx, own).await?;
    if Some(view.session.epoch) != own.epoch {
        return Ok(superseded());
    }
    let mut deed = Deed::default();
    if heard && (view.unread > 0 || own.marks.find_cut().is_some()) {
        let mail = mail(ctx, own).await?;
        let mut text = Told::default();
        let cut = remind(&mut text, ctx, own).await?;
        // What was announced is not said again after every tool.
        let announced = own.marks.announced();
        text.mail(mail.unread.iter().filter(|view| !announced.contains(&view.message.id)), &[]);
        deed = Deed { cut, ..told_mail(text, mail, own) };
    }
    if let SessionStatus::NeedsInput { .. } = view.session.status {
        tell(ctx, own, &Request::SessionActive(SessionActive {})).await?;
    }
    Ok(deed)
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
    let told_to_end = view.session.stop.as_ref().is_some_and(|stop| stop.cause != StopCause::TasksDone);
    if told_to_end || !view.session.is_living() || Some(view.session.epoch) != own.epoch {
        return Ok(Deed::default());
    }
    let open = tell::open(&rows, own.session);
    if !active {
        let mut text = Told::default();
        let mail = if view.unread > 0 { Some(mail(ctx, own).await?) } else { None };
        if let Some(mail) = &mail {
            text.mail(&mail.unread, &own.marks.announced());
        }
        if !open.is_empty() {
            text.add(&tell::reminder(&open), "`maestro task list` shows the rest");
        }
        if !text.is_empty() {
            let deed = match mail {
                Some(mail) => told_mail(text, mail, own),
                None => told(text),
            };
            return Ok(Deed { answer: Answer { context: None, hold: deed.answer.context }, ..deed });
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
async fn seen(messages: &[MessageId], ctx: &Context) -> Result<(), ErrorBody> {
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
