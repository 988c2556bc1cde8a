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
/// On commands, queries and orders: the trace that they belong to (W3C Trace Context). It counts before the `traceparent` of
/// an envelope, and one that is malformed counts as absent.
pub const TRACEPARENT: &str = "traceparent";

/// On terminal output: the byte offset of the payload's first byte, counted from the start of the epoch.
pub const OFFSET: &str = "Maestro-Offset";
/// On terminal output: the bytes from this offset to `Maestro-Offset` are not to be had any more.
pub const GAP: &str = "Maestro-Gap";
/// On terminal output: the terminal's size, `120x40`. On `in`: the size of whoever types, which the terminal then takes.
pub const SIZE: &str = "Maestro-Size";
/// On the last message of an epoch's output: how the agent ended, its exit code.
pub const END: &str = "Maestro-End";
/// On `in` and `resize`: a random word that tells one viewer from another.
pub const VIEWER: &str = "Maestro-Viewer";
/// On `in`: `paste` types the payload as one prompt and submits it; `leave` types nothing, and the size that followed this
/// viewer is anybody's; without the header the bytes are typed as they are.
pub const INPUT: &str = "Maestro-Input";
/// The most bytes of one `in`.
pub const MAX_INPUT: usize = 64 * 1024;
