//! `task.delete`

use crate::{Refusal, TaskChange, decide::who::Who, draft::Draft, verb::DeleteTask};

use super::{lift_cancelled, ready_among};

pub(crate) fn decide(draft: &mut Draft, who: &Who, verb: &DeleteTask) -> Result<(), Refusal> {
    let task = draft.task(verb.task)?;
    who.must_command_all("delete", Some(&task))?;
    let waiting: Vec<_> = draft.state.dependants(task.id).collect();
    if !verb.force {
        if let Some(claim) = &task.claim {
            return Err(Refusal::StillClaimed { task: task.id, holder: claim.holder.clone() });
        }
        if !waiting.is_empty() {
            return Err(Refusal::HasDependants { task: task.id, dependants: waiting });
        }
    }
    let before = ready_among(draft, &waiting);
    draft.delete_task(task.id);
    for id in &waiting {
        let change = TaskChange::DependenciesChanged { added: Vec::new(), removed: vec![task.id] };
        draft.change_task(*id, change, |t| t.depends_on.retain(|d| *d != task.id));
    }
    lift_cancelled(draft, &waiting);
    for id in ready_among(draft, &waiting) {
        if !before.contains(&id) {
            draft.announce_ready(id);
        }
    }
    if let Some(claim) = &task.claim {
        draft.notify(&claim.holder.actor, None, &format!("{} was deleted; stop working on it", task.id));
    }
    Ok(())
}
