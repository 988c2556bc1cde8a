//! The kit end-to-end tests stand on: a real nats-server, a real stack.
