//! Cursors and limits of lists.

use maestro_wire::{ErrorBody, ErrorCode};
use serde::{Serialize, de::DeserializeOwned};

const DEFAULT: u32 = 50;
const MAX: u32 = 1000;

/// A page ends here, however many items it has: it must fit into one message of the broker. The last item may exceed
/// it by its own size.
pub const PAGE_BYTES: usize = 512 * 1024;

/// How many items a page has.
pub fn limit(given: Option<u32>) -> Result<usize, ErrorBody> {
    match given.unwrap_or(DEFAULT) {
        n @ 1..=MAX => Ok(n as usize),
        n => {
            let text = format!("a page has 1 to {MAX} items; '{n}' were asked for");
            Err(ErrorBody::new(ErrorCode::InvalidValue, text).with("meant", n.clamp(DEFAULT, MAX).to_string()))
        }
    }
}

/// A cursor: the place after which the next page begins, as hex of JSON. Opaque to callers.
pub fn write(place: &impl Serialize) -> String {
    let json = serde_json::to_vec(place).unwrap_or_default();
    json.iter().map(|byte| format!("{byte:02x}")).collect()
}

pub fn read<T: DeserializeOwned>(cursor: Option<&str>) -> Result<Option<T>, ErrorBody> {
    let Some(text) = cursor else { return Ok(None) };
    let invalid = || {
        ErrorBody::new(ErrorCode::InvalidCursor, "this cursor was not given out by this query")
            .suggest("start again without a cursor")
    };
    if !text.is_ascii() || !text.len().is_multiple_of(2) || text.len() > 400 {
        return Err(invalid());
    }
    let bytes: Option<Vec<u8>> =
        (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect();
    let bytes = bytes.ok_or_else(invalid)?;
    serde_json::from_slice(&bytes).map(Some).map_err(|_| invalid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_what_it_wrote_and_nothing_else() {
        assert_eq!(read::<(u64, u16)>(Some(&write(&(7_u64, 3_u16)))).unwrap(), Some((7, 3)));
        for bad in ["x", "zz", "7", "\u{e9}\u{e9}", "00"] {
            assert_eq!(read::<u64>(Some(bad)).unwrap_err().code, ErrorCode::InvalidCursor, "{bad}");
        }
    }
}
