//! The far side on a SIP trunk, without the trunk: it decides what is offered, what an answer
//! means and when the call is over.
//!
//! Pure: what the trunk tells goes in, what the trunk shall do and how media flows comes out. The
//! dialogs themselves (CSeq, routes, forks, retransmissions) belong to the trunk's edge.

mod leg;
mod lenient;
mod media_plan;
mod negotiation;
mod sdp;

pub(crate) use leg::{SipLeg, SipOutput};
pub(crate) use media_plan::{Direction, Format, MediaPlan, TelephoneEvent};
pub(crate) use negotiation::LocalMedia;
