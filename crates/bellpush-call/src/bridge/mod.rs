//! One call: the browser's leg and the far side, joined, with call control above them.
//!
//! Without sockets and clocks, like its parts: what happens goes in with the time, datagrams come
//! out through a closure. One owner; nothing here is shared.

mod signals;

pub(crate) use signals::SignalSender;

use std::{net::SocketAddr, time::Instant};

use bellpush_core::{events::EndReason, ids::CallId};
use str0m::net::Transmit;

use crate::{
    Digit, Signal,
    call::{CallControl, Input},
    legs::{
        demo::DemoLeg,
        webrtc::{LegEvent, LegOutput, Received, WebRtcLeg},
    },
    media::{FRAME_SAMPLES, RtpRewriter, RtpTimes, Source},
};

/// Takes the datagrams that a call sends.
pub(crate) type Send<'a> = &'a mut dyn FnMut(&Transmit);

/// One call.
pub(crate) struct Bridge {
    id: CallId,
    leg: WebRtcLeg,
    far_side: DemoLeg,
    control: CallControl,
    rewriter: RtpRewriter,
    signals: SignalSender,
    leg_deadline: Instant,
}

impl Bridge {
    pub(crate) fn new(
        id: CallId,
        leg: WebRtcLeg,
        far_side: DemoLeg,
        control: CallControl,
        rewriter: RtpRewriter,
        signals: SignalSender,
        now: Instant,
    ) -> Self {
        Self { id, leg, far_side, control, rewriter, signals, leg_deadline: now }
    }

    pub(crate) fn id(&self) -> CallId {
        self.id
    }

    pub(crate) fn ufrag(&self) -> &str {
        self.leg.ufrag()
    }

    /// Whether the call has ended, or nobody wants to know of it any more.
    pub(crate) fn is_over(&self) -> bool {
        self.control.is_over() || self.signals.is_abandoned()
    }

    /// When [`Bridge::tick`] is due.
    pub(crate) fn next_deadline(&self) -> Instant {
        [self.control.next_deadline(), self.far_side.next_deadline()]
            .into_iter()
            .flatten()
            .fold(self.leg_deadline, Instant::min)
    }

    /// Takes in a datagram that arrived at the local candidate `local`.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        local: SocketAddr,
        datagram: &[u8],
        send: Send,
    ) -> Received {
        let received = self.leg.receive(now, remote, local, datagram);
        if received == Received::Check {
            self.control(now, Input::Heard);
        }
        self.drain(now, send);
        received
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self, now: Instant, send: Send) {
        self.control(now, Input::Time);
        if self.leg_deadline <= now && !self.control.is_over() {
            self.leg.tick(now);
        }
        self.drain(now, send);
    }

    /// A key of the visitor, by whatever way it came.
    pub(crate) fn press(&mut self, now: Instant, digit: Digit, send: Send) {
        self.pressed(now, digit);
        self.drain(now, send);
    }

    /// The visitor hangs up.
    pub(crate) fn hang_up(&mut self, now: Instant, send: Send) {
        self.control(now, Input::HangUp(EndReason::UserHangup));
        self.drain(now, send);
    }

    /// The engine stops.
    pub(crate) fn shut_down(&mut self, now: Instant, send: Send) {
        self.control(now, Input::Shutdown);
        self.drain(now, send);
    }

    fn control(&mut self, now: Instant, input: Input) {
        let Some(signal) = self.control.handle(now, input) else {
            return;
        };
        tracing::info!(call_id = %self.id, ?signal, "call");
        if signal == Signal::Connected {
            self.far_side.answer(now);
        }
        if signal.is_terminal() {
            self.leg.close();
        }
        self.signals.send(signal);
    }

    fn drain(&mut self, now: Instant, send: Send) {
        loop {
            match self.leg.poll() {
                LegOutput::Transmit(transmit) => send(&transmit),
                LegOutput::Event(event) => self.leg_event(now, event),
                // Between two waits there may be only one change to the leg.
                LegOutput::Wait(at) => match self.far_side.play(now) {
                    Some((index, frame)) if !self.control.is_over() => {
                        let times = RtpTimes {
                            seq: index as u64,
                            timestamp: (index as u32).wrapping_mul(FRAME_SAMPLES),
                            marker: false,
                        };
                        if let Some(times) = self.rewriter.rewrite(now, Source::Greeting, times) {
                            self.leg.send(now, times, frame);
                        }
                    }
                    _ => {
                        self.leg_deadline = at;
                        return;
                    }
                },
            }
        }
    }

    fn leg_event(&mut self, now: Instant, event: LegEvent) {
        match event {
            LegEvent::Connected => self.control(now, Input::Connected),
            LegEvent::Audio { ssrc, times, payload } => {
                self.control(now, Input::Heard);
                if self.far_side.echoes() {
                    let source = Source::Visitor { ssrc };
                    if let Some(times) = self.rewriter.rewrite(now, source, times) {
                        self.leg.send(now, times, payload);
                    }
                }
            }
            LegEvent::Event { ssrc, seq, digit } => {
                self.control(now, Input::Heard);
                self.rewriter.skip(Source::Visitor { ssrc }, seq);
                if let Some(digit) = digit {
                    self.pressed(now, digit);
                }
            }
            LegEvent::Closed => self.control(now, Input::Closed),
            LegEvent::Broken(error) => {
                tracing::warn!(call_id = %self.id, %error, "the browser's connection broke");
                self.control(now, Input::Broken);
            }
        }
    }

    fn pressed(&mut self, now: Instant, digit: Digit) {
        // Which key is the visitor's secret: it may be part of a PIN.
        tracing::debug!(call_id = %self.id, "a key was pressed");
        if DemoLeg::hangs_up_on(digit) {
            self.control(now, Input::HangUp(EndReason::RemoteHangup));
        }
    }
}
