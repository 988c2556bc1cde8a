//! Starts sessions on one host and keeps them honest.
