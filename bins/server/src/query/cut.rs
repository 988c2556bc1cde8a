//! Long texts of an answer, cut so that the broker carries it.

use maestro_wire::{MessageView, TimelineEntry};
use serde_json::Value;

/// Of a timeline entry at most so much of each text is told: it repeats what its entity says.
const ENTRY: usize = 4096;

/// Cuts a text and says where the rest is. True: something was cut.
pub fn shorten(text: &mut String, most: usize, rest: impl Fn() -> String) -> bool {
    if text.len() <= most {
        return false;
    }
    text.truncate(text.floor_char_boundary(most));
    text.push_str(&format!(" … ({} shows all of it)", rest()));
    true
}

/// The same with what happened to an entity.
pub fn entries(timeline: &mut [TimelineEntry], most: usize, rest: impl Fn() -> String) -> bool {
    let mut cut = false;
    for value in timeline.iter_mut().flat_map(|entry| entry.change.values_mut()) {
        match value {
            Value::String(text) => cut |= shorten(text, most.min(ENTRY), &rest),
            Value::Array(items) if items.len() > 20 || most < ENTRY => {
                cut |= !items.is_empty();
                items.clear();
            }
            _ => {}
        }
    }
    cut
}

/// The same with a message.
pub fn message(view: &mut MessageView, most: usize) -> bool {
    let id = view.message.id;
    shorten(&mut view.body, most, || format!("`maestro message read {id}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cut_keeps_whole_characters_and_says_where_the_rest_is() {
        let rest = || "`maestro task get t1`".to_owned();
        let mut text = "ä".repeat(300);
        assert!(shorten(&mut text, 201, rest));
        assert_eq!(text, format!("{} … (`maestro task get t1` shows all of it)", "ä".repeat(100)));
        // Cut once more, it stays readable and short.
        assert!(shorten(&mut text, 100, || "`x`".to_owned()));
        assert!(text.len() < 140 && text.ends_with("(`x` shows all of it)"), "{text}");
        assert!(!shorten(&mut text, 200, rest));
    }
}
