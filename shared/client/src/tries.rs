//! Which broker of several is tried next after a loss.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How often each server was tried since the last connection. The library counts no failure when a name leads nowhere, as
/// that of a container which is gone: such a server would be tried for ever, and no other.
#[derive(Default)]
pub(crate) struct Tries(Mutex<HashMap<String, usize>>);

/// The server that comes next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Next {
    pub(crate) index: usize,
    /// How often every server was tried since the last connection.
    pub(crate) rounds: usize,
    /// All were tried equally often: time for a pause.
    pub(crate) begins_round: bool,
}

impl Tries {
    /// The server that was tried least, of those the one that failed least.
    pub(crate) fn next(&self, servers: impl Iterator<Item = (String, usize)>) -> Option<Next> {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let servers: Vec<(String, usize, usize)> = servers
            .map(|(name, failures)| {
                let tried = tries.get(&name).copied().unwrap_or_default();
                (name, tried, failures)
            })
            .collect();
        let (index, (name, rounds, _)) =
            servers.iter().enumerate().min_by_key(|(_, (_, tried, failed))| (tried, failed))?;
        tries.insert(name.clone(), rounds + 1);
        Some(Next { index, rounds: *rounds, begins_round: servers.iter().all(|(_, tried, _)| tried == rounds) })
    }

    pub(crate) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_server_has_its_turn() {
        let tries = Tries::default();
        let next = |failures: [usize; 2]| {
            let next = tries.next(["gone".to_owned(), "there".to_owned()].into_iter().zip(failures)).unwrap();
            (next.index, next.rounds, next.begins_round)
        };
        let two_rounds = [next([0, 1]), next([0, 1]), next([0, 2]), next([0, 2])];
        assert_eq!(two_rounds, [(0, 0, true), (1, 0, false), (0, 1, true), (1, 1, false)]);
        tries.forget();
        assert_eq!(next([3, 0]), (1, 0, true), "the one that failed less comes first");
    }
}
