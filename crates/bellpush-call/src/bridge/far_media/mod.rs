//! The media of a far side on a trunk, both ways: relayed as it is when both sides speak the same
//! codec, else transcoded.

mod playing;
mod transcoding;

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use bellpush_srtp::{RtpPacket, SeqExtender, SrtpReceiver, SrtpSender, is_rtcp};

use super::{BrowserSink, Edge, Sounds, far_address::FarAddress, noise_player::NoisePlayer};
use crate::{
    Codec, Digit,
    legs::{
        sip::{Direction, MediaPlan},
        webrtc::AudioPacket,
    },
    media::{
        DtmfSender, Reception, RtcpSession, RtpRewriter, RtpTimeout, RtpTimes, Source,
        StreamQuality, WallClock,
    },
    token_bucket::TokenBucket,
};
use playing::PayloadKind;
use transcoding::Transcoding;

/// The media of one far side.
pub(super) struct FarMedia {
    plan: Option<MediaPlan>,
    address: FarAddress,
    /// Whether the browser hears Opus whatever the far side speaks.
    opus_to_browser: bool,
    outgoing: Outgoing,
    incoming: Incoming,
    rtcp: RtcpSession,
    rtp_timeout: Duration,
    /// From the answer on.
    inactivity: Option<RtpTimeout>,
    sounds: Arc<Sounds>,
    /// Of what comes from where the far side may be, before it is decrypted.
    budget: TokenBucket,
}

/// The stream that the far side hears.
struct Outgoing {
    stream: RtpRewriter,
    ssrc: u32,
    srtp: Option<SrtpSender>,
    dtmf: DtmfSender,
    /// Shared by the packets of the press that is being sent.
    dtmf_timestamp: Option<u32>,
    transcoder: Option<Transcoding>,
    noise: NoisePlayer,
    /// The packet that goes out next is written here.
    packet: Vec<u8>,
}

/// The stream that the far side sends.
struct Incoming {
    ssrc: Option<u32>,
    seqs: SeqExtender,
    reception: Reception,
    srtp: Option<SrtpReceiver>,
    transcoder: Option<Transcoding>,
    noise: NoisePlayer,
}

impl FarMedia {
    pub(super) fn new(
        now: Instant,
        clock: WallClock,
        opus_to_browser: bool,
        rtp_timeout: Duration,
        sounds: Arc<Sounds>,
    ) -> Self {
        let ssrc = rand::random();
        let clock_rate = Codec::Pcma.clock_rate();
        let cname = format!("{:016x}", rand::random::<u64>());
        Self {
            plan: None,
            address: FarAddress::default(),
            opus_to_browser,
            outgoing: Outgoing {
                stream: super::new_stream(clock_rate),
                ssrc,
                srtp: None,
                dtmf: DtmfSender::new(clock_rate),
                dtmf_timestamp: None,
                transcoder: None,
                noise: NoisePlayer::default(),
                packet: Vec::new(),
            },
            incoming: Incoming {
                ssrc: None,
                seqs: SeqExtender::default(),
                reception: Reception::new(clock_rate),
                srtp: None,
                transcoder: None,
                noise: NoisePlayer::default(),
            },
            rtcp: RtcpSession::new(now, ssrc, cname, clock),
            rtp_timeout,
            inactivity: None,
            sounds,
            budget: TokenBucket::default(),
        }
    }

    /// Media flows like this from now on.
    pub(super) fn apply(&mut self, now: Instant, plan: MediaPlan) {
        let Self { outgoing, incoming, .. } = self;
        let old = self.plan.as_ref();
        if old.is_none_or(|old| old.codec != plan.codec) {
            let clock_rate = plan.codec.clock_rate();
            outgoing.stream.set_clock_rate(clock_rate);
            incoming.reception.restart(clock_rate);
        }
        let press_rate = plan.telephone_event.map(|events| events.clock_rate);
        if let Some(rate) = press_rate
            && old.and_then(|old| old.telephone_event).map(|events| events.clock_rate) != press_rate
        {
            outgoing.dtmf = DtmfSender::new(rate);
        }
        if let Some(keys) = &plan.srtp
            && old.is_none_or(|old| old.srtp != plan.srtp)
        {
            // Our keys are the same in the whole call, so that the stream goes on with its numbers.
            let ours = match outgoing.srtp.take() {
                Some(mut sender) => sender.set_key(&keys.ours).map(|()| sender),
                None => SrtpSender::new(&keys.ours),
            };
            // Both or none: without them nothing is sent or taken, see below.
            (outgoing.srtp, incoming.srtp) = match (ours, SrtpReceiver::new(&keys.theirs)) {
                (Ok(ours), Ok(theirs)) => (Some(ours), Some(theirs)),
                (Err(error), _) | (_, Err(error)) => {
                    tracing::error!(%error, "the far side's media can't be decrypted");
                    (None, None)
                }
            };
        }
        self.address.agree(&plan);
        let is_held = is_held(&plan);
        if let Some(inactivity) = &mut self.inactivity {
            inactivity.set_on_hold(now, is_held);
        }
        incoming.noise.set_playing(now, is_held);
        self.plan = Some(plan);
    }

    /// The far side took the call: from now on it is expected to send.
    pub(super) fn answered(&mut self, now: Instant) {
        let mut inactivity = RtpTimeout::new(now, self.rtp_timeout);
        inactivity.set_on_hold(now, self.plan.as_ref().is_some_and(is_held));
        self.inactivity = Some(inactivity);
    }

    /// Whether nothing comes from the far side, though it should. Says so once.
    pub(super) fn is_lost(&mut self, now: Instant) -> bool {
        self.inactivity.as_mut().is_some_and(|inactivity| inactivity.has_expired(now))
    }

    /// When there is something to do.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        let Self { outgoing, incoming, inactivity, rtcp, .. } = self;
        // Without a plan nothing can be sent.
        self.plan.as_ref()?;
        let transcoders = [&outgoing.transcoder, &incoming.transcoder];
        let transcoders = transcoders.into_iter().flatten();
        [
            inactivity.as_ref().and_then(RtpTimeout::next_deadline),
            Some(rtcp.next_deadline()),
            outgoing.dtmf.next_deadline(),
            outgoing.noise.next_deadline(),
            incoming.noise.next_deadline(),
        ]
        .into_iter()
        .chain(transcoders.map(|transcoding| transcoding.transcoder.next_deadline()))
        .flatten()
        .min()
    }

    /// How the far side was received.
    pub(super) fn quality(&self) -> Option<StreamQuality> {
        let plan = self.plan.as_ref()?;
        let late = self.incoming.transcoder.as_ref().map_or(0, |t| t.transcoder.late());
        let Incoming { reception, .. } = &self.incoming;
        StreamQuality::of(plan.codec, reception, late, self.rtcp.round_trip())
    }

    /// Takes in what came to the port for RTP.
    pub(super) fn receive_rtp(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        datagram: &mut [u8],
        sink: &mut BrowserSink<'_>,
    ) {
        if is_rtcp(datagram) {
            return self.receive_rtcp(now, remote, datagram);
        }
        let Self { plan: Some(plan), address, incoming, inactivity, budget, .. } = self else {
            return;
        };
        if !address.may_be(remote) || !budget.take(now) {
            return;
        }
        let packet = match (&plan.srtp, &mut incoming.srtp) {
            (None, _) => &*datagram,
            (Some(_), Some(srtp)) => match srtp.unprotect(datagram) {
                Ok(packet) => packet,
                Err(error) => {
                    tracing::debug!(%error, "a packet of the far side is refused");
                    return;
                }
            },
            (Some(_), None) => return,
        };
        let Some(RtpPacket { header, payload }) = RtpPacket::parse(packet) else { return };
        let kind = header.payload_type;
        let is_speech = kind == plan.receive_payload_type;
        let is_key = plan.telephone_event.is_some_and(|events| events.receive_payload_type == kind);
        let is_noise = plan.comfort_noise == Some(kind);
        if !is_speech && !is_key && !is_noise {
            return;
        }
        address.heard(remote);
        if let Some(inactivity) = inactivity {
            inactivity.activity(now);
        }
        if incoming.ssrc != Some(header.ssrc) {
            incoming.ssrc = Some(header.ssrc);
            incoming.seqs = SeqExtender::default();
            incoming.reception.restart(plan.codec.clock_rate());
        }
        if is_speech {
            incoming.noise.pause_for_speech(now);
        }
        let seq = incoming.seqs.extend(header.seq);
        incoming.reception.packet(now, seq, header.timestamp);
        let source = Source::FarSide { ssrc: header.ssrc };
        let Some(leg) = &sink.browser else { return };
        let times = RtpTimes { seq, timestamp: header.timestamp, marker: header.marker };
        let codec = plan.codec;
        let heard_as = if self.opus_to_browser || !leg.speaks(codec) { Codec::Opus } else { codec };
        if heard_as == codec {
            incoming.transcoder = None;
            sink.stream.set_clock_rate(codec.clock_rate());
            if !is_speech {
                // The browser fills the pause by itself, and has no use for keys.
                sink.stream.skip(source, seq);
            } else if let Some(times) = sink.stream.rewrite(now, source, times) {
                sink.send(now, codec, times, payload);
            }
            return;
        }
        let (slot, from) = (&mut incoming.transcoder, (codec, header.ssrc));
        if let Some((transcoder, is_new)) =
            Transcoding::between(slot, now, from, heard_as, plan.ptime)
        {
            if is_new {
                sink.stream.restart();
            }
            if is_speech {
                transcoder.packet(now, times, payload);
            } else if is_noise {
                transcoder.comfort_noise(payload);
            }
        }
    }

    /// Takes in what came to the port for RTCP.
    pub(super) fn receive_rtcp(&mut self, now: Instant, remote: SocketAddr, datagram: &mut [u8]) {
        let Self {
            plan: Some(plan), address, incoming, inactivity, rtcp, outgoing, budget, ..
        } = self
        else {
            return;
        };
        if !address.is_known(remote) || !budget.take(now) {
            return;
        }
        let packet = match (&plan.srtp, &mut incoming.srtp) {
            (None, _) => &*datagram,
            (Some(_), Some(srtp)) => match srtp.unprotect_rtcp(datagram) {
                Ok(packet) => packet,
                Err(_) => return,
            },
            (Some(_), None) => return,
        };
        if let Some(inactivity) = inactivity {
            inactivity.activity(now);
        }
        // Whether the call is over is for the signalling to say.
        let _goodbye = rtcp.receive(now, packet);
        if let (Some(transcoding), Some(reception)) =
            (&mut outgoing.transcoder, rtcp.remote_reception())
        {
            transcoding.transcoder.set_expected_loss(reception.loss_percent);
        }
    }

    /// Sends the visitor's voice.
    pub(super) fn send_speech(
        &mut self,
        now: Instant,
        speech: &AudioPacket<'_>,
        edge: &mut dyn Edge,
    ) {
        let source = Source::Visitor { ssrc: speech.ssrc };
        let Self { plan: Some(plan), outgoing, .. } = self else { return };
        outgoing.noise.set_playing(now, false);
        if speech.codec != plan.codec {
            let from = (speech.codec, speech.ssrc);
            let slot = &mut outgoing.transcoder;
            if let Some((transcoder, is_new)) =
                Transcoding::between(slot, now, from, plan.codec, plan.ptime)
            {
                if is_new {
                    outgoing.stream.restart();
                }
                transcoder.packet(now, speech.times, speech.payload);
            }
            return;
        }
        outgoing.transcoder = None;
        // A key that is held takes the place of sound, and who is on hold is not sent any.
        if !plan.direction.sends() || outgoing.dtmf.is_sending() {
            outgoing.stream.skip(source, speech.times.seq);
            return;
        }
        if let Some(times) = outgoing.stream.rewrite(now, source, speech.times) {
            self.send(now, PayloadKind::Speech, times, speech.payload, edge);
        }
    }

    /// Leaves out a packet of the visitor's stream that is not speech.
    pub(super) fn skip(&mut self, ssrc: u32, seq: u64) {
        self.outgoing.stream.skip(Source::Visitor { ssrc }, seq);
    }

    /// Presses a key in the media. `false` when the far side does not take that.
    pub(super) fn press(&mut self, now: Instant, digit: Digit) -> bool {
        let takes = self.plan.as_ref().is_some_and(|plan| plan.telephone_event.is_some());
        if takes {
            self.outgoing.dtmf.press(now, digit);
        }
        takes
    }

    /// Nothing comes from the visitor for a while: the far side hears soft noise.
    pub(super) fn play_comfort_noise(&mut self, now: Instant) {
        self.outgoing.noise.set_playing(now, true);
    }
}

/// Whether the far side need not send anything. It may all the same, such as music on hold.
fn is_held(plan: &MediaPlan) -> bool {
    plan.direction != Direction::SendReceive
}
