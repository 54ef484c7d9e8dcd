//! The far side of a call, whatever it is: what it tells, and what it has to play.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_core::trunk::SipFailure;

use super::{
    BrowserSink, Edge, Sounds,
    far_media::{FarMedia, FarMediaSetup},
};
use crate::{
    Codec, Digit,
    legs::{
        demo::DemoLeg,
        sip::{LocalMedia, SipLeg, SipOutput},
        webrtc::{AudioPacket, ComfortNoisePacket},
    },
    media::{FRAME_SAMPLES, Reception, RtpTimes, Source, StreamQuality, WallClock},
    trunk::{ByeCause, FarFailure, SipTarget, TrunkCommand, TrunkEvent},
};

/// Keys that may wait for a far side that is offered the session anew.
const MAX_EARLY_KEYS: usize = 64;

/// The far side.
pub(super) enum FarLeg {
    /// Not called yet, or none of the routes took the call.
    None,
    Demo(DemoLeg),
    Sip(Box<SipSide>),
}

/// What a far side tells.
#[derive(Debug)]
pub(super) enum FarEvent {
    /// A message for its trunk.
    Send(TrunkCommand),
    Ringing,
    Answered {
        /// The Call-ID of its dialog.
        call_id: String,
    },
    /// It answered in a way that is of no use.
    Unusable(Box<SipFailure>),
    Held(bool),
    HungUp,
    Failed(FarFailure),
}

/// A far side on a trunk: its signalling and its media.
pub(super) struct SipSide {
    leg: SipLeg,
    media: FarMedia,
    /// Keys that were pressed before it is known how this far side takes them.
    early_keys: VecDeque<Digit>,
}

impl FarLeg {
    /// When the far side has something to do.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        match self {
            Self::None => None,
            Self::Demo(demo) => demo.next_deadline(),
            Self::Sip(sip) => sip.media.next_deadline(),
        }
    }

    /// What it tells next.
    pub(super) fn poll(&mut self, now: Instant) -> Option<FarEvent> {
        let Self::Sip(sip) = self else { return None };
        loop {
            return Some(match sip.leg.poll()? {
                SipOutput::Send(message) => FarEvent::Send(message),
                SipOutput::Media(plan) => {
                    sip.media.apply(now, plan);
                    for digit in sip.media.take_keys() {
                        sip.leg.press(digit);
                    }
                    for digit in std::mem::take(&mut sip.early_keys) {
                        sip.press(now, digit);
                    }
                    continue;
                }
                SipOutput::Ringing => FarEvent::Ringing,
                // It rings, and is heard to.
                SipOutput::EarlyMedia => continue,
                SipOutput::Answered { call_id } => {
                    sip.media.answered(now);
                    FarEvent::Answered { call_id }
                }
                SipOutput::Unusable(failure) => FarEvent::Unusable(failure),
                SipOutput::Held(held) => FarEvent::Held(held),
                SipOutput::Ended => FarEvent::HungUp,
                SipOutput::Failed(failure) => FarEvent::Failed(failure),
            });
        }
    }

    /// Ends the far side's call, if there is one.
    pub(super) fn hang_up(&mut self, now: Instant, cause: ByeCause, edge: &mut dyn Edge) {
        if let Self::Sip(sip) = self {
            sip.media.say_goodbye(now, edge);
            sip.leg.hang_up(cause);
        }
    }

    /// How the far side was received; `None` for one that has no reports.
    pub(super) fn quality(&self) -> Option<Option<StreamQuality>> {
        match self {
            Self::Sip(sip) => Some(sip.media.quality()),
            Self::None | Self::Demo(_) => None,
        }
    }

    /// What is received of the far side, and the round trip to it.
    pub(super) fn reception(&self) -> Option<(&Reception, Option<Duration>)> {
        match self {
            Self::Sip(sip) => sip.media.reception(),
            Self::None | Self::Demo(_) => None,
        }
    }

    /// Another browser hears the far side from now on.
    pub(super) fn browser_is_new(&mut self) {
        if let Self::Sip(sip) = self {
            sip.media.begin_listener();
        }
    }

    /// The browser sends nothing for a while.
    pub(super) fn browser_is_away(&mut self, now: Instant) {
        if let Self::Sip(sip) = self {
            sip.media.play_comfort_noise(now);
        }
    }
}

impl SipSide {
    pub(super) fn new(
        now: Instant,
        clock: WallClock,
        target: SipTarget,
        mut local: LocalMedia,
        rtp_timeout: Duration,
        sounds: Arc<Sounds>,
    ) -> Self {
        let setup = FarMediaSetup {
            clock,
            opus_to_browser: target.codecs.opus_to_browser,
            latching: target.latching,
            own_address: local.own_address,
            stale_sources: std::mem::take(&mut local.stale_sources),
            rtp_timeout,
            sounds,
            is_taken_over: target.open.is_some(),
        };
        let mut media = FarMedia::new(now, setup);
        if target.open.is_some() {
            // It has answered long ago, and is to hear that the call goes on.
            media.answered(now);
            media.play_comfort_noise(now);
        }
        let mut leg = SipLeg::new(target, local);
        leg.start();
        Self { leg, media, early_keys: VecDeque::new() }
    }

    pub(super) fn receive_from_trunk(&mut self, event: TrunkEvent) {
        match event {
            TrunkEvent::SignallingAddress(address) => self.media.set_signalling(address),
            event => self.leg.handle(event),
        }
    }

    pub(super) fn receive_rtp(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        packet: &mut [u8],
        sink: &mut BrowserSink<'_>,
    ) {
        self.media.receive_rtp(now, remote, packet, sink);
    }

    pub(super) fn receive_rtcp(&mut self, now: Instant, remote: SocketAddr, packet: &mut [u8]) {
        self.media.receive_rtcp(now, remote, packet);
    }

    /// Sends the visitor's voice. Whether that came too late to be heard.
    pub(super) fn send_speech(
        &mut self,
        now: Instant,
        packet: &AudioPacket<'_>,
        edge: &mut dyn Edge,
    ) -> bool {
        self.media.send_speech(now, packet, edge)
    }

    pub(super) fn send_comfort_noise(
        &mut self,
        now: Instant,
        codec: Codec,
        packet: &ComfortNoisePacket<'_>,
        edge: &mut dyn Edge,
    ) {
        self.media.send_comfort_noise(now, codec, packet, edge);
    }

    /// Leaves out a packet of the visitor's stream that is not speech.
    pub(super) fn skip(&mut self, ssrc: u32, seq: u64) {
        self.media.skip(ssrc, seq);
    }

    /// Presses a key at the far side: in its media if it takes that, else beside it. One that has answered
    /// elsewhere is offered the session anew first, and says then which it takes.
    pub(super) fn press(&mut self, now: Instant, digit: Digit) {
        if self.media.is_unplanned() && self.leg.is_answered() {
            if self.early_keys.len() < MAX_EARLY_KEYS {
                self.early_keys.push_back(digit);
            }
        } else if !self.media.press(now, digit) {
            self.leg.press(digit);
        }
    }

    /// Whether nothing comes from the far side, though it should. Says so once.
    pub(super) fn is_lost(&mut self, now: Instant) -> bool {
        self.media.is_lost(now)
    }

    /// Sends what is due to either side.
    pub(super) fn play(&mut self, now: Instant, sink: &mut BrowserSink<'_>) {
        self.media.play(now, sink);
    }
}

/// Sends the demo's next frame to the browser, if it is due. Whether it was.
pub(super) fn play_greeting(now: Instant, demo: &mut DemoLeg, sink: &mut BrowserSink<'_>) -> bool {
    let Some((index, frame)) = demo.play(now) else {
        return false;
    };
    let times = RtpTimes {
        seq: index as u64,
        // Wraps around as timestamps do.
        timestamp: (index as u32).wrapping_mul(FRAME_SAMPLES),
        marker: false,
    };
    sink.stream.set_clock_rate(Codec::Opus.clock_rate());
    if let Some(times) = sink.stream.rewrite(now, Source::Greeting, times) {
        sink.send(now, Codec::Opus, times, &frame);
    }
    true
}
