//! Room on the disk of the home, while a stack runs. A nats-server that met a full disk takes nothing any more, also when
//! there is room again; started again it does.

/// Less than this and the broker cannot write, or soon cannot.
const FULL: u64 = 16 << 20;
/// From here on it is worth starting it again.
const ROOM: u64 = 64 << 20;

/// What has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    Full,
    RoomAgain,
}

#[derive(Default)]
pub struct Space {
    full: bool,
}

impl Space {
    /// Takes a look; a system that does not tell changes nothing.
    pub fn look(&mut self, free: std::io::Result<u64>) -> Option<Change> {
        let free = free.ok()?;
        let change = match self.full {
            false if free < FULL => Change::Full,
            true if free >= ROOM => Change::RoomAgain,
            false | true => return None,
        };
        self.full = change == Change::Full;
        Some(change)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_change_is_told_once() {
        let mut space = Space::default();
        let looks = [ROOM, FULL, FULL - 1, 0, FULL, ROOM - 1, ROOM, ROOM, 0];
        let told: Vec<_> = looks.into_iter().filter_map(|free| space.look(Ok(free))).collect();
        assert_eq!(told, [Change::Full, Change::RoomAgain, Change::Full]);
        assert_eq!(space.look(Err(std::io::ErrorKind::Other.into())), None);
    }
}
