//! Commits as they stand in the ledger, the newest and those read last: timelines mostly ask for these.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use maestro_domain::ProjectId;

/// Of all commits kept, in bytes; the oldest go first.
const CAPACITY: usize = 4 << 20;

#[derive(Default)]
pub struct Recent(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    by_seq: HashMap<u64, (ProjectId, Bytes)>,
    order: VecDeque<u64>,
    bytes: usize,
}

impl Recent {
    pub fn get(&self, project: &ProjectId, seq: u64) -> Option<Bytes> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.by_seq.get(&seq).filter(|(of, _)| of == project).map(|(_, payload)| payload.clone())
    }

    /// Keeps a copy: what comes from the broker shares a buffer with its neighbours.
    pub fn put(&self, project: &ProjectId, seq: u64, payload: &[u8]) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let row = (project.clone(), Bytes::copy_from_slice(payload));
        kept.bytes += payload.len();
        if let Some((_, before)) = kept.by_seq.insert(seq, row) {
            kept.bytes -= before.len();
        } else {
            kept.order.push_back(seq);
        }
        while kept.bytes > CAPACITY
            && let Some(oldest) = kept.order.pop_front()
        {
            if let Some((_, gone)) = kept.by_seq.remove(&oldest) {
                kept.bytes -= gone.len();
            }
        }
    }

    /// A purged project is not told of any more.
    pub fn forget(&self, project: &ProjectId, below: u64) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Kept { by_seq, order, bytes } = &mut *kept;
        order.retain(|seq| {
            let gone = *seq < below && by_seq.get(seq).is_some_and(|(of, _)| of == project);
            if gone && let Some((_, payload)) = by_seq.remove(seq) {
                *bytes -= payload.len();
            }
            !gone
        });
    }
}
