//! What the browser hears.

use std::time::Instant;

use super::Edge;
use crate::{
    Codec,
    legs::webrtc::WebRtcLeg,
    media::{RtpRewriter, RtpTimes},
};

/// What the browser hears by.
pub(super) struct BrowserSink<'a> {
    /// `None` while the visitor's page is away.
    pub(super) browser: Option<&'a mut WebRtcLeg>,
    /// Numbers what it hears.
    pub(super) stream: &'a mut RtpRewriter,
    pub(super) edge: &'a mut dyn Edge,
}

impl BrowserSink<'_> {
    /// Sends the browser a packet that its stream has numbered.
    pub(super) fn send(&mut self, now: Instant, codec: Codec, times: RtpTimes, payload: &[u8]) {
        if let Some(leg) = &mut self.browser
            && let Some(packet) = leg.speech(now, codec, times, payload)
        {
            self.edge.to_browser(&packet);
        }
    }

    /// Sends the browser a packet of comfort noise that its stream has numbered.
    pub(super) fn send_comfort_noise(&mut self, now: Instant, times: RtpTimes, payload: &[u8]) {
        if let Some(leg) = &mut self.browser
            && let Some(packet) = leg.comfort_noise(now, times, payload)
        {
            self.edge.to_browser(&packet);
        }
    }

    /// Whether the browser takes comfort noise.
    pub(super) fn takes_comfort_noise(&self) -> bool {
        self.browser.as_ref().is_some_and(|leg| leg.takes_comfort_noise())
    }
}
