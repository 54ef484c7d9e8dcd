//! The sides of a call.

pub(crate) mod demo;
#[allow(dead_code, unused_imports, reason = "the bridge joins this leg next")]
pub(crate) mod sip;
pub(crate) mod webrtc;
