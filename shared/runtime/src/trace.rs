//! Traces: which work belongs to which, over process borders (W3C Trace Context). Without the feature `otel` a span is
//! nothing, and nothing is computed for it; callers do not ask which it is.

#[cfg(feature = "otel")]
mod export;
#[cfg(feature = "otel")]
mod otel;
#[cfg(not(feature = "otel"))]
mod without;

use std::time::Duration;

#[cfg(feature = "otel")]
pub use otel::Span;
#[cfg(not(feature = "otel"))]
pub use without::Span;

#[cfg(feature = "otel")]
pub use export::Exporter;
#[cfg(feature = "otel")]
pub(crate) use export::start;
#[cfg(feature = "otel")]
pub(crate) use otel::TARGET;

/// Where the spans of a program go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceOptions {
    /// `OTEL_SERVICE_NAME`, else the program's name.
    pub service: String,
    /// `OTEL_EXPORTER_OTLP_TIMEOUT`, else 10 s: the bound of one batch.
    pub timeout: Duration,
}

/// What a span is to the one that it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Asks somebody and waits.
    Client,
    /// Answers somebody who waits.
    Server,
    /// Leaves something for somebody.
    Producer,
    /// Takes what was left.
    Consumer,
}

/// The context as it came, if it is one; what is malformed is no context, and nobody's fault.
pub fn parse(text: &str) -> Option<&str> {
    let bytes = text.as_bytes();
    let hex = |from: usize, to: usize| bytes[from..to].iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let shape = bytes.len() == 55 && [2, 35, 52].iter().all(|at| bytes[*at] == b'-');
    let digits = shape && hex(0, 2) && hex(3, 35) && hex(36, 52) && hex(53, 55);
    let named = |from: usize, to: usize| bytes[from..to].iter().any(|b| *b != b'0');
    (digits && !text.starts_with("ff") && named(3, 35) && named(36, 52)).then_some(text)
}

/// What a request belongs to: its header counts before its envelope.
pub fn of_request<'a>(header: Option<&'a str>, envelope: Option<&'a str>) -> Option<&'a str> {
    [header, envelope].into_iter().flatten().find_map(parse)
}

/// The context of the span that runs here, for whoever is asked next.
#[must_use]
pub fn current() -> Option<String> {
    Span::current().traceparent()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_good_header_counts_before_the_envelope() {
        let (one, two) = [1, 2].map(|n| format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b716920333{n}-01")).into();
        let (one, two) = (Some(one.as_str()), Some(two.as_str()));
        assert_eq!(of_request(one, two), one);
        assert_eq!(of_request(Some("nonsense"), two), two);
        assert_eq!(of_request(None, Some("nonsense")), None);
    }

    #[test]
    fn what_is_malformed_is_no_context() {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert_eq!(parse(good), Some(good));
        for bad in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319ü-b7ad6b7169203331-01",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
