//! Calls: placing them (in WHIP's form, RFC 9725), following them by server-sent events, hanging up,
//! moving them from server to server, and ending what another process left behind.

mod call_clock;
mod claim;
pub(crate) mod control;
pub(crate) mod dialogs;
pub(crate) mod follow;
mod followers;
pub(crate) mod forms;
mod fragment;
mod leases;
mod live;
mod missing;
pub(crate) mod moving;
mod orphans;
mod permits;
pub(crate) mod place;
mod prepared;
pub(crate) mod quality;
pub(crate) mod recovery;
mod registry;
pub(crate) mod resume;
mod resumed;
mod routes;
mod state;
mod stream;
mod under_way;

pub(crate) use state::Calls;
