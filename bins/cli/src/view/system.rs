//! The whole system.

use maestro_wire::{PoolView, ReplicaView, StreamView, SystemView};

use crate::output::{BAD, BOLD, DIM, GOOD, WARN, paint};
use crate::terminal::harmless::Harmless;

use super::{cell, counted, rendered, table};

/// From here on a stream is soon full.
pub const NEARLY_FULL: u64 = 80;
/// A replica that is further behind shows an old picture.
pub const LAGS: u64 = 1_000;

pub fn card(system: &SystemView) -> String {
    let plain = anstyle::Style::new();
    let mut parts = vec![format!(
        "{} {} · nats-server {} · {} · sequence {}",
        paint(BOLD, "ledger"),
        system.ledger,
        system.broker,
        counted(system.projects, "project", "projects"),
        system.head
    )];

    let mut replicas = table(&["replica", "version", "state", "behind", "projection", "home of"]);
    for replica in &system.replicas {
        let (state, style) = state(replica);
        replicas.add_row([
            cell(&replica.replica, BOLD),
            cell(&replica.version, DIM),
            cell(state, style),
            cell(replica.behind, if replica.behind > LAGS { WARN } else { plain }),
            cell(replica.projected, plain),
            cell(homes(replica), plain),
        ]);
    }
    parts.push(rendered(&mut replicas));

    let mut pools = table(&["pool", "spawners", "free", "waiting", ""]);
    for pool in &system.pools {
        pools.add_row([
            cell(&pool.pool, BOLD),
            cell(pool.nodes, if pool.nodes == 0 { WARN } else { plain }),
            cell(format!("{}/{}", pool.free, pool.slots), plain),
            cell(pool.waiting, if pool.waiting > 0 { WARN } else { plain }),
            cell(why(pool), DIM),
        ]);
    }
    parts.push(if system.pools.is_empty() {
        format!("{}\n  {} maestro doctor", paint(WARN, "no spawner is there"), paint(DIM, "try:"))
    } else {
        rendered(&mut pools)
    });
    if !system.nodes.is_empty() {
        let mut nodes = table(&["spawner", "pool", "free", "version"]);
        for node in &system.nodes {
            let draining = if node.draining { " draining" } else { "" };
            nodes.add_row([
                cell(&node.node, BOLD),
                cell(&node.pool, plain),
                cell(format!("{}/{}{draining}", node.free, node.slots), if node.draining { WARN } else { plain }),
                cell(&node.version, DIM),
            ]);
        }
        parts.push(rendered(&mut nodes));
    }

    let living: Vec<String> = system.sessions.iter().map(|(status, count)| format!("{count} {status}")).collect();
    let living = if living.is_empty() { "none lives".to_owned() } else { living.join(", ") };
    parts.push(format!("{} {living}", paint(BOLD, "sessions")));

    let mut streams = table(&["stream", "messages", "MiB", "of", "full"]);
    for stream in &system.streams {
        streams.add_row([
            cell(&stream.name, BOLD),
            cell(stream.messages, plain),
            cell(stream.bytes >> 20, plain),
            cell(stream.max_bytes >> 20, DIM),
            cell(format!("{} %", stream.percent), full(stream)),
        ]);
    }
    parts.push(rendered(&mut streams));

    if system.versions.len() > 1 {
        let told = system.versions.iter().map(|(version, programs)| format!("  {version}: {}", programs.join(", ")));
        parts.push(format!("{}\n{}", paint(WARN, "versions differ"), told.collect::<Vec<_>>().join("\n")));
    }
    if !system.dead_letters.is_empty() {
        let told = system
            .dead_letters
            .iter()
            .map(|letter| format!("  {}: {}", letter.project, Harmless::text(&letter.what.to_string())));
        parts.push(format!("{}\n{}", paint(BAD, "given up on"), told.collect::<Vec<_>>().join("\n")));
    }
    parts.join("\n\n")
}

fn state(replica: &ReplicaView) -> (&'static str, anstyle::Style) {
    match (replica.serving, replica.behind > LAGS) {
        (true, false) => ("serves", GOOD),
        (true, true) => ("serves, lags", WARN),
        (false, _) => ("takes nothing", BAD),
    }
}

fn homes(replica: &ReplicaView) -> String {
    let few: Vec<&str> = replica.homes.iter().take(3).map(maestro_domain::ProjectId::as_str).collect();
    let more = replica.home_count.saturating_sub(few.len() as u64);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", few.join(" "))
}

fn why(pool: &PoolView) -> &str {
    pool.why.as_deref().unwrap_or_default()
}

fn full(stream: &StreamView) -> anstyle::Style {
    match stream.percent {
        95.. => BAD,
        NEARLY_FULL.. => WARN,
        _ => anstyle::Style::new(),
    }
}
