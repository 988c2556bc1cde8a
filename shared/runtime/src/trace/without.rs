//! Spans of a program that exports none.

use std::fmt::Display;

use super::Kind;

/// Nothing; see the one that is exported for what it would be.
#[derive(Debug)]
pub struct Span;

impl Span {
    pub fn begin(_: Kind, _: impl FnOnce() -> String, _: Option<&str>) -> Self {
        Self
    }

    #[must_use]
    pub const fn none() -> Self {
        Self
    }

    #[must_use]
    pub const fn current() -> Self {
        Self
    }

    pub fn note(&self, _: &'static str, _: impl Display) {}

    pub const fn failed(&self, _: &'static str) {}

    pub const fn also_for(&self, _: &str) {}

    #[must_use]
    pub const fn traceparent(&self) -> Option<String> {
        None
    }

    #[must_use]
    pub fn traceparent_or(&self, parent: Option<&str>) -> Option<String> {
        parent.map(ToOwned::to_owned)
    }

    pub async fn around<F: Future>(&self, work: F) -> F::Output {
        work.await
    }
}
