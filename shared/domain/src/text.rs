//! Text that came from outside, checked once: titles, lines and long texts.

use std::{borrow::Cow, fmt, ops::Deref, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value that cannot enter the model. `code` is the stable error code, `message` says what is the case.
///
/// Its display form is `[code] message`: so it crosses serde's text-only errors and the wire finds the code again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("[{code}] {message}")]
pub struct InvalidValue {
    pub code: &'static str,
    pub message: String,
}

impl InvalidValue {
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

/// At most this much of a refused text is repeated in the message about it.
pub(crate) fn excerpt(text: &str) -> String {
    let mut short: String = text.chars().take(40).flat_map(char::escape_debug).collect();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}

fn control(text: &str, allow_layout: bool) -> Option<char> {
    text.chars().find(|c| c.is_control() && !(allow_layout && matches!(c, '\n' | '\t' | '\r')))
}

/// One line of 1 to 200 characters without control characters; surrounding white space is removed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Title(Arc<str>);

impl Title {
    /// # Errors
    /// `invalid_title` when blank, longer than 200 characters or carrying control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        line(text, 200, "invalid_title", "a title").map(Self)
    }
}

/// One line of 1 to 500 characters without control characters: a criterion, a reason, a name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line(Arc<str>);

impl Line {
    /// # Errors
    /// `invalid_text` when blank, longer than 500 characters or carrying control characters.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        line(text, 500, "invalid_text", "a line").map(Self)
    }

    /// A line from any text: control characters become spaces, the end is cut off.
    #[must_use]
    pub fn lossy(text: &str) -> Self {
        let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
        let clean = clean.trim();
        Self(if clean.is_empty() { "(empty)".into() } else { clean.into() })
    }
}

fn line(text: &str, max: usize, code: &'static str, what: &str) -> Result<Arc<str>, InvalidValue> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidValue::new(code, format!("{what} must not be blank")));
    }
    if let Some(c) = control(text, false) {
        return Err(InvalidValue::new(code, format!("{what} is one line without control characters; found {c:?}")));
    }
    let length = text.chars().count();
    if length > max {
        return Err(InvalidValue::new(code, format!("{what} has at most {max} characters; this one has {length}")));
    }
    Ok(text.into())
}

/// A long text (markdown) of at most `MAX` bytes; line breaks and tabs are its only control characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Text<const MAX: usize>(Arc<str>);

impl<const MAX: usize> Text<MAX> {
    /// # Errors
    /// `too_large` above `MAX` bytes, `invalid_text` with control characters other than line breaks and tabs.
    pub fn parse(text: &str) -> Result<Self, InvalidValue> {
        if text.len() > MAX {
            return Err(InvalidValue::new(
                "too_large",
                format!(
                    "this text has {} bytes; at most {MAX} are kept. Put the rest in a file and name it",
                    text.len()
                ),
            ));
        }
        match control(text, true) {
            Some(c) => Err(InvalidValue::new("invalid_text", format!("the text contains the control character {c:?}"))),
            None => Ok(Self(text.into())),
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

macro_rules! text_type {
    ([$($generics:tt)*] $name:ty, $schema:expr, $title:expr) => {
        impl<$($generics)*> Deref for $name {
            type Target = str;
            fn deref(&self) -> &str {
                &self.0
            }
        }
        impl<$($generics)*> fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl<$($generics)*> fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }
        impl<$($generics)*> Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }
        impl<'de, $($generics)*> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                crate::from_text(d, Self::parse)
            }
        }
        impl<$($generics)*> schemars::JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $title.into()
            }
            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $schema
            }
        }
    };
}
text_type!([] Title, schemars::json_schema!({"type": "string", "minLength": 1, "maxLength": 200}), "Title");
text_type!([] Line, schemars::json_schema!({"type": "string", "minLength": 1, "maxLength": 500}), "Line");
text_type!([const MAX: usize] Text<MAX>, schemars::json_schema!({"type": "string", "maxLength": MAX}), format!("Text{MAX}"));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_long_and_control_titles_are_refused() {
        for bad in ["", "   ", "\u{0}", "a\nb", "a\u{1b}[31m"] {
            assert_eq!(Title::parse(bad).unwrap_err().code, "invalid_title", "{bad:?}");
        }
        assert_eq!(Title::parse(&"x".repeat(201)).unwrap_err().code, "invalid_title");
        assert_eq!(&*Title::parse("  fix it ").unwrap(), "fix it");
        assert_eq!(Title::parse(&"é".repeat(200)).unwrap().chars().count(), 200);
    }

    #[test]
    fn texts_keep_layout_and_refuse_the_rest() {
        assert!(Text::<16>::parse("a\n\tb\r\n").is_ok());
        assert_eq!(Text::<16>::parse("a\u{0}").unwrap_err().code, "invalid_text");
        assert_eq!(Text::<4>::parse("abcde").unwrap_err().code, "too_large");
    }
}
