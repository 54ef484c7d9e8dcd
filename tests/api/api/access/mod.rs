//! People, their browsers, and what they and their keys may do.

mod api_keys;
mod audit;
mod first_run;
mod mail;
mod matrix;
mod members;
mod second_factors;
mod sign_in;
mod views;

pub(crate) use mail::{mute_smtp, smtp};
