//! `stats`: created and completed a day, how long it takes, how often it goes wrong.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use clap::Args;
use maestro_domain::Timestamp;
use maestro_wire::{ErrorBody, TimelineEntry};
use serde::Serialize;

use crate::context::Context;
use crate::output::{BOLD, DIM, GOOD, Output, WARN, paint};
use crate::{gather, report, view};

/// Show how the work goes: created and completed a day, duration, blocked and reopened
#[derive(Args, Debug)]
pub struct StatsArgs {
    /// How many days back, today included
    #[arg(long, value_name = "N", default_value_t = 14, value_parser = clap::value_parser!(u16).range(1..=366))]
    pub days: u16,
}

/// More than this is not looked at; the answer says so.
const MOST: usize = 50_000;
const DAY: i64 = 86_400_000;

/// A day in UTC.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Day {
    pub date: String,
    pub created: u32,
    pub completed: u32,
}

/// Seconds; absent without a single case.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Duration {
    pub median: Option<i64>,
    pub mean: Option<i64>,
    pub longest: Option<i64>,
}

/// What `stats` answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Stats {
    pub days: Vec<Day>,
    pub created: u32,
    pub completed: u32,
    /// From the first claim to completion, of what was completed in these days.
    pub work_seconds: Duration,
    /// From creation to completion.
    pub lead_seconds: Duration,
    /// Tasks that were worked on and got blocked, of all that were worked on.
    pub blocked_rate: Option<f64>,
    /// Tasks that were completed and opened again, of all that were completed.
    pub reopen_rate: Option<f64>,
    /// Older events were left out: there are too many.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
}

pub async fn run(args: &StatsArgs, ctx: &Context) -> Result<Output, ErrorBody> {
    let today = report::now().as_millis() / DAY;
    let first = today - i64::from(args.days) + 1;
    let project = ctx.project()?;
    // A task that was completed in these days may have begun before: their beginnings are looked for further back.
    let back = first - i64::from(args.days).max(30);
    let found = gather::events(ctx, &project, MOST, |entry| entry.at.as_millis() / DAY >= back).await?;
    let mut stats = count(&found.items, first, today);
    stats.truncated = found.more;
    let human = stats.clone();
    Ok(Output::new(&stats, move || card(&human)).at(found.seq))
}

/// `entries`: the newest first.
fn count(entries: &[TimelineEntry], first: i64, today: i64) -> Stats {
    let mut days: BTreeMap<i64, Day> =
        (first..=today).map(|day| (day, Day { date: date(day), ..Day::default() })).collect();
    let mut stats = Stats::default();
    let (mut began, mut claimed): (HashMap<&str, Timestamp>, HashMap<&str, Timestamp>) =
        (HashMap::new(), HashMap::new());
    let (mut worked, mut blocked, mut done, mut reopened) =
        (BTreeSet::new(), BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    let (mut work, mut lead) = (Vec::new(), Vec::new());
    for entry in entries.iter().rev() {
        let Some(kind) = entry.change.get("kind").and_then(|kind| kind.as_str()) else { continue };
        let Some(task) = entry.entity.strip_prefix("task/") else { continue };
        let day = days.get_mut(&(entry.at.as_millis() / DAY));
        let counts = day.is_some();
        match kind {
            "created" => {
                began.insert(task, entry.at);
                if let Some(day) = day {
                    day.created += 1;
                }
            }
            "claimed" => {
                claimed.entry(task).or_insert(entry.at);
                if counts {
                    worked.insert(task);
                }
            }
            "blocked" if counts => {
                worked.insert(task);
                blocked.insert(task);
            }
            "reopened" => {
                claimed.remove(task);
                if counts && done.contains(task) {
                    reopened.insert(task);
                }
            }
            "completed" => {
                if let Some(day) = day {
                    day.completed += 1;
                    done.insert(task);
                    worked.insert(task);
                    // What was imported as done took nobody any time.
                    if entry.change.get("from").and_then(|from| from.as_str()) == Some("pending") {
                        continue;
                    }
                    work.extend(claimed.get(task).map(|since| entry.at.millis_since(*since) / 1000));
                    lead.extend(began.get(task).map(|since| entry.at.millis_since(*since) / 1000));
                }
            }
            _ => {}
        }
    }
    stats.days = days.into_values().collect();
    stats.created = stats.days.iter().map(|day| day.created).sum();
    stats.completed = stats.days.iter().map(|day| day.completed).sum();
    stats.work_seconds = duration(work);
    stats.lead_seconds = duration(lead);
    stats.blocked_rate = rate(blocked.len(), worked.len());
    stats.reopen_rate = rate(reopened.len(), done.len());
    stats
}

fn date(day: i64) -> String {
    Timestamp::from_millis(day * DAY).to_string().chars().take(10).collect()
}

fn duration(mut seconds: Vec<i64>) -> Duration {
    seconds.sort_unstable();
    let count = i64::try_from(seconds.len()).unwrap_or(i64::MAX);
    Duration {
        median: seconds.get(seconds.len() / 2).copied(),
        mean: (count > 0).then(|| seconds.iter().sum::<i64>() / count),
        longest: seconds.last().copied(),
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate of some thousand tasks, shown in per cent")]
fn rate(part: usize, whole: usize) -> Option<f64> {
    (whole > 0).then(|| (part as f64 / whole as f64 * 1000.0).round() / 1000.0)
}

fn card(stats: &Stats) -> String {
    const WIDTH: u32 = 24;
    if stats.created == 0 && stats.completed == 0 {
        return format!("nothing was created or completed in these days\n  {} maestro status", paint(DIM, "try:"));
    }
    let most = stats.days.iter().map(|day| day.created.max(day.completed)).max().unwrap_or(1).max(1);
    let bar = |count: u32| "▆".repeat((count * WIDTH).div_ceil(most) as usize);
    let mut text = format!("{}  {}\n", paint(BOLD, "per day"), paint(DIM, "created above, completed below"));
    let busy = stats.days.iter().skip_while(|day| day.created == 0 && day.completed == 0);
    for day in busy {
        text.push_str(&format!("  {}  {:>4} {}\n", day.date, day.created, paint(DIM, bar(day.created))));
        text.push_str(&format!("  {:10}  {:>4} {}\n", "", day.completed, paint(GOOD, bar(day.completed))));
    }
    let span = |seconds: Option<i64>| seconds.map_or_else(|| "-".to_owned(), view::span);
    let percent = |rate: Option<f64>| rate.map_or_else(|| "-".to_owned(), |rate| format!("{:.0} %", rate * 100.0));
    let mut line =
        |name: &str, value: String| text.push_str(&format!("\n{} {value}", paint(BOLD, format!("{name:<12}"))));
    line("created", stats.created.to_string());
    line("completed", stats.completed.to_string());
    for (name, of) in [("work", &stats.work_seconds), ("lead time", &stats.lead_seconds)] {
        line(name, format!("median {}, mean {}, longest {}", span(of.median), span(of.mean), span(of.longest)));
    }
    line("blocked", percent(stats.blocked_rate));
    line("reopened", percent(stats.reopen_rate));
    if stats.truncated {
        text.push_str(&paint(WARN, "\nolder events were left out: there are too many"));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn days_durations_and_rates_are_counted_from_events() {
        let at = |hours: i64| Timestamp::from_millis(20_000 * DAY + hours * 3_600_000);
        let entry = |hours, task: &str, kind: &str| TimelineEntry {
            seq: 1,
            id: "x".to_owned(),
            at: at(hours),
            actor: "ann".parse().unwrap(),
            entity: format!("task/{task}"),
            change: json!({"kind": kind}).as_object().cloned().unwrap(),
        };
        let mut entries = vec![
            entry(0, "t1", "created"),
            entry(1, "t1", "claimed"),
            entry(2, "t1", "blocked"),
            entry(3, "t1", "completed"),
            entry(4, "t1", "reopened"),
            entry(24, "t2", "created"),
            entry(25, "t2", "claimed"),
            entry(30, "t2", "completed"),
        ];
        entries.reverse();
        let stats = count(&entries, 20_000, 20_001);
        assert_eq!((stats.created, stats.completed), (2, 2));
        assert_eq!(stats.days.iter().map(|day| day.completed).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(stats.days[0].date, "2024-10-04");
        assert_eq!(stats.work_seconds, Duration { median: Some(18_000), mean: Some(12_600), longest: Some(18_000) });
        assert_eq!((stats.blocked_rate, stats.reopen_rate), (Some(0.5), Some(0.5)));
    }
}
