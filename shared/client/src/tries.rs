//! Which broker of several is tried next after a loss.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How often each server was tried since the last connection. The library counts no failure when a name leads nowhere, as
/// that of a container which is gone: such a server would be tried for ever, and no other.
#[derive(Default)]
pub(crate) struct Tries(Mutex<HashMap<String, usize>>);

impl Tries {
    /// The server that was tried least, of those the one that failed least, and how often it was tried.
    pub(crate) fn next(&self, servers: impl Iterator<Item = (String, usize)>) -> Option<(usize, usize)> {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tried = |name: &String| tries.get(name).copied().unwrap_or_default();
        let (index, (name, _)) = servers.enumerate().min_by_key(|(_, (name, failures))| (tried(name), *failures))?;
        let before = tried(&name);
        tries.insert(name, before + 1);
        Some((index, before))
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
            tries.next(["gone".to_owned(), "there".to_owned()].into_iter().zip(failures)).unwrap()
        };
        assert_eq!([next([0, 1]), next([0, 1]), next([0, 2]), next([0, 2])], [(0, 0), (1, 0), (0, 1), (1, 1)]);
        tries.forget();
        assert_eq!(next([3, 0]), (1, 0), "the one that failed less comes first");
    }
}
