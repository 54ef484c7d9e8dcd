//! Business hours: what is open now, and the public holidays that they may leave out.

pub(crate) mod holidays;
pub(crate) mod opening_status;
