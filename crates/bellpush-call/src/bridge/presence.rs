//! The browser goes, comes back, or goes to another process.

use std::time::{Duration, Instant};

use super::{Bridge, Edge, new_stream};
use crate::{
    Codec, ResumeError,
    call::Input,
    codec::CodecPreferences,
    legs::webrtc::{Answerer, Offer},
};

impl Bridge {
    /// Another process has the call: both sides are relayed until the browser leaves, or this time is over,
    /// and then let go of without a word.
    pub(crate) fn hand_over(&mut self, now: Instant, within: Duration, edge: &mut dyn Edge) {
        self.control(now, Input::HandedOver { within }, edge);
        self.settle(now, edge);
    }

    /// The visitor's page went away, and may come back within this time.
    pub(crate) fn suspend(&mut self, now: Instant, window: Duration, edge: &mut dyn Edge) {
        self.control(now, Input::Suspended { window }, edge);
        if !self.control.is_over() {
            // The page is gone: there is nobody to say goodbye to.
            self.browser = None;
            self.far_side.browser_is_away(now);
        }
        self.settle(now, edge);
    }

    /// The visitor's page is back: answers its offer.
    pub(crate) fn resume(
        &mut self,
        now: Instant,
        answerer: &Answerer,
        offer: &Offer,
        edge: &mut dyn Edge,
    ) -> String {
        let speech = CodecPreferences::towards(self.routes.get(self.route..).unwrap_or_default());
        let (leg, answer) = answerer.answer(now, offer, speech);
        self.browser = Some(leg);
        self.browser_deadline = now;
        self.to_browser = new_stream(Codec::Opus.clock_rate());
        self.far_side.browser_is_new();
        self.control(now, Input::Resumed, edge);
        self.settle(now, edge);
        answer
    }

    /// The browser offers anew for the connection that it has.
    ///
    /// # Errors
    /// The offer is not usable, or the page is away.
    pub(crate) fn restart(
        &mut self,
        now: Instant,
        offer: &Offer,
        edge: &mut dyn Edge,
    ) -> Result<String, ResumeError> {
        let leg = self.browser.as_mut().ok_or(ResumeError::PageIsAway)?;
        let answer = leg.restart(offer)?;
        self.settle(now, edge);
        Ok(answer)
    }
}
