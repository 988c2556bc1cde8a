//! What the system says of itself, judged: each line with what to type next.

use std::collections::BTreeMap;

use maestro_runtime::StackFile;
use maestro_wire::{StreamView, SystemView};

use super::Check;
use crate::up::stack::{NATS, SERVER, SPAWNER, SUPERVISOR};
use crate::view::counted;
use crate::view::system::{LAGS, NEARLY_FULL};

/// From here on the next commands will be refused.
const FULL: u64 = 95;
/// Clocks that differ by less are as good as equal: their messages were on the way.
const SKEW_WARN: i64 = 2_000;
/// Commands of a clock that is further ahead are refused.
const SKEW_FAIL: i64 = 3_600_000;

/// `elsewhere`: the stack is not one of this home. `clock`: by how many milliseconds the server's clock is ahead of ours.
pub fn checks(view: &SystemView, clock: i64, stack: Option<&StackFile>, elsewhere: bool) -> Vec<Check> {
    let mut checks = servers(view, stack, elsewhere);
    checks.push(versions(view, stack));
    checks.extend(streams(&view.streams));
    checks.push(spawners(
        &view
            .nodes
            .iter()
            .map(|node| spawner(node.node.as_str(), node.pool.as_str(), (node.free, node.slots), node.draining))
            .collect::<Vec<_>>(),
        elsewhere,
    ));
    checks.extend(pools(view));
    checks.push(clocks(view, clock));
    checks.push(effects(view));
    checks
}

fn servers(view: &SystemView, stack: Option<&StackFile>, elsewhere: bool) -> Vec<Check> {
    let expected = stack.map_or(1, |stack| {
        let planned = stack.planned.iter().filter(|name| name.starts_with(SERVER)).count();
        planned.max(stack.processes.iter().filter(|process| process.name.starts_with(SERVER)).count())
    });
    let told: Vec<String> = view
        .replicas
        .iter()
        .map(|replica| format!("{} {} (applied {})", replica.replica, replica.version, replica.applied))
        .collect();
    let mut checks = vec![if view.replicas.len() < expected {
        Check::warn("servers", format!("{} of {expected} answer: {}", view.replicas.len(), told.join(", ")))
            .log_of(SERVER, elsewhere)
    } else {
        Check::ok("servers", told.join(", "))
    }];
    for replica in &view.replicas {
        let name = &replica.replica;
        if !replica.serving {
            let text = format!("{name} takes no requests: it starts, catches up or drains");
            checks.push(Check::warn("servers", text).log_of(SERVER, elsewhere));
        } else if replica.behind > LAGS {
            let text = format!("{name} is {} commits behind the ledger", replica.behind);
            checks.push(Check::warn("servers", text).then("maestro status --system"));
        }
        if let Some(why) = &replica.rebuilt {
            checks.push(Check::warn("projection", format!("{name} rebuilt it: {why}")));
        }
    }
    checks
}

/// Programs of several versions work together for an upgrade, not for good.
fn versions(view: &SystemView, stack: Option<&StackFile>) -> Check {
    let own = env!("CARGO_PKG_VERSION").to_owned();
    let mut versions: BTreeMap<String, Vec<String>> = view.versions.clone();
    versions.entry(own.clone()).or_default().push("this command line".to_owned());
    let of_stack = stack.into_iter().flat_map(|stack| std::iter::once(&stack.supervisor).chain(&stack.processes));
    // The broker has versions of its own; servers and spawners speak for themselves.
    for process in of_stack.filter(|process| process.name == SUPERVISOR || process.name == "maestro-bridge") {
        versions.entry(process.version.clone()).or_default().push(process.name.clone());
    }
    if versions.len() == 1 {
        return Check::ok("versions", format!("{own} everywhere, {NATS} {}", view.broker));
    }
    let told = versions.iter().map(|(version, programs)| format!("{version}: {}", programs.join(", ")));
    let next = if stack.is_some() { "maestro down && maestro up --detach" } else { "maestro node list" };
    Check::warn("versions", told.collect::<Vec<_>>().join("; ")).then(next)
}

fn streams(streams: &[StreamView]) -> Vec<Check> {
    let mut checks = Vec::new();
    for stream in streams {
        // Terminal output makes room for itself.
        if stream.percent < NEARLY_FULL || stream.name == "TERM" {
            continue;
        }
        let text = format!("{} is {} % full ({} MiB)", stream.name, stream.percent, stream.bytes >> 20);
        let check = if stream.percent >= FULL { Check::fail("streams", text) } else { Check::warn("streams", text) };
        checks.push(check.then("maestro errors show ledger_full"));
    }
    if checks.is_empty() {
        let messages: u64 = streams.iter().map(|stream| stream.messages).sum();
        let (streams, messages) =
            (counted(streams.len(), "stream", "streams"), counted(messages, "message", "messages"));
        checks.push(Check::ok("streams", format!("{streams}, {messages}")));
    }
    checks
}

/// How one spawner is told.
pub fn spawner(node: &str, pool: &str, (free, slots): (u32, u32), draining: bool) -> String {
    let draining = if draining { ", draining" } else { "" };
    format!("{node} (pool {pool}, {free} of {slots} slots free{draining})")
}

pub fn spawners(told: &[String], elsewhere: bool) -> Check {
    if told.is_empty() {
        return Check::warn("spawners", "none is there: sessions wait until one comes").log_of(SPAWNER, elsewhere);
    }
    Check::ok("spawners", told.join(", "))
}

fn pools(view: &SystemView) -> Vec<Check> {
    let waiting = view.pools.iter().filter(|pool| pool.waiting > 0);
    waiting
        .map(|pool| {
            let why = pool.why.as_deref().unwrap_or("they were only just asked for");
            let waiting = counted(pool.waiting, "session waits", "sessions wait");
            let text = format!("{waiting} for pool {}: {why}", pool.pool);
            let next = if pool.nodes == 0 { "maestro node invite --help" } else { "maestro node list" };
            match pool.why {
                Some(_) => Check::warn("pools", text).then(next),
                None => Check::ok("pools", text),
            }
        })
        .collect()
}

fn clocks(view: &SystemView, clock: i64) -> Check {
    let mut off = vec![(format!("the clock of {}", view.answered_by), "ours".to_owned(), clock)];
    off.extend(view.replicas.iter().filter(|replica| replica.replica != view.answered_by).filter_map(|replica| {
        let theirs = format!("the clock of {}", replica.replica);
        Some((theirs, format!("that of {}", view.answered_by), replica.clock_ahead?))
    }));
    let Some((whose, than, most)) = off.into_iter().max_by_key(|(_, _, off)| off.abs()) else {
        return Check::ok("clocks", "nobody to compare with");
    };
    if most.abs() < SKEW_WARN {
        return Check::ok("clocks", "they agree");
    }
    let direction = if most > 0 { "ahead of" } else { "behind" };
    let text = format!("{whose} is {} s {direction} {than}", most.abs() / 1000);
    let check = if most.abs() >= SKEW_FAIL { Check::fail("clocks", text) } else { Check::warn("clocks", text) };
    check.then("timedatectl status")
}

fn effects(view: &SystemView) -> Check {
    if view.dead_letters.is_empty() {
        return Check::ok("effects", "none was given up on");
    }
    let told: Vec<String> =
        view.dead_letters.iter().take(5).map(|letter| format!("{}: {}", letter.project, letter.what)).collect();
    let more = view.dead_letters.len().saturating_sub(told.len());
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    Check::warn("effects", format!("given up on: {}{more}", told.join("; "))).then("maestro status --system")
}

#[cfg(test)]
mod tests {
    use maestro_domain::Timestamp;
    use maestro_wire::{DeadLetter, PoolView, ReplicaView};

    use super::super::Verdict;
    use super::*;

    fn view() -> SystemView {
        let replica = |name: &str| ReplicaView {
            replica: name.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            serving: true,
            applied: 9,
            behind: 0,
            projected: 9,
            homes: Vec::new(),
            home_count: 0,
            clock_ahead: Some(3),
            rebuilt: None,
        };
        SystemView {
            at: Timestamp::from_millis(0),
            answered_by: "r1".to_owned(),
            broker: "2.15.1".to_owned(),
            ledger: "L".to_owned(),
            head: 9,
            projects: 1,
            replicas: vec![replica("r1"), replica("r2")],
            pools: Vec::new(),
            nodes: Vec::new(),
            sessions: BTreeMap::new(),
            streams: Vec::new(),
            dead_letters: Vec::new(),
            versions: BTreeMap::from([(env!("CARGO_PKG_VERSION").to_owned(), vec!["server r1".to_owned()])]),
        }
    }

    fn with(change: impl FnOnce(&mut SystemView)) -> SystemView {
        let mut changed = view();
        change(&mut changed);
        changed
    }

    /// The check of this name that is worst.
    fn worst(view: &SystemView, clock: i64, name: &str) -> Check {
        let checks = checks(view, clock, None, true);
        checks.into_iter().filter(|check| check.name == name).max_by_key(|check| check.verdict).unwrap()
    }

    #[test]
    fn each_thing_that_is_wrong_is_said_with_what_to_type_next() {
        let well = view();
        for name in ["servers", "versions", "streams", "clocks", "effects"] {
            assert_eq!(worst(&well, 0, name).verdict, Verdict::Ok, "{name}");
        }
        let stream = |name: &str, percent| StreamView {
            name: name.to_owned(),
            messages: 1,
            bytes: 1,
            max_bytes: 1,
            percent,
            last_seq: 1,
        };
        let pool = |waiting, why: Option<&str>| PoolView {
            pool: "gpu".parse().unwrap(),
            nodes: 0,
            slots: 0,
            free: 0,
            waiting,
            why: why.map(str::to_owned),
        };
        let letter = DeadLetter { project: "web".parse().unwrap(), what: maestro_domain::Line::lossy("stop s1") };
        let wrong: Vec<(&str, SystemView, i64, Verdict, &str)> = vec![
            ("servers", with(|v| v.replicas[1].serving = false), 0, Verdict::Warn, "r2 takes no requests"),
            ("servers", with(|v| v.replicas[1].behind = 5_000), 0, Verdict::Warn, "5000 commits behind"),
            ("servers", with(|v| v.replicas.clear()), 0, Verdict::Warn, "0 of 1 answer"),
            (
                "versions",
                with(|v| drop(v.versions.insert("0.0.9".to_owned(), vec!["spawner n1".to_owned()]))),
                0,
                Verdict::Warn,
                "0.0.9: spawner n1",
            ),
            ("streams", with(|v| v.streams = vec![stream("EVENTS", 85)]), 0, Verdict::Warn, "85 % full"),
            ("streams", with(|v| v.streams = vec![stream("EVENTS", 99)]), 0, Verdict::Fail, "99 % full"),
            ("streams", with(|v| v.streams = vec![stream("TERM", 99)]), 0, Verdict::Ok, "1 stream, 1 message"),
            ("spawners", view(), 0, Verdict::Warn, "none is there"),
            (
                "pools",
                with(|v| v.pools = vec![pool(2, Some("no spawner in pool gpu"))]),
                0,
                Verdict::Warn,
                "2 sessions wait for pool gpu: no spawner",
            ),
            ("pools", with(|v| v.pools = vec![pool(2, None)]), 0, Verdict::Ok, "only just"),
            ("clocks", view(), -5_000, Verdict::Warn, "the clock of r1 is 5 s behind ours"),
            (
                "clocks",
                with(|v| v.replicas[1].clock_ahead = Some(7_200_000)),
                0,
                Verdict::Fail,
                "r2 is 7200 s ahead of that of r1",
            ),
            ("effects", with(|v| v.dead_letters = vec![letter]), 0, Verdict::Warn, "web: stop s1"),
        ];
        for (name, view, clock, verdict, said) in wrong {
            let check = worst(&view, clock, name);
            assert_eq!(check.verdict, verdict, "{check:?}");
            assert!(check.message.contains(said), "{check:?} does not say {said}");
            let next = check.command.as_ref().or(check.hint.as_ref());
            assert!(check.verdict == Verdict::Ok || next.is_some(), "{check:?} says nothing to type");
            // The stack of this test is elsewhere: none of its logs is here.
            assert!(!next.is_some_and(|next| next.contains("maestro logs")), "{check:?}");
        }
    }
}
