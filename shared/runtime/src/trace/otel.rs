//! A span that is exported.

use std::fmt::Display;

use opentelemetry::trace::{SpanContext, SpanId, Status, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use tracing::Instrument as _;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

use super::{Kind, parse};

/// Spans of this target are exported and no others; they do not stand before the lines of the log.
pub const TARGET: &str = "maestro_trace";

/// Work that takes its time. Dropped, it ends.
#[derive(Debug)]
pub struct Span(tracing::Span);

impl Span {
    /// Begins, as a part of what `parent` names; a trace of its own without one.
    pub fn begin(kind: Kind, name: impl FnOnce() -> String, parent: Option<&str>) -> Self {
        let kind = match kind {
            Kind::Client => "client",
            Kind::Server => "server",
            Kind::Producer => "producer",
            Kind::Consumer => "consumer",
        };
        // The macro computes its fields only for a span that somebody wants.
        let span = tracing::info_span!(target: TARGET, parent: None, "span", otel.name = name(), otel.kind = kind);
        if let Some(parent) = parent.and_then(context) {
            // Refused only for a span that has begun its work.
            let _late = span.set_parent(opentelemetry::Context::new().with_remote_span_context(parent));
        }
        Self(span)
    }

    /// Nothing that is exported.
    #[must_use]
    pub fn none() -> Self {
        Self(tracing::Span::none())
    }

    /// The one that runs here.
    #[must_use]
    pub fn current() -> Self {
        Self(tracing::Span::current())
    }

    /// Something worth knowing about it.
    pub fn note(&self, key: &'static str, value: impl Display) {
        if !self.0.is_disabled() {
            self.0.set_attribute(key, value.to_string());
        }
    }

    /// It did not succeed; `code` says why, as in the answer.
    pub fn failed(&self, code: &'static str) {
        if !self.0.is_disabled() {
            self.0.set_attribute("error.type", code);
            self.0.set_status(Status::error(code));
        }
    }

    /// Has this cause too, beside its parent.
    pub fn also_for(&self, parent: &str) {
        if let Some(context) = context(parent) {
            self.0.add_link(context);
        }
    }

    /// Its context, for whoever goes on with the work.
    #[must_use]
    pub fn traceparent(&self) -> Option<String> {
        if self.0.is_disabled() {
            return None;
        }
        let context = self.0.context();
        let span = context.span().span_context().clone();
        let flags = span.trace_flags() & TraceFlags::SAMPLED;
        span.is_valid().then(|| format!("00-{}-{}-{:02x}", span.trace_id(), span.span_id(), flags.to_u8()))
    }

    /// The same; of a span that is not exported, what it would have belonged to.
    #[must_use]
    pub fn traceparent_or(&self, parent: Option<&str>) -> Option<String> {
        self.traceparent().or_else(|| parent.map(ToOwned::to_owned))
    }

    /// Works on something as this span.
    pub async fn around<F: Future>(&self, work: F) -> F::Output {
        work.instrument(self.0.clone()).await
    }
}

fn context(text: &str) -> Option<SpanContext> {
    let mut parts = parse(text)?.split('-').skip(1);
    let trace = TraceId::from_hex(parts.next()?).ok()?;
    let span = SpanId::from_hex(parts.next()?).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(parts.next()?, 16).ok()?) & TraceFlags::SAMPLED;
    Some(SpanContext::new(trace, span, flags, true, TraceState::default()))
}
