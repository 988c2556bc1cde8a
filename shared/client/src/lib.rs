//! The only home of async-nats.
