//! What all handlers share: problem documents, request bodies, who is asking, rate limits and
//! embedded files.

pub(crate) mod actor;
pub(crate) mod assets;
pub(crate) mod body;
pub(crate) mod challenge;
pub(crate) mod client_ip;
mod errors;
pub(crate) mod headers;
pub(crate) mod limits;
pub(crate) mod lookups;
pub(crate) mod no_store;
pub(crate) mod problem;
pub(crate) mod revisions;
mod session_rate;
pub(crate) mod small_body;
