//! Real SIP peers for tests, and a call over a trunk that says what happens to it.

mod call;
mod kamailio;
mod names;
mod sipp;

pub use call::{Call, OFFER, PATIENCE, target, trunk, trunks, trunks_config};
pub use kamailio::Kamailio;
pub use names::{Names, Service};
pub use sipp::{Sipp, free_port};
