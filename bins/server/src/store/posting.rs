//! The timeline's index: for each entity, and for the project as a whole, where in the ledger its events are. What they
//! say is read there. Places lie in chunks of one row each, so that a busy entity is not a row an event.

use redb::{ReadableTable, Table as RedbTable};

use super::row::StoreError;

/// Where an event is: the commit's sequence and the event's index in it. In the index of the whole project the second
/// number is how many events the commit has.
pub type Place = (u64, u16);

/// Places of one row.
const CHUNK: usize = 128;
const TABLE: &str = "timeline";

/// A row: a checksum, then for each place the distance of its sequence from the one before, and its index, as LEB128.
fn seal(first: u64, places: &[Place]) -> Vec<u8> {
    let mut row = vec![0; 4];
    let mut before = first;
    for (seq, index) in places {
        varint(&mut row, seq - before);
        varint(&mut row, u64::from(*index));
        before = *seq;
    }
    let sum = crc32fast::hash(&row[4..]);
    row[..4].copy_from_slice(&sum.to_le_bytes());
    row
}

fn open(first: u64, row: &[u8]) -> Result<Vec<Place>, StoreError> {
    let mut rest = super::row::checked(TABLE, row)?;
    let mut places = Vec::with_capacity(CHUNK);
    let mut seq = first;
    while !rest.is_empty() {
        let (distance, index) = (take(&mut rest)?, take(&mut rest)?);
        seq = seq.checked_add(distance).ok_or(StoreError::Key { table: TABLE })?;
        places.push((seq, u16::try_from(index).map_err(|_| StoreError::Key { table: TABLE })?));
    }
    Ok(places)
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    loop {
        let [low, ..] = value.to_le_bytes();
        value >>= 7;
        if value == 0 {
            out.push(low & 0x7f);
            return;
        }
        out.push(low | 0x80);
    }
}

fn take(rest: &mut &[u8]) -> Result<u64, StoreError> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, behind) = rest.split_first().ok_or(StoreError::Key { table: TABLE })?;
        *rest = behind;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(StoreError::Key { table: TABLE })
}

fn key(prefix: &[u8], (seq, index): Place) -> Vec<u8> {
    let mut key = Vec::with_capacity(prefix.len() + 10);
    key.extend_from_slice(prefix);
    key.extend_from_slice(&seq.to_be_bytes());
    key.extend_from_slice(&index.to_be_bytes());
    key
}

fn first_of(key: &[u8]) -> Result<u64, StoreError> {
    let rest = key.split_last_chunk::<2>().and_then(|(rest, _)| rest.split_last_chunk::<8>());
    rest.map(|(_, seq)| u64::from_be_bytes(*seq)).ok_or(StoreError::Key { table: TABLE })
}

/// Adds places behind those that are there; they are in order.
pub fn append(
    table: &mut RedbTable<'_, &'static [u8], &'static [u8]>,
    prefix: &[u8],
    places: &[Place],
) -> Result<(), StoreError> {
    let (from, to) = (key(prefix, (0, 0)), key(prefix, (u64::MAX, u16::MAX)));
    let last = match table.range::<&[u8]>(from.as_slice()..=to.as_slice())?.next_back() {
        Some(entry) => {
            let (k, v) = entry?;
            let there = open(first_of(k.value())?, v.value())?;
            (there.len() < CHUNK).then(|| (k.value().to_vec(), there))
        }
        None => None,
    };
    let mut places = places;
    if let Some((k, mut chunk)) = last {
        let (fit, rest) = places.split_at(places.len().min(CHUNK - chunk.len()));
        chunk.extend_from_slice(fit);
        table.insert(k.as_slice(), seal(first_of(&k)?, &chunk).as_slice())?;
        places = rest;
    }
    for chunk in places.chunks(CHUNK) {
        if let Some(first) = chunk.first() {
            table.insert(key(prefix, *first).as_slice(), seal(first.0, chunk).as_slice())?;
        }
    }
    Ok(())
}

/// Places below `before`, the newest first, for as long as `more` says so.
pub fn backwards(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    prefix: &[u8],
    before: Place,
    mut more: impl FnMut(Place) -> bool,
) -> Result<(), StoreError> {
    let (from, to) = (key(prefix, (0, 0)), key(prefix, before));
    for entry in table.range::<&[u8]>(from.as_slice()..to.as_slice())?.rev() {
        let (k, v) = entry?;
        for place in open(first_of(k.value())?, v.value())?.into_iter().rev() {
            if place < before && !more(place) {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Places of commits above `after`, the oldest first, for as long as `more` says so.
pub fn forwards(
    table: &impl ReadableTable<&'static [u8], &'static [u8]>,
    prefix: &[u8],
    after: u64,
    mut more: impl FnMut(Place) -> bool,
) -> Result<(), StoreError> {
    let (from, to) = (key(prefix, (0, 0)), key(prefix, (u64::MAX, u16::MAX)));
    // The row in which `after` lies begins at or below it.
    let at = key(prefix, (after, u16::MAX));
    let begin = match table.range::<&[u8]>(from.as_slice()..=at.as_slice())?.next_back() {
        Some(entry) => entry?.0.value().to_vec(),
        None => from,
    };
    for entry in table.range::<&[u8]>(begin.as_slice()..=to.as_slice())? {
        let (k, v) = entry?;
        for place in open(first_of(k.value())?, v.value())? {
            if place.0 > after && !more(place) {
                return Ok(());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use redb::{Database, ReadableDatabase, TableDefinition, backends::InMemoryBackend};

    use super::*;

    const POSTINGS: TableDefinition<'static, &[u8], &[u8]> = TableDefinition::new("postings");

    fn collect(walk: impl FnOnce(&mut dyn FnMut(Place) -> bool) -> Result<(), StoreError>, limit: usize) -> Vec<Place> {
        let mut found = Vec::new();
        walk(&mut |place| {
            found.push(place);
            found.len() < limit
        })
        .unwrap();
        found
    }

    #[test]
    fn what_was_added_is_found_from_both_ends_and_neighbours_are_not() {
        let db = Database::builder().create_with_backend(InMemoryBackend::new()).unwrap();
        // One commit with more events of an entity than a row has places, then single ones.
        let all: Vec<Place> = (0..300).map(|index| (7, index)).chain((8..700).map(|seq| (seq * 3, 1))).collect();
        let txn = db.begin_write().unwrap();
        {
            let mut table = txn.open_table(POSTINGS).unwrap();
            for part in all.chunks(37) {
                append(&mut table, b"web\0a", part).unwrap();
                append(&mut table, b"web\0b", part).unwrap();
            }
        }
        txn.commit().unwrap();
        let table = db.begin_read().unwrap().open_table(POSTINGS).unwrap();
        let newest = |before, limit| collect(|more| backwards(&table, b"web\0a", before, more), limit);
        let oldest = |after, limit| collect(|more| forwards(&table, b"web\0a", after, more), limit);
        assert_eq!(oldest(0, usize::MAX), all);
        assert_eq!(newest((u64::MAX, u16::MAX), usize::MAX), all.iter().rev().copied().collect::<Vec<_>>());
        for cut in [0, 1, 127, 128, 129, 299, 300, 301, 500, all.len() - 1] {
            let expected: Vec<_> = all[..cut].iter().rev().take(5).copied().collect();
            assert_eq!(newest(all[cut], 5), expected, "before {:?}", all[cut]);
            let expected: Vec<_> = all.iter().filter(|place| place.0 > all[cut].0).take(5).copied().collect();
            assert_eq!(oldest(all[cut].0, 5), expected, "after {:?}", all[cut]);
        }
    }

    #[test]
    fn a_row_that_was_changed_is_noticed() {
        let mut row = seal(5, &[(5, 0), (1 << 40, 65_535)]);
        assert_eq!(open(5, &row).unwrap(), [(5, 0), (1 << 40, 65_535)]);
        for byte in 0..row.len() {
            row[byte] ^= 1;
            assert!(open(5, &row).is_err(), "byte {byte}");
            row[byte] ^= 1;
        }
    }
}
