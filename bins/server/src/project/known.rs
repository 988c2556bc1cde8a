//! Commands that were accepted lately, above what the projection shows; older ones are looked up there.

use std::collections::{HashMap, VecDeque};

use maestro_domain::Actor;
use maestro_wire::CommandId;

use crate::store::{KnownCommand, fingerprint};

type Key = (CommandId, Actor);

#[derive(Default)]
pub struct Known {
    by_id: HashMap<Key, KnownCommand>,
    by_seq: VecDeque<(u64, Key)>,
}

impl Known {
    pub fn insert(&mut self, id: CommandId, actor: &Actor, seq: u64, digest: &str) {
        let key = (id, actor.clone());
        let known = KnownCommand { seq, fingerprint: fingerprint(digest) };
        if self.by_id.insert(key.clone(), known).is_none() {
            self.by_seq.push_back((seq, key));
        }
    }

    pub fn get(&self, id: CommandId, actor: &Actor) -> Option<&KnownCommand> {
        self.by_id.get(&(id, actor.clone()))
    }

    /// Forgets what the projection shows by now.
    pub fn prune(&mut self, visible: u64) {
        while let Some((seq, key)) = self.by_seq.front() {
            if *seq > visible {
                break;
            }
            self.by_id.remove(key);
            self.by_seq.pop_front();
        }
    }
}
