//! The HTTP API and the command line of the real program, tried from outside: by owners of apps, by
//! visitors, and by those who want to get around a rule.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod access;
mod alerts;
mod api_keys;
mod apps;
mod authorization;
mod calls;
mod challenges;
mod collector;
mod command_line;
mod configuration;
mod connections;
mod context;
mod cross_site;
mod deliveries;
mod designs;
mod documents;
mod embedding;
mod events;
mod hours;
mod insight;
mod integrations;
mod master_keys;
mod moves;
mod nodes;
mod operations;
mod outages;
mod payloads;
mod previews;
mod privacy;
mod profiles;
mod rate_limits;
mod rehearsals;
mod replays;
mod resume;
mod revisions;
mod secrets;
mod sessions;
mod shop;
mod signing;
mod surveys;
mod test_requests;
mod traces;
mod trunks;
mod turn;
