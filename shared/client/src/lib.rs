//! The only home of async-nats.
//!
//! Everything that Maestro does on a broker goes through this crate: connecting, asking, appending
//! under a guard, following a stream with resume, working a queue, holding a lease, being a service.
//! Subjects are plain strings and payloads are bytes; the typed subjects and envelopes of the wire
//! are laid over it elsewhere. Environment variables, files and terminals never enter this crate, and
//! no type of async-nats leaves it.
//!
//! Figures and broker behaviour that the code relies on are proven by `tests/` against a real
//! nats-server.

mod address;
mod api;
mod append;
mod bucket;
mod caller;
mod client;
mod connect;
mod follow;
mod follow_open;
mod header;
mod lease;
mod link;
mod message;
mod objects;
mod output;
mod position;
mod pull;
mod queue;
mod queue_config;
mod read;
mod request;
mod retry;
mod scrollback;
pub mod service;
mod stream;
mod tries;

pub use address::{Address, AddressError};
pub use api::{ApiError, ApiFailure};
pub use append::{AppendError, Appended};
pub use bucket::{Bucket, BucketError, BucketWatch, Change, Entry, Removal};
pub use bytes::Bytes;
pub use caller::{Caller, Seen};
pub use client::{Client, FlushError, PublishError, ServerIdentity, SubscribeError, Subscription};
pub use connect::{ConnectError, Mode, Options, connect};
pub use follow::{Delivered, FollowError, FollowOptions, Follower, Item, Start};
pub use header::Headers;
pub use lease::{Lease, LeaseError};
pub use link::{Link, Refused};
pub use message::Message;
pub use objects::{ObjectError, Objects};
pub use output::{Piece, Splice, Spliced};
pub use queue::{Beat, Job, QueueError, Settled, WorkQueue};
pub use queue_config::{Order, QueueConfig};
pub use read::{ReadError, Stored, StreamInfo};
pub use request::{Reply, RequestError};
pub use retry::{Retry, RetryError};
pub use stream::{Definition, DefinitionError, StreamChange, StreamMismatch};
