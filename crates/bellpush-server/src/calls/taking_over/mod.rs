//! Calls go from server to server: one claims a call that another has, and one lets go of what is another's.

mod claim;
pub(crate) mod moving;
mod prepared;
mod under_way;

pub(super) use claim::{Claiming, describe};
pub(super) use under_way::ClaimsUnderWay;
