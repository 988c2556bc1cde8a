//! The documentation: every command in it is run, every link leads somewhere, every block is of a kind that something
//! checks. The rules are in CONTRIBUTING.md.

#![expect(clippy::unwrap_used, reason = "helpers of tests stop the test as its own lines do")]

#[path = "docs/links.rs"]
mod links;
#[path = "docs/pages.rs"]
mod pages;
#[path = "docs/place.rs"]
mod place;
#[path = "docs/run.rs"]
mod run;
#[path = "docs/script.rs"]
mod script;
#[path = "docs/typed.rs"]
mod typed;
