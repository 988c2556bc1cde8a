//! A plan that is more than one command carries, in parts: each is created whole or not at all, and needs only tasks of its
//! own and of those before it. What is there is known again by its key, so a plan that stopped half way goes on where it
//! stopped when it is imported again.

use std::collections::VecDeque;

use maestro_domain::{ImportTasks, Limits};
use maestro_wire::{ErrorBody, ErrorCode};

/// Tasks of one plan.
pub const MOST: usize = 20_000;
/// What one command may carry.
const BYTES: usize = 512 * 1024;
/// What the tasks of a part may weigh as events of one commit, which has room for as much.
const WEIGHT: usize = 400 * 1024;
/// What a task's event has beside its texts.
const BESIDE: usize = 800;

/// The plan as it is when one command carries it, else in parts.
pub fn parts(plan: ImportTasks) -> Result<VecDeque<ImportTasks>, ErrorBody> {
    if plan.tasks.len() > MOST {
        let text = format!("a plan has at most {MOST} tasks; this one has {}", plan.tasks.len());
        return Err(ErrorBody::new(ErrorCode::LimitReached, text)
            .with("limit", MOST)
            .suggest("part it into several files and give them one --source")
            .commands(["maestro task import --help"]));
    }
    if plan.tasks.len() <= Limits::IMPORT && bytes(&plan) <= BYTES {
        return Ok([plan].into());
    }
    let mut parts: VecDeque<ImportTasks> = VecDeque::new();
    let mut weight = WEIGHT;
    for task in maestro_domain::plan_order(&plan.tasks)? {
        let own = bytes(task) + BESIDE;
        let full = parts.back().is_none_or(|part| part.tasks.len() >= Limits::IMPORT) || weight + own > WEIGHT;
        if full {
            parts.push_back(ImportTasks { source: plan.source.clone(), tasks: Vec::new() });
            weight = 0;
        }
        weight += own;
        if let Some(part) = parts.back_mut() {
            part.tasks.push(task.clone());
        }
    }
    Ok(parts)
}

/// Two of one that was too large after all; `None`: a single task is.
pub fn halves(part: &ImportTasks) -> Result<Option<[ImportTasks; 2]>, ErrorBody> {
    if part.tasks.len() < 2 {
        return Ok(None);
    }
    let order: Vec<_> = maestro_domain::plan_order(&part.tasks)?.into_iter().cloned().collect();
    let (first, second) = order.split_at(order.len() / 2);
    let of = |tasks: &[maestro_domain::ImportTask]| ImportTasks { source: part.source.clone(), tasks: tasks.to_vec() };
    Ok(Some([of(first), of(second)]))
}

fn bytes(value: &impl serde::Serialize) -> usize {
    serde_json::to_vec(value).map_or(usize::MAX / 2, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn plan(number: usize, text: usize) -> ImportTasks {
        // The last one first: each waits for the one behind it.
        let line = |n: usize| {
            let on = if n + 1 < number { format!("\"k{}\"", n + 1) } else { String::new() };
            format!(
                "{{\"key\":\"k{n}\",\"title\":\"T {n}\",\"description\":\"{}\",\"dependsOn\":[{on}]}}\n",
                "x".repeat(text)
            )
        };
        let words: String = (0..number).map(line).collect();
        super::super::import(&super::super::read(&words).unwrap(), None, "p").unwrap()
    }

    #[test]
    fn each_part_needs_only_what_was_before_it() {
        for (number, text, least) in [(500, 0, 1), (501, 0, 2), (2_000, 300, 4), (60, 50_000, 8)] {
            let plan = plan(number, text);
            let parts = parts(plan.clone()).unwrap();
            assert!(parts.len() >= least && (least == 1) == (parts.len() == 1), "{number}: {}", parts.len());
            let mut there = BTreeSet::new();
            for part in &parts {
                assert!(part.tasks.len() <= Limits::IMPORT && bytes(part) <= BYTES);
                let own: BTreeSet<_> = part.tasks.iter().map(|task| task.key.clone()).collect();
                assert!(
                    part.tasks
                        .iter()
                        .flat_map(|task| &task.depends_on)
                        .all(|on| own.contains(on) || there.contains(on))
                );
                there.extend(own);
            }
            assert_eq!(there.len(), number);
        }
        assert_eq!(parts(plan(MOST + 1, 0)).unwrap_err().code, ErrorCode::LimitReached);
        let [first, second] = halves(&plan(5, 0)).unwrap().unwrap();
        assert_eq!((first.tasks.len(), second.tasks.len(), first.tasks[0].key.as_str()), (2, 3, "k4"));
        assert!(halves(&plan(1, 0)).unwrap().is_none());
    }
}
