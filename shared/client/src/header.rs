//! Message headers.

use std::fmt::Display;

use async_nats::{HeaderMap, HeaderName, HeaderValue};

/// Headers of a message, in no stated order. Names are case-sensitive, as the broker treats them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Headers(pub(crate) HeaderMap);

impl Headers {
    /// No headers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets `name` to `value`. Line breaks in the value become spaces: a header ends with its line.
    ///
    /// # Panics
    /// When `name` is not a header name (visible ASCII without `:`); names are constants of ours.
    pub fn set(&mut self, name: &'static str, value: impl Display) {
        let text = value.to_string();
        let text = if text.contains(['\r', '\n']) { text.replace(['\r', '\n'], " ") } else { text };
        self.0.insert(HeaderName::from_static(name), HeaderValue::from(text));
    }

    /// The same as [`Headers::set`], for building in one expression.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.set(name, value);
        self
    }

    /// Sets a header that was read elsewhere; false when it is none, and then nothing is set.
    pub fn put(&mut self, name: &str, value: &str) -> bool {
        let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) else { return false };
        self.0.insert(name, value);
        true
    }

    /// The first value under `name`.
    pub fn get(&self, name: &str) -> Option<&str> {
        let name: HeaderName = name.parse().ok()?;
        self.0.get(name).map(HeaderValue::as_str)
    }

    /// Every name with its first value.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().filter_map(|(name, values)| Some((name.as_ref(), values.first()?.as_str())))
    }

    /// Whether there is no header at all.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Headers as they stand in a stored message: `NATS/1.0` and one `Name: value` a line.
    pub(crate) fn parse_block(block: &[u8]) -> Self {
        let mut map = HeaderMap::new();
        for line in String::from_utf8_lossy(block).split("\r\n").skip(1) {
            let Some((name, value)) = line.split_once(':') else { continue };
            if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.trim().parse::<HeaderValue>()) {
                map.append(name, value);
            }
        }
        Self(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_break_cannot_forge_a_header() {
        let headers = Headers::new().with("A", "x\r\nB: y");
        assert_eq!(headers.get("A"), Some("x  B: y"));
        assert_eq!(headers.get("B"), None);
    }

    #[test]
    fn what_was_read_elsewhere_is_set_or_refused() {
        let mut headers = Headers::new();
        assert!(headers.put("Maestro-Offset", "7") && !headers.put("no name", "x") && !headers.put("A", "x\r\nB: y"));
        assert_eq!(headers.iter().collect::<Vec<_>>(), [("Maestro-Offset", "7")]);
    }

    #[test]
    fn a_stored_block_is_read_back() {
        let headers = Headers::parse_block(b"NATS/1.0\r\nMaestro-Writer: r1\r\nNats-TTL: 5s\r\n\r\n");
        assert_eq!(headers.get("Maestro-Writer"), Some("r1"));
        assert_eq!(headers.get("Nats-TTL"), Some("5s"));
        assert_eq!(headers.iter().count(), 2);
    }
}
