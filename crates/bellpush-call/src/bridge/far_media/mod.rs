//! The media of a far side on a trunk, both ways: relayed as it is when both sides speak the same
//! codec, else transcoded.
//!
//! | file | holds |
//! |---|---|
//! | `incoming`, `receiving` | the far side's stream, and what becomes of each of its packets |
//! | `outgoing`, `sending` | our stream to it, and what goes out in it |
//! | `transcoding`, `silence_fill` | what either direction may need: a transcoder, noise for a silence |

mod incoming;
mod outgoing;
mod receiving;
mod sending;
mod silence_fill;
mod transcoding;

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_srtp::{SrtpReceiver, SrtpSender};

use super::{BrowserSink, Edge, Sounds, source_selection::SourceSelection};
use crate::{
    Codec, Latching,
    legs::sip::{Direction, Format, MediaPlan},
    media::{Reception, RtcpSession, RtpSource, RtpTimeout, StreamQuality, WallClock},
    token_bucket::TokenBucket,
};
use incoming::Incoming;
use outgoing::Outgoing;

/// The media of one far side.
pub(super) struct FarMedia {
    plan: Option<MediaPlan>,
    /// What the far side could send before, beside what it can now: it goes on with that until it has our answer, and what it sent
    /// until then is under way (RFC 3264 section 8.3.2).
    former_formats: Vec<(u8, Format)>,
    selection: SourceSelection,
    /// Whether the browser hears Opus whatever the far side speaks.
    opus_to_browser: bool,
    outgoing: Outgoing,
    incoming: Incoming,
    rtcp: RtcpSession,
    rtp_timeout: Duration,
    /// From the answer on.
    inactivity: Option<RtpTimeout>,
    sounds: Arc<Sounds>,
    /// Whether its streams began before we were there.
    is_taken_over: bool,
    budgets: Budgets,
}

/// How much is taken in from where the far side may be, before it is decrypted. Whoever else sends from
/// there takes nothing from the stream that is heard, of which this is also what the call takes in all.
#[derive(Default)]
struct Budgets {
    /// From where the stream that is heard comes from.
    heard: TokenBucket,
    /// From all other places.
    others: TokenBucket,
    /// Reports, wherever they come from.
    reports: TokenBucket,
}

/// What the media of a far side is made of.
pub(super) struct FarMediaSetup {
    pub(super) clock: WallClock,
    pub(super) opus_to_browser: bool,
    pub(super) latching: Latching,
    /// The address of this machine that the far side is told.
    pub(super) own_address: Option<IpAddr>,
    /// The sources of the call that had the port before.
    pub(super) stale_sources: Vec<RtpSource>,
    pub(super) rtp_timeout: Duration,
    pub(super) sounds: Arc<Sounds>,
    /// Whether another server has had the call before.
    pub(super) is_taken_over: bool,
}

impl FarMedia {
    pub(super) fn new(now: Instant, setup: FarMediaSetup) -> Self {
        let FarMediaSetup {
            clock,
            opus_to_browser,
            latching,
            own_address,
            stale_sources,
            rtp_timeout,
            sounds,
            is_taken_over,
        } = setup;
        let ssrc = rand::random();
        let clock_rate = Codec::Pcma.clock_rate();
        let cname = format!("{:016x}", rand::random::<u64>());
        Self {
            plan: None,
            former_formats: Vec::new(),
            selection: SourceSelection::new(latching, own_address, stale_sources),
            opus_to_browser,
            outgoing: Outgoing::new(now, ssrc, clock_rate),
            incoming: Incoming::new(clock_rate),
            rtcp: RtcpSession::new(now, ssrc, cname, clock),
            rtp_timeout,
            inactivity: None,
            sounds,
            is_taken_over,
            budgets: Budgets::default(),
        }
    }

    /// The far side's signalling comes from there.
    pub(super) fn set_signalling(&mut self, address: IpAddr) {
        self.selection.set_signalling(address);
    }

    /// Media flows like this from now on.
    pub(super) fn apply(&mut self, now: Instant, plan: MediaPlan) {
        // A session that is refreshed stays as it is.
        if self.plan.as_ref() == Some(&plan) {
            return;
        }
        let Self { outgoing, incoming, selection, .. } = self;
        let old = self.plan.as_ref();
        if old.is_none_or(|old| old.codec != plan.codec) {
            outgoing.stream.set_clock_rate(plan.codec.clock_rate());
            incoming.set_codec(plan.codec);
        }
        let event_rate = plan.telephone_event.map(|events| events.clock_rate);
        if let Some(rate) = event_rate
            && old.and_then(|old| old.telephone_event).map(|events| events.clock_rate) != event_rate
        {
            outgoing.dtmf.set_clock_rate(now, rate);
        }
        if let Some(keys) = &plan.srtp
            && old.is_none_or(|old| old.srtp != plan.srtp)
        {
            // Our keys are the same for as long as this server has the call, so that the stream goes on
            // with its numbers.
            let ours = match outgoing.srtp.take() {
                Some(mut sender) => sender.set_key(&keys.ours).map(|()| sender),
                None => SrtpSender::new(&keys.ours),
            };
            let theirs = match incoming.srtp.take() {
                Some(mut receiver) => receiver.set_key(&keys.theirs).map(|()| receiver),
                // The far side may keep its key, and then goes on with a stream that we don't know.
                None if self.is_taken_over => SrtpReceiver::joining(&keys.theirs),
                None => SrtpReceiver::new(&keys.theirs),
            };
            // Both or none: without them nothing is sent or taken, see below.
            (outgoing.srtp, incoming.srtp) = match (ours, theirs) {
                (Ok(ours), Ok(theirs)) => (Some(ours), Some(theirs)),
                (Err(error), _) | (_, Err(error)) => {
                    tracing::error!(%error, "the far side's media can't be decrypted");
                    (None, None)
                }
            };
        }
        if old.is_none() {
            outgoing.noise.begin(now);
        }
        selection.agree(now, &plan);
        incoming.begin_way();
        let is_held = is_held(&plan);
        if let Some(inactivity) = &mut self.inactivity {
            inactivity.set_on_hold(now, is_held);
        }
        incoming.set_on_hold(now, is_held);
        let former = self.plan.take().map(|former| former.receive).unwrap_or_default();
        self.former_formats = former;
        self.former_formats.retain(|format| !plan.receive.contains(format));
        self.plan = Some(plan);
    }

    /// The far side took the call: from now on it is expected to send.
    pub(super) fn answered(&mut self, now: Instant) {
        let mut inactivity = RtpTimeout::new(now, self.rtp_timeout);
        inactivity.set_on_hold(now, self.plan.as_ref().is_some_and(is_held));
        self.inactivity = Some(inactivity);
        self.selection.answered(now);
    }

    /// Whether nothing comes from the far side, though it should. Says so once.
    pub(super) fn is_lost(&mut self, now: Instant) -> bool {
        self.inactivity.as_mut().is_some_and(|inactivity| inactivity.has_expired(now))
    }

    /// When there is something to do.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        // Without a plan nothing can be sent.
        self.plan.as_ref()?;
        [
            self.inactivity.as_ref().and_then(RtpTimeout::next_deadline),
            Some(self.rtcp.next_deadline()),
            self.outgoing.next_deadline(),
            self.incoming.next_deadline(),
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// How the far side was received.
    pub(super) fn quality(&self) -> Option<StreamQuality> {
        let plan = self.plan.as_ref()?;
        self.incoming.quality(plan.codec, self.rtcp.round_trip())
    }

    /// What is received of it, and the round trip; `None` before there is media.
    pub(super) fn reception(&self) -> Option<(&Reception, Option<Duration>)> {
        self.plan.as_ref()?;
        Some((&self.incoming.reception, self.rtcp.round_trip()))
    }

    /// Sends what is due to either side.
    pub(super) fn play(&mut self, now: Instant, sink: &mut BrowserSink<'_>) {
        if self.plan.is_none() {
            return;
        }
        self.send_telephone_events(now, sink.edge);
        self.play_to_far_side(now, sink.edge);
        self.report(now, sink.edge);
        self.play_to_browser(now, sink);
    }

    /// Tells the far side that our stream ends.
    pub(super) fn say_goodbye(&mut self, now: Instant, edge: &mut dyn Edge) {
        let Self { plan: Some(plan), incoming, selection, rtcp, outgoing, .. } = self else {
            return;
        };
        let clock_rate = plan.codec.clock_rate();
        let (ssrc, reception) =
            (selection.source().map(|source| source.ssrc), &mut incoming.reception);
        rtcp.goodbye(now, ssrc, reception, clock_rate, &mut outgoing.packet);
        self.send_report(edge);
    }

    fn report(&mut self, now: Instant, edge: &mut dyn Edge) {
        let Self { plan: Some(plan), incoming, selection, rtcp, outgoing, .. } = self else {
            return;
        };
        let clock_rate = plan.codec.clock_rate();
        let (ssrc, reception) =
            (selection.source().map(|source| source.ssrc), &mut incoming.reception);
        if rtcp.poll(now, ssrc, reception, clock_rate, &mut outgoing.packet) {
            self.send_report(edge);
        }
    }

    /// Sends the RTCP that is written.
    fn send_report(&mut self, edge: &mut dyn Edge) {
        let Self { plan: Some(plan), outgoing, selection, .. } = self else { return };
        let (address, Outgoing { packet, srtp, .. }) = (selection.address(), outgoing);
        let to = if plan.rtcp_mux { address.rtp(plan) } else { address.rtcp(plan) };
        // By which older systems say hold: it leads to this machine itself.
        if to.ip().is_unspecified() {
            return;
        }
        match (&plan.srtp, srtp) {
            (None, _) => {}
            (Some(_), Some(srtp)) => {
                if let Err(error) = srtp.protect_rtcp(packet) {
                    tracing::debug!(%error, "a report was not protected");
                    return;
                }
            }
            (Some(_), None) => return,
        }
        if plan.rtcp_mux {
            edge.rtp(to, packet);
        } else {
            edge.rtcp(to, packet);
        }
    }
}

/// Whether the far side need not send anything. It may all the same, such as music on hold.
fn is_held(plan: &MediaPlan) -> bool {
    plan.direction != Direction::SendReceive
}
