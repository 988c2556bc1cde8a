//! The domain model: pure decisions over plain values.
