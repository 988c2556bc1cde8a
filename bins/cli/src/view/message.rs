//! Messages.

use maestro_wire::MessageView;

use crate::output::{ACCENT, BOLD, DIM, paint};

use super::age;

/// Who wrote what about which task, with the body under it.
pub fn letter(view: &MessageView) -> String {
    let message = &view.message;
    let about = message.task.map(|task| format!(" about {task}")).unwrap_or_default();
    let from = paint(ACCENT, &message.from);
    let body: Vec<String> = view.body.lines().map(|line| format!("  {line}")).collect();
    let when = paint(DIM, age(message.created_at));
    format!("{} from {from}{about} {when}\n{}", paint(BOLD, message.id), body.join("\n"))
}

pub fn letters(messages: &[MessageView]) -> String {
    if messages.is_empty() {
        return "no unread messages".to_owned();
    }
    messages.iter().map(letter).collect::<Vec<_>>().join("\n")
}
