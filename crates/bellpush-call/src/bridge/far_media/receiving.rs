//! What comes from the far side, and what is due to the browser.

use std::{net::SocketAddr, time::Instant};

use bellpush_srtp::{RtpPacket, is_rtcp};

use super::{FarMedia, transcoding::Transcoding};
use crate::{
    Codec,
    bridge::{BrowserSink, source_selection::Selected},
    legs::{sip::Format, webrtc::WebRtcLeg},
    media::{FRAME, Inserted, Source},
};

impl FarMedia {
    /// Takes in what came to the port for RTP.
    pub(in crate::bridge) fn receive_rtp(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        datagram: &mut [u8],
        sink: &mut BrowserSink<'_>,
    ) {
        if is_rtcp(datagram) {
            return self.receive_rtcp(now, remote, datagram);
        }
        let Self { plan: Some(plan), former_formats, selection, incoming, inactivity, .. } = self
        else {
            return;
        };
        let budgets = &mut self.budgets;
        if !selection.may_be(remote) {
            return;
        }
        let budget = match selection.is_heard_from(remote) {
            true => &mut budgets.heard,
            false => &mut budgets.others,
        };
        if !budget.take(now) {
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
        let agreed = plan.format(header.payload_type);
        let Some(format) = agreed.or_else(|| {
            former_formats
                .iter()
                .find_map(|(n, format)| (*n == header.payload_type).then_some(*format))
        }) else {
            return;
        };
        match selection.select(now, remote, header.ssrc) {
            Selected::Other => {
                if let Some(source) = selection.poll_unheard() {
                    sink.edge.rtp_source(source);
                }
                return;
            }
            Selected::Present => {}
            Selected::New => {
                incoming.begin_source();
                if let Some(source) = selection.source() {
                    sink.edge.rtp_source(source);
                }
            }
        }
        if let Some(inactivity) = inactivity {
            inactivity.activity(now);
        }
        if matches!(agreed, Some(Format::Speech(_))) && !former_formats.is_empty() {
            // It has our answer.
            former_formats.clear();
            incoming.begin_way();
        }
        let times = incoming.take(now, format, &header);
        let codec = incoming.codec.unwrap_or(plan.codec);
        let Some(leg) = &sink.browser else { return };
        let heard_as = heard_as(leg, codec, self.opus_to_browser);
        if !incoming.may_be_heard_as(now, codec, heard_as) {
            let source = Source::FarSide { stream: incoming.stream };
            return sink.stream.skip(source, times.seq);
        }
        if heard_as == codec {
            return incoming.pass(now, (format, codec), times, payload, sink);
        }
        let (slot, from) = (&mut incoming.transcoder, (codec, incoming.stream));
        let packets = (FRAME, leg.loss_percent());
        if let Some((transcoder, is_new)) = Transcoding::between(slot, now, from, heard_as, packets)
        {
            if is_new {
                sink.stream.restart();
            }
            match format {
                Format::Speech(codec) => {
                    if transcoder.packet(now, codec, times, payload) == Inserted::Late {
                        incoming.reception.unheard();
                    }
                }
                Format::ComfortNoise => transcoder.comfort_noise(now, payload),
                Format::TelephoneEvent(_) => {}
            }
        }
    }

    /// Takes in what came to the port for RTCP.
    pub(in crate::bridge) fn receive_rtcp(
        &mut self,
        now: Instant,
        remote: SocketAddr,
        datagram: &mut [u8],
    ) {
        let Self { plan: Some(plan), selection, incoming, inactivity, rtcp, budgets, .. } = self
        else {
            return;
        };
        if !selection.may_report(remote, plan) || !budgets.reports.take(now) {
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
        // Another stream's reports say nothing of this one. RFC 3550 section 6.1: whose they are
        // stands at the beginning.
        let sender = packet.get(4..8).and_then(|ssrc| <[u8; 4]>::try_from(ssrc).ok());
        if !sender.is_some_and(|ssrc| selection.is_of_present(u32::from_be_bytes(ssrc))) {
            return;
        }
        // Whether the call is over is for the signalling to say.
        let _goodbye = rtcp.receive(now, packet);
    }

    /// Another browser listens: a silence that the one before was told of is told anew, when it is said again.
    pub(in crate::bridge) fn begin_listener(&mut self) {
        self.incoming.silence.stop();
    }

    pub(super) fn play_to_browser(&mut self, now: Instant, sink: &mut BrowserSink<'_>) {
        let Self { plan: Some(plan), incoming, sounds, .. } = self else { return };
        // It fills in for who has just stopped, and then stops itself.
        let transcoder = incoming.transcoder.as_ref().map(|transcoding| &transcoding.transcoder);
        if transcoder.is_some_and(|transcoder| transcoder.next_deadline().is_some()) {
            incoming.noise.pause_for_speech(now);
        }
        if let Some(leg) = &sink.browser {
            let codec = heard_as(leg, plan.codec, self.opus_to_browser);
            if let Some(noise) = incoming.noise.poll(now, FRAME) {
                sink.stream.set_clock_rate(codec.clock_rate());
                if let Some(frame) = sounds.noise(codec, FRAME, noise.index)
                    && let Some(times) = sink.stream.rewrite(now, Source::Noise, noise.times(codec))
                {
                    sink.send(now, codec, times, frame);
                }
            }
        } else {
            // Nobody is there to hear it, but its time passes.
            let _ = incoming.noise.poll(now, FRAME);
        }
        while let Some(noise) = incoming.silence.poll(now) {
            if let Some(times) = sink.stream.insert_for(now, noise.source, noise.timestamp) {
                sink.send(now, noise.codec, times, noise.payload);
            }
        }
        if let Some(Transcoding { transcoder, to, .. }) = &mut incoming.transcoder {
            sink.stream.set_clock_rate(to.clock_rate());
            while let Some(packet) = transcoder.poll(now) {
                if sink.browser.is_some()
                    && let Some(times) = sink.stream.rewrite(now, Source::Transcoder, packet.times)
                {
                    sink.send(now, *to, times, packet.payload);
                }
            }
        }
    }
}

/// The codec in which the browser hears what is spoken in this one.
fn heard_as(leg: &WebRtcLeg, codec: Codec, opus_to_browser: bool) -> Codec {
    if opus_to_browser || !leg.speaks(codec) { Codec::Opus } else { codec }
}
