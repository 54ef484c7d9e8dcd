//! The event log's writing end.
//!
//! One task writes ([`writer`]). It takes what is waiting, decides what may be kept ([`plan`], which
//! touches no database), and writes the rest in one transaction ([`group`], whose statements are in
//! [`rows`]). What becomes of dialogs, and on SQLite results of deliveries, share that transaction
//! ([`beside`]), and with it the wait for the disk.

mod beside;
pub(crate) mod group;
mod plan;
mod prepared;
pub(crate) mod rows;
mod writer;

pub(crate) use writer::Log;
