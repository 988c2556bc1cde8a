//! What agents are told, in words that fit into their context.

use maestro_domain::{MessageId, SessionId, StatusKind};
use maestro_wire::{Manifest, MessageView, TaskDetail, TaskRow};

/// Agents cut what hooks say at 10,000 characters.
const MOST: usize = 9_000;
const BODY: usize = 4_000;

/// To an agent whose session goes on elsewhere.
pub const SUPERSEDED: &str = "Maestro: a newer start of this session has taken over, and your commands are refused \
     (stale_session). Stop working and end here.";

/// A text that grows up to a bound.
#[derive(Default)]
pub struct Told {
    text: String,
    /// Messages that are in it, whole.
    pub messages: Vec<MessageId>,
    /// Messages of which it holds the beginning.
    pub announced: Vec<MessageId>,
}

impl Told {
    pub fn text(self) -> (Option<String>, Vec<MessageId>) {
        let text = self.text.trim_end().to_owned();
        (Some(text).filter(|text| !text.is_empty()), self.messages)
    }

    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Adds a part; what is too long is cut off and says where the rest is.
    pub fn add(&mut self, text: &str, rest: &str) {
        let left = MOST.saturating_sub(self.text.chars().count());
        if text.chars().count() <= left {
            self.text.push_str(text);
        } else if left > rest.len() + 20 {
            self.text.extend(text.chars().take(left - rest.len() - 10));
            self.text.push_str(&format!(" … ({rest})"));
        }
        self.text.push_str("\n\n");
    }

    /// Unread messages, the oldest first, as many as fit; only those that are told whole are seen. Of a long one its beginning
    /// is told, and of one whose beginning the agent knows only where the rest is.
    pub fn mail<'a>(&mut self, messages: impl IntoIterator<Item = &'a MessageView>, announced: &[MessageId]) {
        for view in messages {
            let message = &view.message;
            let about = message.task.map(|task| format!(" about {task}")).unwrap_or_default();
            let head = format!("Message {} from {}{about}", message.id, message.from);
            let rest = format!("`maestro message read {}` shows all of it", message.id);
            let long = view.body.chars().count() > BODY;
            let said = if !long {
                format!("{head}: {}", view.body)
            } else if announced.contains(&message.id) {
                format!("{head} is unread: {rest}")
            } else {
                let start: String = view.body.chars().take(BODY).collect();
                format!("{head}: {start} … ({rest})")
            };
            if said.chars().count() > MOST.saturating_sub(self.text.chars().count()) {
                break;
            }
            self.text.push_str(&said);
            self.text.push_str("\n\n");
            match long {
                true => self.announced.push(message.id),
                false => self.messages.push(message.id),
            }
        }
    }
}

/// At the beginning, when the prompt says the rest.
pub fn beginning(manifest: &Manifest) -> String {
    let tasks: Vec<String> =
        manifest.tasks.iter().map(|detail| line(&detail.task, detail.task.status.kind())).collect();
    let tasks = if tasks.is_empty() { String::new() } else { format!(" Your tasks: {}.", tasks.join("; ")) };
    format!("Maestro: you are session {} of project {}.{tasks}", manifest.session, manifest.project_id)
}

/// After the agent forgot: who it is, what it does, how far it is.
pub fn again(manifest: &Manifest, told: &mut Told) {
    let where_now: Vec<String> = manifest.tasks.iter().filter_map(reports).collect();
    told.add("Maestro reminds you of your session, since your context was cut or resumed.", "");
    told.add(&manifest.initial_prompt, "`maestro task get` shows the rest");
    if !where_now.is_empty() {
        told.add(&where_now.join("\n"), "`maestro task get` shows the rest");
    }
}

fn reports(detail: &TaskDetail) -> Option<String> {
    let said = detail.timeline.iter().filter_map(|entry| {
        let kind = entry.change.get("kind")?.as_str()?;
        let text = entry.change.get("message").or(entry.change.get("reason"))?.as_str()?;
        Some(format!("- {kind} by {}: {text}", entry.actor))
    });
    let said: Vec<String> = said.collect();
    (!said.is_empty())
        .then(|| format!("Last reports on {} ({}):\n{}", detail.task.id, detail.task.status.kind(), said.join("\n")))
}

fn line(task: &maestro_domain::Task, status: StatusKind) -> String {
    format!("{} \"{}\" ({status})", task.id, task.title)
}

/// Tasks that a session that stops leaves open: in progress in its hands, or given to it and ready.
pub fn open(rows: &[TaskRow], session: SessionId) -> Vec<&TaskRow> {
    let given = |row: &&TaskRow| row.task.assignment.as_ref().is_some_and(|given| given.session == session);
    let left = |row: &&TaskRow| match row.status() {
        StatusKind::InProgress => row.holder() == Some(session),
        StatusKind::Pending => row.ready && given(row),
        StatusKind::InReview | StatusKind::Blocked | StatusKind::Completed | StatusKind::Cancelled => false,
    };
    rows.iter().filter(left).collect()
}

/// Why it should not stop.
pub fn reminder(open: &[&TaskRow]) -> String {
    let mut text = String::new();
    for row in open {
        let id = row.task.id;
        text.push_str(&format!("{} is not finished.", line(&row.task, row.status())));
        let steps: Vec<String> =
            row.task.subtasks.iter().filter(|s| !s.completed).map(|s| format!("{} \"{}\"", s.id, s.title)).collect();
        if !steps.is_empty() {
            text.push_str(&format!(" Open steps: {}.", steps.join(", ")));
        }
        text.push_str(&match row.status() {
            StatusKind::Pending => format!(" Begin it: `maestro task start {id}`."),
            _ => format!(
                " Go on, or report: done: `maestro task complete {id} --summary \"…\"`; you need an answer: \
                 `maestro task block {id} --reason \"…\"`; you give up: `maestro task release {id} --reason \"…\"`."
            ),
        });
        text.push('\n');
    }
    text
}

/// Whether a prompt holds a message, however its white space was changed on the way.
pub fn holds(prompt: &str, body: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let body = plain(body);
    !body.is_empty() && plain(prompt).contains(&body)
}
