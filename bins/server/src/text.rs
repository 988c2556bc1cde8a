//! The long texts of a task: what each change sets.

use maestro_domain::TaskChange;
use maestro_wire::TaskTexts;

/// Folds a change in; says whether it set anything.
pub fn fold(texts: &mut TaskTexts, change: &TaskChange) -> bool {
    let owned = |text: &str| Some(text.to_owned());
    match change {
        TaskChange::Created { description, acceptance, technical_notes, subtasks } => {
            texts.description = description.as_deref().and_then(owned);
            texts.acceptance = acceptance.iter().map(ToString::to_string).collect();
            texts.technical_notes = technical_notes.as_deref().and_then(owned);
            texts.subtask_descriptions = subtasks.iter().map(|s| (s.id, s.description.to_string())).collect();
            *texts != TaskTexts::default()
        }
        TaskChange::Updated { description, acceptance, technical_notes, .. } => {
            if let Some(text) = description {
                texts.description = owned(text);
            }
            if let Some(lines) = acceptance {
                texts.acceptance = lines.iter().map(ToString::to_string).collect();
            }
            if let Some(text) = technical_notes {
                texts.technical_notes = owned(text);
            }
            description.is_some() || acceptance.is_some() || technical_notes.is_some()
        }
        TaskChange::Completed { summary: Some(text), .. } | TaskChange::Submitted { summary: Some(text), .. } => {
            texts.summary = owned(text);
            true
        }
        TaskChange::LateReport { summary: Some(text) } => {
            texts.late_report = owned(text);
            true
        }
        TaskChange::SubtaskCreated { subtask, description: Some(text), .. }
        | TaskChange::SubtaskUpdated { subtask, description: Some(text), .. } => {
            texts.subtask_descriptions.insert(*subtask, text.to_string());
            true
        }
        TaskChange::SubtaskDeleted { subtask, .. } => texts.subtask_descriptions.remove(subtask).is_some(),
        TaskChange::Completed { summary: None, .. }
        | TaskChange::Submitted { summary: None, .. }
        | TaskChange::LateReport { summary: None }
        | TaskChange::SubtaskCreated { description: None, .. }
        | TaskChange::SubtaskUpdated { description: None, .. }
        | TaskChange::Claimed { .. }
        | TaskChange::Progress { .. }
        | TaskChange::Comment { .. }
        | TaskChange::Blocked { .. }
        | TaskChange::Unblocked { .. }
        | TaskChange::Released { .. }
        | TaskChange::Reopened { .. }
        | TaskChange::Cancelled { .. }
        | TaskChange::Ready {}
        | TaskChange::Deleted {}
        | TaskChange::DependenciesChanged { .. }
        | TaskChange::Assigned { .. }
        | TaskChange::Unassigned { .. }
        | TaskChange::SubtaskCompleted { .. }
        | TaskChange::SubtaskReopened { .. }
        | TaskChange::SubtaskMoved { .. }
        | TaskChange::QueuedRefused { .. } => false,
    }
}
