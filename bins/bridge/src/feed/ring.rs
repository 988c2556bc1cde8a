//! The last commits of all projects, bounded by number and bytes.

use std::collections::VecDeque;

use super::commit::Commit;

/// One read takes so much at most, so that the lock is held briefly.
const CHUNK: usize = 128;
const CHUNK_BYTES: usize = 1 << 20;

/// What lies behind a position.
#[derive(Debug)]
pub enum After {
    /// These, and then read on from `position`. None at all: `position` is the end.
    Commits { commits: Vec<Commit>, position: u64 },
    /// The ring does not reach back to it; it does from `floor` on.
    Behind { floor: u64 },
}

pub struct Ring {
    commits: VecDeque<Commit>,
    bytes: usize,
    /// Every commit above this sequence that has arrived is in the ring.
    floor: u64,
    head: u64,
    max_commits: usize,
    max_bytes: usize,
}

impl Ring {
    pub fn new(max_commits: usize, max_bytes: usize) -> Self {
        Self { commits: VecDeque::new(), bytes: 0, floor: u64::MAX, head: 0, max_commits, max_bytes }
    }

    /// Forgets everything; the ring is complete above `floor`.
    pub fn reset(&mut self, floor: u64) {
        self.commits.clear();
        self.bytes = 0;
        self.floor = floor;
        self.head = floor;
    }

    pub fn push(&mut self, commit: Commit) {
        self.head = commit.seq;
        self.bytes += commit.frame.len();
        self.commits.push_back(commit);
        while self.commits.len() > self.max_commits || self.bytes > self.max_bytes {
            let Some(oldest) = self.commits.pop_front() else { break };
            self.bytes -= oldest.frame.len();
            self.floor = oldest.seq;
        }
    }

    pub fn size(&self) -> (usize, usize) {
        (self.commits.len(), self.bytes)
    }

    pub fn after(&self, project: &str, position: u64) -> After {
        if position < self.floor {
            return After::Behind { floor: self.floor };
        }
        let start = self.commits.partition_point(|commit| commit.seq <= position);
        let (mut commits, mut bytes) = (Vec::new(), 0);
        for commit in self.commits.range(start..) {
            if &*commit.project != project {
                continue;
            }
            bytes += commit.frame.len();
            commits.push(commit.clone());
            if commits.len() >= CHUNK || bytes >= CHUNK_BYTES {
                return After::Commits { position: commit.seq, commits };
            }
        }
        After::Commits { commits, position: position.max(self.head) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seqs(after: After) -> (Vec<u64>, u64) {
        match after {
            After::Commits { commits, position } => (commits.iter().map(|commit| commit.seq).collect(), position),
            After::Behind { floor } => panic!("behind {floor}"),
        }
    }

    #[test]
    fn a_reader_gets_its_project_in_order_and_ends_at_the_head() {
        let mut ring = Ring::new(1000, usize::MAX);
        assert!(matches!(ring.after("a", 0), After::Behind { .. }), "before the follower has a place");
        ring.reset(10);
        assert_eq!(seqs(ring.after("a", 10)), (vec![], 10));
        for seq in 11..=14 {
            ring.push(Commit::example(if seq % 2 == 0 { "a" } else { "b" }, seq, "[]"));
        }
        assert_eq!(seqs(ring.after("a", 10)), (vec![12, 14], 14));
        assert_eq!(seqs(ring.after("b", 11)), (vec![13], 14));
        assert_eq!(seqs(ring.after("c", 10)), (vec![], 14));
        assert_eq!(seqs(ring.after("a", 20)), (vec![], 20), "a position ahead of us stays");
        assert!(matches!(ring.after("a", 9), After::Behind { floor: 10 }));
    }

    #[test]
    fn the_oldest_makes_room_by_number_and_by_bytes() {
        let mut ring = Ring::new(3, usize::MAX);
        ring.reset(0);
        (1..=5).for_each(|seq| ring.push(Commit::example("a", seq, "[]")));
        assert!(matches!(ring.after("a", 1), After::Behind { floor: 2 }));
        assert_eq!(seqs(ring.after("a", 2)), (vec![3, 4, 5], 5));

        let mut ring = Ring::new(1000, 10_000);
        ring.reset(0);
        let big = format!("[\"{}\"]", "x".repeat(4_000));
        (1..=5).for_each(|seq| ring.push(Commit::example("a", seq, &big)));
        assert_eq!(seqs(ring.after("a", 3)), (vec![4, 5], 5));
        assert!(matches!(ring.after("a", 2), After::Behind { floor: 3 }));
    }

    #[test]
    fn much_is_read_in_several_steps() {
        let mut ring = Ring::new(1000, usize::MAX);
        ring.reset(0);
        (1..=300).for_each(|seq| ring.push(Commit::example("a", seq, "[]")));
        let (mut all, mut position) = (Vec::new(), 0);
        loop {
            let (some, next) = seqs(ring.after("a", position));
            if some.is_empty() {
                break;
            }
            all.extend(some);
            position = next;
        }
        assert_eq!(all, (1..=300).collect::<Vec<_>>());
    }
}
