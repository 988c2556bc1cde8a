//! `message.send`, `delivered`, `seen`, and what became of durable commands that were refused.

use crate::{
    Actor, InvalidValue, Limits, Message, MessageChange, MessageId, MessageStatus, Refusal, TaskChange,
    draft::Draft,
    verb::{RefuseQueued, SendMessage},
};

use super::who::Who;

pub(super) fn send(draft: &mut Draft, verb: &SendMessage) -> Result<(), Refusal> {
    match verb.to {
        Actor::Session(id) => {
            let session = draft.session(id)?;
            if verb.epoch.is_some_and(|epoch| epoch != session.epoch) {
                return Err(Refusal::StaleSession { session: id, given: verb.epoch, current: session.epoch });
            }
        }
        Actor::User(_) => {}
        Actor::System => {
            return Err(Refusal::Invalid(InvalidValue::new("invalid_actor", "nobody reads messages to 'system'")));
        }
    }
    if let Some(task) = verb.task {
        draft.task(task)?;
    }
    if draft.state.unread(&verb.to) >= Limits::UNREAD {
        return Err(Refusal::LimitReached { what: "unread messages of one recipient", limit: Limits::UNREAD as u64 });
    }
    if !draft.has_room_for_a_message() {
        return Err(Refusal::LimitReached { what: "unread messages", limit: Limits::UNREAD_IN_ALL as u64 });
    }
    draft.send(verb.kind, verb.to.clone(), verb.epoch, verb.task, &verb.body);
    Ok(())
}

pub(super) fn delivered(draft: &mut Draft, who: &Who, id: MessageId) -> Result<(), Refusal> {
    step(draft, who, id, MessageStatus::Delivered, MessageChange::Delivered {})
}

pub(super) fn seen(draft: &mut Draft, who: &Who, id: MessageId) -> Result<(), Refusal> {
    step(draft, who, id, MessageStatus::Seen, MessageChange::Seen {})
}

fn step(
    draft: &mut Draft,
    who: &Who,
    id: MessageId,
    status: MessageStatus,
    change: MessageChange,
) -> Result<(), Refusal> {
    let Some(message) = draft.state.message(id).cloned() else {
        // Seen already, or never sent.
        let known = id.number() <= draft.state.counters().2;
        return if known { Ok(()) } else { Err(Refusal::MessageNotFound(id)) };
    };
    if message.to != who.actor {
        return Err(Refusal::MessageNotFound(id));
    }
    if message.status >= status {
        return Ok(());
    }
    draft.put_message(change, Message { status, ..Message::clone(&message) });
    Ok(())
}

pub(super) fn refuse_queued(draft: &mut Draft, who: &Who, verb: &RefuseQueued) -> Result<(), Refusal> {
    who.must_be_system("record refusals")?;
    if let Some(task) = verb.task.filter(|id| draft.state.task(*id).is_some()) {
        let change = TaskChange::QueuedRefused {
            verb: verb.verb.clone(),
            code: verb.code.clone(),
            message: verb.message.clone(),
            report: verb.report.clone(),
        };
        draft.change_task(task, change, |_| {});
    }
    let text = format!("your queued '{}' was refused ({}): {}", verb.verb, verb.code, verb.message);
    draft.report(&verb.to, verb.task, &text);
    Ok(())
}
