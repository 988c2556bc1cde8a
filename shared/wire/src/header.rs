//! Names of the headers and constants that both ends of the broker share.

/// Which replica wrote a commit.
pub const WRITER: &str = "Maestro-Writer";
/// The version of the domain model that a commit was decided with.
pub const MODEL: &str = "Maestro-Model";
/// The broker's own header for optimistic concurrency; it stays on the stored message.
pub const EXPECTED_LAST_SUBJECT_SEQUENCE: &str = "Nats-Expected-Last-Subject-Sequence";
/// Media type of a commit.
pub const CONTENT_TYPE: &str = "Content-Type";
pub const CLOUD_EVENTS_BATCH: &str = "application/cloudevents-batch+json";
/// The present version of the domain model.
pub const MODEL_VERSION: u32 = 1;
/// The largest command and the size at which a group closes, in bytes.
pub const MAX_COMMAND: usize = 512 * 1024;
/// The most commands in one commit.
pub const MAX_GROUP: usize = 256;
/// The name of the micro service.
pub const SERVICE: &str = "maestro";
