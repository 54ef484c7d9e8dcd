//! Real SIP peers for tests, and a call over a trunk that says what happens to it.

mod baresip;
mod bridged;
mod call;
mod desk;
mod kamailio;
mod kept;
mod names;
mod peer;
mod phone;
mod sipp;

pub use baresip::Baresip;
pub use bellpush_test_support::namespace::runs_in_network_of_its_own;
pub use bridged::{BridgedCall, Lines};
pub use call::{Call, OFFER, call_by, target, trunk, trunks, trunks_config};
pub use desk::{Desk, Entry, Line};
pub use kamailio::{Certificate, Kamailio};
pub use kept::KeptCall;
pub use names::{DUAL_NAME, HOST_NAME, MUTE_NAME, Names, PRIVATE_NAME, Service};
pub use peer::{ANSWER, Message, PATIENCE, Peer, SDP, read_message, reply};
pub use phone::{Packet, Phone};
pub use sipp::{Scenario, Sipp};
