//! Who may say and hear what: every static user against every family of subjects, the ways that the product
//! needs, and the ways around it.

#[path = "permissions/forged_reply.rs"]
mod forged_reply;
#[path = "permissions/table.rs"]
mod table;
#[path = "permissions/ways.rs"]
mod ways;
