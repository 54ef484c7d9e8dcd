//! What a call does to the world.

use std::net::SocketAddr;

use crate::{
    legs::{sip::LocalMedia, webrtc::ToBrowser},
    media::RtpSource,
    trunk::{ByeCause, SipTarget, TrunkCommand},
};

/// What a call does to the world. Nothing here waits: what can't be done now is dropped.
pub(crate) trait Edge {
    /// Sends a datagram to the browser.
    fn to_browser(&mut self, packet: &ToBrowser<'_>);

    /// Sends an RTP packet to the far side, or RTCP when that shares the port.
    fn rtp(&mut self, to: SocketAddr, packet: &[u8]);

    /// Sends RTCP to the far side from its own port.
    fn rtcp(&mut self, to: SocketAddr, packet: &[u8]);

    /// Media of the far side comes from there, heard or not. Who gets its port after this call should not
    /// hear it any more.
    fn rtp_source(&mut self, source: RtpSource);

    /// Opens ports for a far side's media and the channel to its trunk, in place of what is open.
    /// `None` when there is no port.
    fn dial(&mut self, target: &SipTarget) -> Option<LocalMedia>;

    /// Opens the channel to a trunk for no more than to end a dialog that the call was to go on by.
    fn end_dialog(&mut self, target: &SipTarget, cause: ByeCause);

    /// Tells the trunk something. `false` when it does not take it: then the far side is lost.
    fn to_trunk(&mut self, message: TrunkCommand) -> bool;

    /// Closes what [`Edge::dial`] opened.
    fn close_far_side(&mut self);
}
