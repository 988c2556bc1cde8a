//! Real process trees, no broker.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod holder;
mod recover;
mod tree;
