//! What the bridge counts, for `/metrics`.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// One number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    pub fn one(&self) {
        self.add(1);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Everything that is counted. Sums over all clients; none names one.
#[derive(Debug, Default)]
pub struct Metrics {
    pub clients: Counter,
    pub frames_in: Counter,
    pub frames_out: Counter,
    pub bytes_out: Counter,
    pub commands: Counter,
    pub snapshots: Counter,
    pub replays: Counter,
    pub resyncs: Counter,
    pub terminals: Counter,
    pub refused_host: Counter,
    pub refused_origin: Counter,
    pub refused_unknown: Counter,
    pub refused_full: Counter,
    pub refused_rate: Counter,
    pub bad_frames: Counter,
    pub unanswered_pings: Counter,
    pub silent_connections: Counter,
    pub refused_tls: Counter,
}

/// What is the case now.
pub struct Gauges {
    pub clients: usize,
    pub ring_commits: usize,
    pub ring_bytes: usize,
    pub head: u64,
    pub ready: bool,
}

impl Metrics {
    /// Prometheus' text format.
    pub fn render(&self, now: &Gauges) -> String {
        let mut text = String::new();
        let mut say = |name: &str, kind: &str, about: &str, rows: &[(&str, u64)]| {
            // Writing to a string does not fail.
            let _ = writeln!(text, "# HELP maestro_bridge_{name} {about}\n# TYPE maestro_bridge_{name} {kind}");
            for (labels, value) in rows {
                let _ = writeln!(text, "maestro_bridge_{name}{labels} {value}");
            }
        };
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        say("ready", "gauge", "1 when the ledger is followed.", &[("", u64::from(now.ready))]);
        say("clients", "gauge", "Clients that are connected.", &[("", number(now.clients))]);
        say("ring_commits", "gauge", "Commits kept for clients that are behind.", &[("", number(now.ring_commits))]);
        say("ring_bytes", "gauge", "Bytes of these commits.", &[("", number(now.ring_bytes))]);
        say("ledger_head", "gauge", "The last sequence of the ledger that arrived.", &[("", now.head)]);
        let counters: [(&str, &str, &Counter); 11] = [
            ("clients_total", "Clients that were let in.", &self.clients),
            ("frames_in_total", "Frames of clients.", &self.frames_in),
            ("frames_out_total", "Frames to clients.", &self.frames_out),
            ("bytes_out_total", "Bytes of frames to clients.", &self.bytes_out),
            ("commands_total", "Commands and queries that were sent on.", &self.commands),
            ("snapshots_total", "Snapshots that were begun.", &self.snapshots),
            ("replays_total", "Clients that continued from the stream.", &self.replays),
            ("resyncs_total", "Clients that fell behind and were told so.", &self.resyncs),
            ("terminals_total", "Terminals that were opened.", &self.terminals),
            ("unanswered_pings_total", "Clients that were given up.", &self.unanswered_pings),
            ("bad_frames_total", "Frames that made no sense.", &self.bad_frames),
        ];
        for (name, about, counter) in counters {
            say(name, "counter", about, &[("", counter.get())]);
        }
        let refused = [
            ("{why=\"host\"}", self.refused_host.get()),
            ("{why=\"origin\"}", self.refused_origin.get()),
            ("{why=\"unknown\"}", self.refused_unknown.get()),
            ("{why=\"full\"}", self.refused_full.get()),
            ("{why=\"rate\"}", self.refused_rate.get()),
            ("{why=\"silent\"}", self.silent_connections.get()),
            ("{why=\"tls\"}", self.refused_tls.get()),
        ];
        say("refused_total", "counter", "What was turned away, by reason.", &refused);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_comment_or_a_sample() {
        let metrics = Metrics::default();
        metrics.refused_host.add(3);
        let text = metrics.render(&Gauges { clients: 2, ring_commits: 1, ring_bytes: 9, head: 7, ready: true });
        assert!(text.contains("\nmaestro_bridge_clients 2\n") && text.contains("refused_total{why=\"host\"} 3\n"));
        for line in text.lines() {
            let sample = line.rsplit_once(' ').is_some_and(|(_, value)| value.parse::<u64>().is_ok());
            assert!(line.starts_with("# ") || sample, "{line}");
        }
    }
}
