//! The two databases, and the few words that repositories need of them.
//!
//! SQL is written once. Both databases take `$1` for a parameter; lists go in as one JSON array of
//! arrays, read by `jsonb_each($1)`, which is rewritten for PostgreSQL.

mod batch;
pub(crate) mod checkpoint;
mod columns;
pub(crate) mod connections;
pub(crate) mod migrations;
pub(crate) mod page;
mod rewrite;
mod row;
mod scrub;
pub(crate) mod session;
mod statements;
pub(crate) mod target;
mod timeout;
pub(crate) mod untimed;

pub(crate) use batch::Batch;
pub(crate) use columns::columns;
pub(crate) use connections::{AppNumber, Db, Lock, begin, commit, lock, rollback};
pub(crate) use rewrite::{over, rewritten};
pub(crate) use row::{Row, if_readable, now, number, read, readable, to_json, without_nul};
pub(crate) use statements::{all, execute, one};
