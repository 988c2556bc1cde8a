//! Messages to a session whose agent has a terminal: typed into it when it waits at its prompt. While it works its hooks
//! tell it; each message is told once, by whoever comes first.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use maestro_client::{Caller, Seen};
use maestro_domain::{AcknowledgeMessage, InputKind, Line, MessageId, MessageStatus, Request, SessionNeedsInput};
use maestro_runtime::Turn;
use maestro_wire::{
    CommandId, ErrorBody, MessageList, MessageView, Page, Place, Query, WaitEnvelope, WaitRequest, WaitTasks, Waited,
};

use super::endpoint::Desk;
use super::input::Keyboard;
use super::protocol::Mail;
use super::terminal::Terminal;
use super::uplink::Speaker;
use crate::incarnation::Incarnation;

const CALL: Duration = Duration::from_secs(5);
const AGAIN: Duration = Duration::from_secs(2);
/// How often it is looked whether the agent waits, while something is to be typed.
const LOOK: Duration = Duration::from_millis(200);
/// A terminal of an agent without hooks that shows nothing new for this long waits.
const QUIET: Duration = Duration::from_secs(2);
/// A viewer who typed last finishes their line within this time.
const LINE: Duration = Duration::from_secs(5);
/// A turn that was begun by typing is seen to begin within this time; else Enter is pressed once more.
const BEGINS: Duration = Duration::from_secs(10);
/// Messages and bytes that are typed as one prompt.
const AT_ONCE: usize = 20;
const BYTES: usize = 16 * 1024;
/// Numbers of typed messages that are remembered; they grow, and older ones are behind.
const REMEMBERED: usize = 1000;
/// How many are looked through in one answer.
const PAGE: u32 = 50;

/// What a holder knows about its session's messages.
pub(super) struct Post {
    pub mail: Mail,
    /// Where hooks leave word.
    pub files: PathBuf,
}

/// Delivers until the agent has ended; the caller drops it then.
pub(super) async fn deliver(desk: &Desk, speaker: &Speaker) {
    let (Some(post), Some(keyboard)) = (&desk.post, &desk.keyboard) else { return };
    let postman = Postman {
        caller: speaker.caller(),
        incarnation: &speaker.uplink.incarnation,
        post,
        keyboard,
        terminal: &desk.terminal,
        typed: post.mail.given.iter().copied().collect(),
        since: post.mail.given.iter().max().copied(),
        behind: None,
        seen: Seen::default(),
    };
    postman.work().await;
}

struct Postman<'a> {
    caller: Caller,
    incarnation: &'a Incarnation,
    post: &'a Post,
    keyboard: &'a Keyboard,
    terminal: &'a Terminal,
    /// Not typed again, whatever became of the receipt.
    typed: BTreeSet<MessageId>,
    /// Up to here everything is typed, or nobody's to type.
    since: Option<MessageId>,
    /// The pages up to here have nothing that is to be typed, and never will: of an agent without hooks nobody confirms that it
    /// has seen a message, so that all of them are listed.
    behind: Option<String>,
    /// What the latest answer to a wait reflects: an older replica would not know of the message that ended it.
    seen: Seen,
}

impl Postman<'_> {
    async fn work(mut self) {
        self.receipts(&self.post.mail.given).await;
        loop {
            let waited = match self.wait().await {
                Ok(waited) => waited,
                Err(error) => {
                    tracing::debug!(incarnation = %self.incarnation, code = %error.code, "no messages heard");
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            };
            if waited.messages.iter().any(|view| self.is_due(view)) {
                self.hand_over().await;
            }
            self.since = self.since.max(waited.messages.iter().map(|view| view.message.id).max());
        }
    }

    /// For this incarnation, and told by nobody yet.
    fn is_due(&self, view: &MessageView) -> bool {
        let message = &view.message;
        message.status == MessageStatus::Queued
            && message.epoch.is_none_or(|epoch| epoch == self.incarnation.epoch)
            && !self.typed.contains(&message.id)
    }

    async fn wait(&mut self) -> Result<Waited, ErrorBody> {
        let request = WaitRequest::Tasks(WaitTasks { since_message: self.since, ..WaitTasks::default() });
        let project = &self.incarnation.project;
        let reply = self.caller.wait(project, &request, &Seen::default(), WaitEnvelope::MAX_MS).await?;
        self.seen = Seen { seq: reply.seq, ledger: reply.ledger.clone() };
        reply.parse()
    }

    /// Types what is due once the agent waits. What a hook has told meanwhile is not due any more: it is looked up at the last
    /// moment.
    async fn hand_over(&mut self) {
        loop {
            self.agent_waits().await;
            let due = match self.due().await {
                Ok(due) => due,
                Err(error) => {
                    tracing::debug!(incarnation = %self.incarnation, code = %error.code, "messages not read");
                    tokio::time::sleep(AGAIN).await;
                    continue;
                }
            };
            if due.is_empty() {
                return;
            }
            // The look took a moment, in which somebody else may have begun a turn.
            if !self.may_type() {
                continue;
            }
            let (text, told) = prompt(&due);
            let begun = SystemTime::now();
            if self.keyboard.prompt(text.as_bytes()).is_err() {
                tracing::debug!(incarnation = %self.incarnation, "the agent does not read what was typed before");
                tokio::time::sleep(AGAIN).await;
                continue;
            }
            tracing::info!(incarnation = %self.incarnation, messages = told.len(), "typed");
            self.typed.extend(&told);
            while self.typed.len() > REMEMBERED {
                self.typed.pop_first();
            }
            // Typed is not told: a program may throw keys away.
            if self.submitted(begun).await {
                self.receipts(&told).await;
            } else {
                self.complain(&told, begun).await;
            }
        }
    }

    /// The oldest that are due, read page by page.
    async fn due(&mut self) -> Result<Vec<MessageView>, ErrorBody> {
        let place = Place::Project(self.incarnation.project.clone());
        let mut due = Vec::new();
        let mut cursor = self.behind.clone();
        loop {
            let query = Query::MessageList(MessageList { limit: Some(PAGE), cursor });
            let page: Page<MessageView> = self.caller.query(&place, &query, &self.seen, CALL).await?.parse()?;
            due.extend(page.items.into_iter().filter(|view| self.is_due(view)));
            if page.next_cursor.is_none() || due.len() >= AT_ONCE {
                due.truncate(AT_ONCE);
                return Ok(due);
            }
            if due.is_empty() {
                self.behind.clone_from(&page.next_cursor);
            }
            cursor = page.next_cursor;
        }
    }

    async fn agent_waits(&self) {
        loop {
            if self.may_type() && (self.post.mail.hooks || self.is_quiet().await) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether what is typed now would be a prompt, as far as hooks and viewers tell.
    fn may_type(&self) -> bool {
        let idle = || Turn::read(&self.post.files).is_some_and(|(turn, _)| turn == Turn::Idle);
        self.keyboard.untouched_for(LINE) && (!self.post.mail.hooks || idle())
    }

    async fn is_quiet(&self) -> bool {
        let mut changes = self.terminal.changes();
        tokio::time::timeout(QUIET, changes.changed()).await.is_err()
    }

    /// Tells that they are with the agent. A receipt that cannot be given now is given by its hook, as seen.
    async fn receipts(&self, messages: &[MessageId]) {
        for message in messages {
            let request = Request::MessageDelivered(AcknowledgeMessage { message: *message });
            let id = CommandId(ulid::Ulid::generate());
            let told = self.caller.command(&self.incarnation.project, &request, id, &Seen::default(), CALL).await;
            if let Err(error) = told {
                tracing::warn!(incarnation = %self.incarnation, %message, code = %error.code, "no receipt");
            }
        }
    }

    /// Sees to it that what was pasted is also submitted: a terminal may have swallowed the key. Returns whether a turn began;
    /// without hooks nobody knows, and it counts as begun.
    async fn submitted(&self, begun: SystemTime) -> bool {
        if !self.post.mail.hooks || self.turn_begins(begun).await {
            return true;
        }
        // A question on the screen would take the key for its answer.
        if self.may_type() {
            tracing::info!(incarnation = %self.incarnation, "typed and not submitted; Enter again");
            return self.keyboard.keys(b"\r".to_vec()).is_ok() && self.turn_begins(begun).await;
        }
        false
    }

    async fn turn_begins(&self, since: SystemTime) -> bool {
        let began = async {
            while !self.has_begun(since) {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(BEGINS, began).await.is_ok()
    }

    fn has_begun(&self, since: SystemTime) -> bool {
        Turn::read(&self.post.files).is_some_and(|(turn, at)| turn != Turn::Idle || at >= since)
    }

    /// Nothing came of what was typed: the messages stay queued, for the next hook that tells them, and whoever looks after the
    /// session hears of it, as long as it is so. They are not typed again: what was pasted may still stand at its prompt.
    async fn complain(&self, messages: &[MessageId], since: SystemTime) {
        let names = messages.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        tracing::warn!(incarnation = %self.incarnation, messages = names, "typed, and no turn began");
        let question = Line::lossy(&format!("a message was typed into its terminal, and no turn began: {names}"));
        let request = Request::SessionNeedsInput(SessionNeedsInput { input: InputKind::Idle, question, until: None });
        let id = CommandId(ulid::Ulid::generate());
        while !self.has_begun(since) {
            match self.caller.command(&self.incarnation.project, &request, id, &Seen::default(), CALL).await {
                Ok(_) => return,
                Err(error) if error.retryable => tokio::time::sleep(AGAIN).await,
                Err(error) => {
                    tracing::warn!(incarnation = %self.incarnation, code = %error.code, "not told that no turn began");
                    return;
                }
            }
        }
    }
}

/// As many as fit, as one prompt; the first in any case.
fn prompt(due: &[MessageView]) -> (String, Vec<MessageId>) {
    let (mut text, mut told) = (String::new(), Vec::new());
    for view in due {
        let message = &view.message;
        if !told.is_empty() && text.len() + view.body.len() > BYTES {
            break;
        }
        let about = message.task.map(|task| format!(" about {task}")).unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = write!(text, "Message {} from {}{about}: {}\n\n", message.id, message.from, view.body);
        told.push(message.id);
    }
    (text.trim_end().to_owned(), told)
}
