//! People, their browsers, and what they and their keys may do.

mod api_keys;
mod first_run;
mod matrix;
mod members;
mod sign_in;
