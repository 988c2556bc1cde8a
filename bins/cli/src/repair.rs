//! The nearest thing to what was mistyped.

/// The known word that is meant, when one is near enough: alike, or a slip or two away.
pub fn nearest<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    const ALIKE: f64 = 0.8;
    let typed = typed.to_lowercase();
    let slips = (typed.chars().count() / 3).min(2);
    let near = known.filter_map(|word| {
        let lower = word.to_lowercase();
        let distance = strsim::osa_distance(&typed, &lower);
        let alike = strsim::jaro_winkler(&typed, &lower);
        (distance <= slips || alike > ALIKE).then_some((distance, alike, word))
    });
    near.min_by(|a, b| a.0.cmp(&b.0).then(b.1.total_cmp(&a.1))).map(|(.., word)| word)
}

/// What people write for a status that is called otherwise here.
const OTHER_WORDS: [(&str, &str); 16] = [
    ("todo", "pending"),
    ("open", "pending"),
    ("new", "pending"),
    ("backlog", "pending"),
    ("doing", "in_progress"),
    ("started", "in_progress"),
    ("active", "in_progress"),
    ("wip", "in_progress"),
    ("review", "in_review"),
    ("submitted", "in_review"),
    ("stuck", "blocked"),
    ("waiting", "blocked"),
    ("done", "completed"),
    ("finished", "completed"),
    ("closed", "completed"),
    ("dropped", "cancelled"),
];
const STATUSES: [&str; 6] = ["pending", "in_progress", "in_review", "blocked", "completed", "cancelled"];
const PRIORITIES: [&str; 4] = ["critical", "high", "medium", "low"];
const OTHER_PRIORITIES: [(&str, &str); 10] = [
    ("urgent", "critical"),
    ("highest", "critical"),
    ("p0", "critical"),
    ("p1", "high"),
    ("p2", "medium"),
    ("p3", "low"),
    ("normal", "medium"),
    ("default", "medium"),
    ("minor", "low"),
    ("lowest", "low"),
];

fn word<'a>(typed: &str, others: &[(&str, &'a str)], known: &[&'a str]) -> Option<&'a str> {
    let typed = typed.to_lowercase().replace([' ', '-'], "_");
    let other = others.iter().find(|(other, _)| *other == typed).map(|(_, ours)| *ours);
    other.or_else(|| nearest(&typed, known.iter().copied()))
}

/// `T3`, `#3`, `3`, `task-3`, `t03` are t3; likewise of the other kinds.
fn id(typed: &str, letters: &str) -> Option<String> {
    let (project, rest) = typed.rsplit_once('/').map_or(("", typed), |(project, rest)| (project, rest));
    let digits: String =
        rest.chars().rev().take_while(char::is_ascii_digit).collect::<String>().chars().rev().collect();
    let before = rest.strip_suffix(digits.as_str())?.to_lowercase();
    let number = digits.trim_start_matches('0').parse::<u32>().ok().filter(|number| *number < 1_000_000_000)?;
    let plain = before.trim_matches(|c: char| matches!(c, '#' | '-' | '_' | ' ' | ':'));
    let fits = plain.is_empty() || ["task", "subtask", "session", "message", "t", "st", "s", "m"].contains(&plain);
    let project = if project.is_empty() { String::new() } else { format!("{}/", slug(project)?) };
    fits.then(|| format!("{project}{letters}{number}"))
}

/// A project's id from a name.
fn slug(typed: &str) -> Option<String> {
    let lower = typed.to_lowercase();
    let plain: String = lower.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).take(32).collect();
    Some(plain.trim_matches('-').to_owned()).filter(|plain| !plain.is_empty())
}

/// What was meant by a value that a code refused, when that can be told.
pub fn value(code: &str, typed: &str) -> Option<String> {
    let meant = match code {
        "invalid_status" => word(typed, &OTHER_WORDS, &STATUSES).map(ToOwned::to_owned),
        "invalid_priority" => word(typed, &OTHER_PRIORITIES, &PRIORITIES).map(ToOwned::to_owned),
        "invalid_task_id" => id(typed, "t"),
        "invalid_subtask_id" => id(typed, "st"),
        "invalid_session_id" => id(typed, "s"),
        "invalid_message_id" => id(typed, "m"),
        "invalid_project_id" | "invalid_label" => slug(typed),
        _ => None,
    };
    meant.filter(|meant| meant != typed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_found_and_what_is_far_is_not() {
        let of = |code: &str, typed: &str| value(code, typed);
        for typed in ["T3", "#3", "3", "task-3", "t03", "TASK3", "st3"] {
            assert_eq!(of("invalid_task_id", typed).as_deref(), Some("t3"), "{typed}");
        }
        assert_eq!(of("invalid_task_id", "Web/3").as_deref(), Some("web/t3"));
        assert_eq!(of("invalid_subtask_id", "2").as_deref(), Some("st2"));
        assert_eq!(of("invalid_status", "done").as_deref(), Some("completed"));
        assert_eq!(of("invalid_status", "in-progres").as_deref(), Some("in_progress"));
        assert_eq!(of("invalid_priority", "urgent").as_deref(), Some("critical"));
        assert_eq!(of("invalid_project_id", "My Web").as_deref(), Some("my-web"));
        for (code, typed) in
            [("invalid_task_id", "parser"), ("invalid_task_id", "t1.*"), ("invalid_status", "zzz"), ("usage", "x")]
        {
            assert_eq!(of(code, typed), None, "{typed}");
        }
        assert_eq!(nearest("wbe", ["api", "web"].into_iter()), Some("web"));
        assert_eq!(nearest("mobile", ["api", "web"].into_iter()), None);
        assert_eq!(nearest("bgufix", ["feature", "bugfix"].into_iter()), Some("bugfix"));
    }
}
