//! Reading values from text without a copy of the text.

use std::{fmt, marker::PhantomData};

use serde::{Deserializer, de};

/// Reads a value that JSON spells as a string; the parser's words become the error's.
///
/// # Errors
/// Those of the deserializer, and of `parse`.
pub fn from_text<'de, D, T, E>(deserializer: D, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    E: fmt::Display,
{
    deserializer.deserialize_str(Text { parse, value: PhantomData })
}

struct Text<F, T> {
    parse: F,
    value: PhantomData<T>,
}

impl<T, E: fmt::Display, F: FnOnce(&str) -> Result<T, E>> de::Visitor<'_> for Text<F, T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<O: de::Error>(self, text: &str) -> Result<T, O> {
        (self.parse)(text).map_err(O::custom)
    }
}
