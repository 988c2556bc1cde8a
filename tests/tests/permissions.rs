//! Who may say and hear what: every static user against every family of subjects, the ways that the product
//! needs, and the ways around it.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

#[path = "permissions/forged_reply.rs"]
mod forged_reply;
#[path = "permissions/table.rs"]
mod table;
#[path = "permissions/ways.rs"]
mod ways;
