//! The far side of a route: how it is called, and what is told of who takes the call.

use std::{sync::Arc, time::Instant};

use bellpush_core::{
    ids::TrunkId,
    routing::{AnsweredBy, SipDialog},
};

use super::{
    Bridge, Edge,
    far_side::{FarEvent, FarLeg, SipSide},
};
use crate::{
    FarSide, Route, Signal,
    call::Input,
    legs::demo::DemoLeg,
    trunk::{ByeCause, FarFailure},
};

impl Bridge {
    /// The trunk of the present far side, if that is on one.
    pub(super) fn trunk_id(&self) -> Option<TrunkId> {
        match &self.routes.get(self.route)?.far_side {
            FarSide::Sip(target) => Some(target.trunk_id),
            FarSide::Demo | FarSide::Refusing { .. } => None,
        }
    }

    /// Calls the far side of a route, in place of the present one.
    pub(super) fn dial(&mut self, now: Instant, route: usize, edge: &mut dyn Edge) {
        self.far_side.hang_up(now, ByeCause::NORMAL, edge);
        while let Some(event) = self.far_side.poll(now) {
            if let FarEvent::Send(message) = event {
                edge.to_trunk(message);
            }
        }
        edge.close_far_side();
        self.far_side = FarLeg::None;
        // Whatever feeds the browser's stream from now on has numbers of its own.
        self.to_browser.restart();
        self.sampler.dial();
        self.sip_call_id.clear();
        self.route = route;
        match self.routes.get(route).map(|route| &route.far_side) {
            Some(FarSide::Demo) => {
                let mut demo = DemoLeg::new(Arc::clone(&self.sounds.greeting));
                if self.control.is_answered() {
                    // The visitor was greeted where the call comes from.
                    demo.go_on();
                } else {
                    demo.answer(now);
                }
                self.far_side = FarLeg::Demo(demo);
                self.answered(now, None, edge);
            }
            Some(FarSide::Sip(target)) => match edge.dial(target) {
                Some(local) => {
                    let (target, sounds) = (target.as_ref().clone(), Arc::clone(&self.sounds));
                    let (clock, timeout) = (self.clock, self.rtp_timeout);
                    let sip = SipSide::new(now, clock, target, local, timeout, sounds);
                    self.far_side = FarLeg::Sip(Box::new(sip));
                    if self.browser.is_none() {
                        self.far_side.browser_is_away(now);
                    }
                }
                None => {
                    if target.open.is_some() {
                        edge.end_dialog(target, ByeCause::MEDIA_LOST);
                    }
                    self.control(now, Input::Refused(FarFailure::Transport), edge);
                }
            },
            Some(&FarSide::Refusing { status, trunk_id }) => {
                if let Some(trunk_id) = trunk_id {
                    let failure = FarSide::rehearsed_failure(status, trunk_id);
                    self.signals.send(Signal::Rejected(Box::new(failure)));
                }
                let failure = FarFailure::from_status(status);
                self.control(now, Input::Refused(failure), edge);
            }
            // Call control knows how many there are.
            None => {}
        }
    }

    /// The present far side takes the call; the Call-ID is that of its dialog, if it has one.
    pub(super) fn answered(&mut self, now: Instant, call_id: Option<String>, edge: &mut dyn Edge) {
        let route = self.routes.get(self.route).filter(|_| !self.control.is_over());
        if let Some(Route { destination_id, .. }) = route {
            let dialog = self.trunk_id().zip(call_id);
            let dialog = dialog.map(|(trunk_id, call_id)| SipDialog { trunk_id, call_id });
            let answered_by = AnsweredBy { profile_id: *destination_id, dialog };
            self.signals.send(Signal::Answered(Box::new(answered_by)));
        }
        self.control(now, Input::Answered, edge);
    }
}
