//! Room for one running agent.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A slot that is held until it is dropped, or passed on before: then one of as many places for sessions whose agent is
/// gone and whose end is still being told.
#[derive(Debug)]
pub struct Slot {
    held: OwnedSemaphorePermit,
    endings: Arc<Semaphore>,
}

impl Slot {
    pub fn new(held: OwnedSemaphorePermit, endings: Arc<Semaphore>) -> Self {
        Self { held, endings }
    }

    /// Lets another agent have it; while too many are ending it stays.
    pub(super) fn pass_on(&mut self) {
        if let Ok(place) = self.endings.clone().try_acquire_owned() {
            self.held = place;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_free_for_others_as_long_as_few_are_ending() {
        let (slots, endings) = (Arc::new(Semaphore::new(2)), Arc::new(Semaphore::new(1)));
        let take = || Slot::new(slots.clone().try_acquire_owned().unwrap(), endings.clone());
        let (mut first, mut second) = (take(), take());
        assert_eq!(slots.available_permits(), 0);
        first.pass_on();
        second.pass_on();
        assert_eq!(slots.available_permits(), 1, "the second keeps its own");
        drop(first);
        second.pass_on();
        assert_eq!(slots.available_permits(), 2);
        drop(second);
        assert_eq!((slots.available_permits(), endings.available_permits()), (2, 1));
    }
}
