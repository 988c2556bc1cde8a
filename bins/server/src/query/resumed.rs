//! What an agent reads when it goes on with its own conversation in a new epoch.

use std::fmt::Write;

use maestro_domain::{Session, State};

pub fn prompt(session: &Session, state: &State) -> String {
    let mut text = format!(
        "You were stopped and go on now, as {} in epoch {}. What you held was given back meanwhile.\n",
        session.id, session.epoch
    );
    for id in &session.tasks {
        let Some(task) = state.task(*id) else { continue };
        let next = if !task.status.kind().is_open() {
            "nothing is left to do".to_owned()
        } else if task.claim.is_some() {
            "somebody else works on it by now".to_owned()
        } else {
            format!("`maestro task start {id}` before you go on with it")
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "- {id} {} is {}: {next}.", task.title, task.status.kind());
    }
    text.push_str("See what else has happened: `maestro status`, `maestro message read`. Then go on where you were.\n");
    text
}
