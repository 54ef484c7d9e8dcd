//! One call: the browser's leg and the far side, joined, with call control above them.
//!
//! Without sockets and clocks, like its parts: what happens goes in with the time, what is to be
//! done comes out through an [`Edge`]. One owner; nothing here is shared.

mod browser_side;
mod browser_sink;
mod dialling;
mod edge;
mod far_media;
mod far_side;
mod noise_player;
mod presence;
mod remote_address;
mod sampler;
mod signals;
mod sounds;
mod source_selection;
mod stream;

pub(crate) use edge::Edge;
pub(crate) use signals::SignalSender;
pub(crate) use sounds::Sounds;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_core::{
    events::{EndReason, ErrorCode},
    ids::CallId,
    trunk::SipFailure,
};

use crate::{
    Codec, Digit, Route, Signal,
    call::{CallControl, GoesOn, Input, Outcome, Policy, RoutePolicy},
    legs::{
        demo::DemoLeg,
        webrtc::{Received, TransportAddress, WebRtcLeg, is_media},
    },
    media::{CallQuality, Reception, RtpRewriter, Source, StreamQuality, WallClock},
    trunk::{ByeCause, FarFailure, TrunkCommand, TrunkEvent},
};
use browser_sink::BrowserSink;
use far_side::{FarEvent, FarLeg};
use sampler::Sampler;
use stream::new_stream;

/// What a call is made of.
pub(crate) struct BridgeSetup {
    pub(crate) id: CallId,
    /// Where it goes; never empty.
    pub(crate) routes: Vec<Route>,
    pub(crate) policy: Policy,
    /// How long nothing may come from a far side that should send.
    pub(crate) rtp_timeout: Duration,
    pub(crate) sounds: Arc<Sounds>,
    /// When the far side hears of it, of a call that goes on with one that has answered before.
    pub(crate) goes_on: Option<GoesOn>,
    /// For reports to the far side.
    pub(crate) clock: WallClock,
    /// How often to say how both sides are received; `None`: only at the end.
    pub(crate) sample_every: Option<Duration>,
    pub(crate) signals: SignalSender,
}

/// One call.
pub(crate) struct Bridge {
    id: CallId,
    /// `None` while the visitor's page is away.
    browser: Option<WebRtcLeg>,
    browser_deadline: Instant,
    /// Numbers what the browser hears.
    to_browser: RtpRewriter,
    far_side: FarLeg,
    routes: Vec<Route>,
    /// The present one.
    route: usize,
    /// The Call-ID by which it is called, once there is one.
    sip_call_id: String,
    rtp_timeout: Duration,
    control: CallControl,
    sounds: Arc<Sounds>,
    clock: WallClock,
    /// What came from the browser.
    reception: Reception,
    /// The stream that came from it last.
    visitor_stream: Option<(u32, Codec)>,
    /// How long it takes to it and back, as far as it has told.
    round_trip: Option<Duration>,
    sampler: Sampler,
    signals: SignalSender,
}

impl Bridge {
    pub(crate) fn new(now: Instant, leg: WebRtcLeg, setup: BridgeSetup) -> Self {
        let BridgeSetup {
            id,
            routes,
            policy,
            rtp_timeout,
            sounds,
            goes_on,
            clock,
            sample_every,
            signals,
        } = setup;
        let times = routes.iter().map(|route| RoutePolicy {
            ring_timeout: route.ring_timeout,
            max_duration: route.max_duration,
        });
        let mut control = CallControl::new(now, policy, times.collect());
        if let Some(goes_on) = goes_on {
            control.go_on(now, goes_on);
        }
        Self {
            id,
            browser: Some(leg),
            browser_deadline: now,
            to_browser: new_stream(Codec::Opus.clock_rate()),
            far_side: FarLeg::None,
            control,
            routes,
            route: 0,
            sip_call_id: String::new(),
            rtp_timeout,
            sounds,
            clock,
            reception: Reception::new(Codec::Opus.clock_rate()),
            visitor_stream: None,
            round_trip: None,
            sampler: Sampler::new(now, sample_every),
            signals,
        }
    }

    pub(crate) fn id(&self) -> CallId {
        self.id
    }

    /// The name that the browser's checks are addressed to; `None` while the page is away.
    pub(crate) fn ufrag(&self) -> Option<&str> {
        self.browser.as_ref().map(WebRtcLeg::ufrag)
    }

    /// Whether checks of the browser have come by this path, as far as is remembered.
    pub(crate) fn knows_path(&self, remote: TransportAddress) -> bool {
        self.browser.as_ref().is_some_and(|leg| leg.knows_path(remote))
    }

    /// Whether the browser is at the end of this path right now, as far as can be told.
    pub(crate) fn is_browser_at(&self, now: Instant, remote: TransportAddress) -> bool {
        self.browser.as_ref().is_some_and(|leg| leg.is_at(now, remote))
    }

    /// Whether the call has ended, or nobody wants to know of it any more.
    pub(crate) fn is_over(&self) -> bool {
        self.control.is_over() || self.signals.is_abandoned()
    }

    /// When [`Bridge::tick`] is due.
    pub(crate) fn next_deadline(&self) -> Instant {
        let Self { browser, control, far_side, .. } = self;
        let connection = browser.is_some().then_some(self.browser_deadline);
        let report = browser.as_ref().and_then(WebRtcLeg::next_report);
        let sample = self.sampler.next_deadline();
        [connection, report, control.next_deadline(), far_side.next_deadline(), sample]
            .into_iter()
            .flatten()
            .min()
            // Call control has one until the call is over.
            .unwrap_or(self.browser_deadline)
    }

    /// There is no such path to the browser any more.
    pub(crate) fn forget_path(
        &mut self,
        now: Instant,
        remote: TransportAddress,
        edge: &mut dyn Edge,
    ) {
        if let Some(leg) = &mut self.browser {
            leg.forget_path(now, remote);
            self.settle(now, edge);
        }
    }

    /// Takes in a browser's datagram. Media is decrypted where it lies.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        remote: TransportAddress,
        datagram: &mut [u8],
        edge: &mut dyn Edge,
    ) -> Received {
        let Some(leg) = &mut self.browser else {
            return Received::Foreign;
        };
        if is_media(datagram) {
            return self.receive_media(now, remote, datagram, edge);
        }
        let received = leg.receive(now, remote, datagram);
        if received == Received::Consent {
            self.control(now, Input::Heard, edge);
        }
        self.settle(now, edge);
        received
    }

    /// Takes in what came to the far side's port for RTP, maybe RTCP. It is changed in place.
    pub(crate) fn receive_rtp(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        packet: &mut [u8],
        edge: &mut dyn Edge,
    ) {
        let Self { far_side: FarLeg::Sip(sip), browser, to_browser, .. } = self else { return };
        let mut sink = BrowserSink { browser: browser.as_mut(), stream: to_browser, edge };
        sip.receive_rtp(now, remote, packet, &mut sink);
        self.settle(now, edge);
    }

    /// Takes in what came to the far side's port for RTCP. It is changed in place.
    pub(crate) fn receive_rtcp(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        packet: &mut [u8],
        edge: &mut dyn Edge,
    ) {
        if let FarLeg::Sip(sip) = &mut self.far_side {
            sip.receive_rtcp(now, remote, packet);
            self.settle(now, edge);
        }
    }

    /// Takes what the trunk tells of the far side.
    pub(crate) fn receive_from_trunk(
        &mut self,
        now: Instant,
        message: TrunkEvent,
        edge: &mut dyn Edge,
    ) {
        let FarLeg::Sip(sip) = &mut self.far_side else { return };
        match message {
            TrunkEvent::Trying => self.control(now, Input::Trying, edge),
            TrunkEvent::Notice(notice) => self.control(now, Input::Notice(notice), edge),
            TrunkEvent::Calling { call_id } => self.sip_call_id = call_id,
            TrunkEvent::Rejected(failure) => self.signals.send(Signal::Rejected(failure)),
            message => sip.receive_from_trunk(message),
        }
        self.settle(now, edge);
    }

    /// Does what is due.
    pub(crate) fn tick(&mut self, now: Instant, edge: &mut dyn Edge) {
        self.control(now, Input::Time, edge);
        if let Some(leg) = &mut self.browser
            && self.browser_deadline <= now
            && !self.control.is_over()
        {
            leg.tick(now);
        }
        self.settle(now, edge);
    }

    /// A key of the visitor, by whatever way it came.
    pub(crate) fn press(&mut self, now: Instant, digit: Digit, edge: &mut dyn Edge) {
        self.pressed(now, digit, edge);
        self.settle(now, edge);
    }

    /// The call is hung up.
    pub(crate) fn hang_up(&mut self, now: Instant, by: EndReason, edge: &mut dyn Edge) {
        self.control(now, Input::HangUp(by), edge);
        self.settle(now, edge);
    }

    /// The browser says that its media can't go on.
    pub(crate) fn give_up(&mut self, now: Instant, edge: &mut dyn Edge) {
        self.control(now, Input::GivenUp, edge);
        self.settle(now, edge);
    }

    /// The engine stops.
    pub(crate) fn shut_down(&mut self, now: Instant, edge: &mut dyn Edge) {
        self.control(now, Input::Shutdown, edge);
        self.settle(now, edge);
    }

    fn control(&mut self, now: Instant, input: Input, edge: &mut dyn Edge) {
        let Outcome { signal, mut dial, rang_out, release } = self.control.handle(now, input);
        if rang_out && let Some(trunk_id) = self.trunk_id() {
            let failure = SipFailure::unanswered(trunk_id, &self.sip_call_id);
            self.signals.send(Signal::Rejected(Box::new(failure)));
        }
        if release {
            // One that takes no message sees by the end of its queue that nobody is left.
            edge.to_trunk(TrunkCommand::Release);
        }
        if let Some(signal) = signal {
            tracing::info!(call_id = %self.id, ?signal, "call");
            if signal == Signal::Connected
                && let Some(network) = self.browser.as_ref().and_then(|leg| leg.network(now))
            {
                self.signals.send(Signal::Network(network));
            }
            if signal == Signal::Reconnecting {
                self.far_side.browser_is_away(now);
            }
            if signal.is_terminal() {
                // A far side has to be reached to be told of the end.
                if let Some(route) = dial.take() {
                    self.dial(now, route, edge);
                }
                self.say_goodbye(now, edge);
                self.far_side.hang_up(now, cause(&signal), edge);
                if let Some(quality) = self.quality() {
                    self.signals.send(Signal::Quality(Box::new(quality)));
                }
            }
            self.signals.send(signal);
        }
        if let Some(route) = dial {
            self.dial(now, route, edge);
        }
    }

    /// Lets both sides have their say, until they have no more, and plays what is due.
    fn settle(&mut self, now: Instant, edge: &mut dyn Edge) {
        loop {
            self.settle_browser(now, edge);
            self.settle_far_side(now, edge);
            if !self.play(now, edge) {
                return;
            }
        }
    }

    fn settle_far_side(&mut self, now: Instant, edge: &mut dyn Edge) {
        while let Some(event) = self.far_side.poll(now) {
            let input = match event {
                FarEvent::Send(message) => {
                    if edge.to_trunk(message) {
                        continue;
                    }
                    tracing::warn!(call_id = %self.id, "the trunk takes no message");
                    Input::Lost
                }
                FarEvent::Ringing => Input::Ringing,
                FarEvent::Answered { call_id } => {
                    self.answered(now, Some(call_id), edge);
                    continue;
                }
                FarEvent::Held(held) => Input::Held(held),
                FarEvent::Unusable(failure) => {
                    self.signals.send(Signal::Rejected(failure));
                    continue;
                }
                FarEvent::Failed(failure) => Input::Refused(failure),
                FarEvent::HungUp if self.control.is_answered() => {
                    Input::HangUp(EndReason::RemoteHangup)
                }
                FarEvent::HungUp => Input::Refused(FarFailure::Rejected),
            };
            self.control(now, input, edge);
        }
    }

    /// Sends what is due to both sides. Whether there may be more.
    fn play(&mut self, now: Instant, edge: &mut dyn Edge) -> bool {
        if self.control.is_over() {
            return false;
        }
        self.report(now, edge);
        self.sample(now);
        let Self { far_side, browser, to_browser, .. } = self;
        let mut sink = BrowserSink { browser: browser.as_mut(), stream: to_browser, edge };
        match far_side {
            FarLeg::None => false,
            FarLeg::Demo(demo) => far_side::play_greeting(now, demo, &mut sink),
            FarLeg::Sip(sip) => {
                let is_lost = sip.is_lost(now);
                sip.play(now, &mut sink);
                if is_lost {
                    self.control(now, Input::Lost, edge);
                }
                is_lost
            }
        }
    }

    /// Says how both sides are received, if that is due.
    fn sample(&mut self, now: Instant) {
        let Self { sampler, reception, round_trip, far_side, signals, .. } = self;
        let samples = sampler.take(now, (reception, *round_trip), far_side.reception());
        for sample in samples.into_iter().flatten() {
            signals.send_if_room(Signal::Sample(Box::new(sample)));
        }
    }

    /// How both sides were received, of a call that was one with a telephone system.
    fn quality(&self) -> Option<CallQuality> {
        let far_side = self.far_side.quality()?;
        let codec = self.visitor_stream.map_or(Codec::Opus, |(_, codec)| codec);
        let visitor = StreamQuality::of(codec, &self.reception, self.round_trip);
        Some(CallQuality { visitor, far_side })
    }

    fn pressed(&mut self, now: Instant, digit: Digit, edge: &mut dyn Edge) {
        // Which key is the visitor's secret: it may be part of a PIN.
        tracing::debug!(call_id = %self.id, "a key was pressed");
        match &mut self.far_side {
            FarLeg::Demo(_) if DemoLeg::hangs_up_on(digit) => {
                self.control(now, Input::HangUp(EndReason::RemoteHangup), edge);
            }
            FarLeg::Sip(sip) => sip.press(now, digit),
            FarLeg::Demo(_) | FarLeg::None => {}
        }
    }
}

fn visitor(ssrc: u32) -> Source {
    Source::Visitor { ssrc }
}

/// What a far side is told about an end that is not its own.
fn cause(signal: &Signal) -> ByeCause {
    match signal {
        Signal::Failed(ErrorCode::ServerShutdown) => ByeCause::SHUTDOWN,
        Signal::Failed(ErrorCode::MediaFailed) => ByeCause::MEDIA_LOST,
        _ => ByeCause::NORMAL,
    }
}

#[cfg(test)]
mod tests;
