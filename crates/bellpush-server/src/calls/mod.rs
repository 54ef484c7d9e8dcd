//! Calls: placing them (in WHIP's form, RFC 9725), following them by server-sent events, hanging up,
//! going from server to server, and ending what another process left behind.

mod call_clock;
pub(crate) mod control;
pub(crate) mod dialogs;
pub(crate) mod follow;
pub(crate) mod forms;
mod fragment;
mod live;
mod permits;
pub(crate) mod place;
pub(crate) mod quality;
pub(crate) mod recovery;
mod registry;
pub(crate) mod resume;
mod resumed;
mod routes;
mod state;
mod stream;
pub(crate) mod taking_over;

pub(crate) use state::Calls;
