//! What this replica has appended, or tries to: when the stream brings it back, its events are here already.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use maestro_wire::Recorded;

/// Appends whose return is awaited; the oldest is forgotten, then it is read like anybody's.
const CAPACITY: usize = 64;

/// Events by the digest of the message that holds them.
#[derive(Default)]
pub struct Own(Mutex<VecDeque<(u64, Vec<Recorded>)>>);

impl Own {
    pub fn put(&self, digest: u64, events: Vec<Recorded>) {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if own.len() == CAPACITY {
            own.pop_front();
        }
        own.push_back((digest, events));
    }

    pub fn take(&self, digest: u64) -> Option<Vec<Recorded>> {
        let mut own = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let index = own.iter().position(|(of, _)| *of == digest)?;
        own.remove(index).map(|(_, events)| events)
    }
}
