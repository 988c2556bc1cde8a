//! `subtask.list`: the steps of a task with whole texts, page by page.

use maestro_domain::{Refusal, SubtaskId};
use maestro_wire::{ErrorBody, Page, SubtaskList, SubtaskView};

use super::{Asked, cursor, task};

/// About how many bytes a step takes in an answer beside its texts.
const ENVELOPE: usize = 200;

pub async fn list(asked: &Asked<'_>, list: &SubtaskList) -> Result<Page<SubtaskView>, ErrorBody> {
    let id = task::named(list.task)?;
    let task = asked.view.state.task(id).ok_or(Refusal::TaskNotFound(id))?;
    let limit = cursor::limit(list.limit)?;
    // How many came before, and the last of them: steps are moved and deleted.
    let after: Option<(usize, SubtaskId)> = cursor::read(list.cursor.as_deref())?;
    let at = |subtask| task.subtasks.iter().position(|step| step.id == subtask);
    let begin = after.map_or(0, |(before, last)| at(last).map_or(before, |place| place + 1));
    let reading = asked.reading().await?;
    let mut texts = asked.stored(reading.task_texts(&asked.project.id, id))?.subtask_descriptions;
    let mut items: Vec<SubtaskView> = Vec::new();
    let mut bytes = 0;
    for subtask in task.subtasks.iter().skip(begin) {
        if items.len() == limit || bytes > cursor::PAGE_BYTES {
            let next_cursor = items.last().map(|last| cursor::write(&(begin + items.len(), last.subtask.id)));
            return Ok(Page { items, next_cursor });
        }
        let description = texts.remove(&subtask.id);
        bytes += ENVELOPE + subtask.title.len() + description.as_deref().map_or(0, written);
        items.push(SubtaskView { subtask: subtask.clone(), description });
    }
    Ok(Page { items, next_cursor: None })
}

/// How many bytes a text takes as JSON.
fn written(text: &str) -> usize {
    text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | b'\n' | b'\r' | b'\t')).count()
}
