//! The HTTP API and the command line of the real program, tried from outside: by owners of apps, by
//! visitors, and by those who want to get around a rule.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod apps;
mod authorization;
mod calls;
mod command_line;
mod context;
mod cross_site;
mod documents;
mod events;
mod integrations;
mod master_keys;
mod operations;
mod payloads;
mod rate_limits;
mod secrets;
mod sessions;
mod shop;
mod signing;
mod surveys;
