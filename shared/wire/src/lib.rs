//! What crosses the broker: subjects, envelopes, replies, error codes, schemas.
