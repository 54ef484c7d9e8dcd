//! What goes out to both sides, because its time has come or because a packet came in.

use std::time::Instant;

use bellpush_srtp::RtpHeader;

use super::{FarMedia, Incoming, Outgoing, transcoding::Transcoding};
use crate::{
    Codec,
    bridge::{BrowserSink, Edge, noise_player::NoisePlayer},
    media::{RtpTimes, Source},
};

/// What an RTP packet holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum PayloadKind {
    Speech,
    Key,
}

impl FarMedia {
    /// Sends what is due to either side.
    pub(in crate::bridge) fn play(&mut self, now: Instant, sink: &mut BrowserSink<'_>) {
        if self.plan.is_none() {
            return;
        }
        self.send_telephone_events(now, sink.edge);
        self.play_to_far_side(now, sink.edge);
        self.report(now, sink.edge);
        self.play_to_browser(now, sink);
    }

    /// Tells the far side that our stream ends.
    pub(in crate::bridge) fn say_goodbye(&mut self, now: Instant, edge: &mut dyn Edge) {
        let Self { plan: Some(plan), incoming, rtcp, outgoing, .. } = self else { return };
        let Incoming { ssrc, reception, .. } = incoming;
        let clock_rate = plan.codec.clock_rate();
        rtcp.goodbye(now, *ssrc, reception, clock_rate, &mut outgoing.packet);
        self.send_report(edge);
    }

    fn send_telephone_events(&mut self, now: Instant, edge: &mut dyn Edge) {
        while let Some(press) = self.outgoing.dtmf.poll(now) {
            if press.first {
                self.outgoing.dtmf_timestamp = None;
            }
            let times = self.outgoing.stream.insert(now, self.outgoing.dtmf_timestamp);
            self.outgoing.dtmf_timestamp = Some(times.timestamp);
            self.send(now, PayloadKind::Key, times, &press.payload, edge);
        }
    }

    fn play_to_far_side(&mut self, now: Instant, edge: &mut dyn Edge) {
        let Some(plan) = &self.plan else { return };
        let (codec, sends) = (plan.codec, plan.direction.sends());
        if let Some(index) = self.outgoing.noise.poll(now)
            && sends
            && let Some(frame) = self.sounds.noise(codec, index)
        {
            let times = NoisePlayer::times(index, codec);
            if let Some(times) = self.outgoing.stream.rewrite(now, Source::Noise, times) {
                self.send(now, PayloadKind::Speech, times, &frame, edge);
            }
        }
        // Taken out while it is borrowed from.
        let Some(mut transcoding) = self.outgoing.transcoder.take() else { return };
        while let Some(packet) = transcoding.transcoder.poll(now) {
            if !sends || self.outgoing.dtmf.is_sending() {
                self.outgoing.stream.skip(Source::Transcoder, packet.times.seq);
            } else if let Some(times) =
                self.outgoing.stream.rewrite(now, Source::Transcoder, packet.times)
            {
                self.send(now, PayloadKind::Speech, times, packet.payload, edge);
            }
        }
        self.outgoing.transcoder = Some(transcoding);
    }

    fn play_to_browser(&mut self, now: Instant, sink: &mut BrowserSink<'_>) {
        let Self { plan: Some(plan), incoming, sounds, .. } = self else { return };
        if let Some(index) = incoming.noise.poll(now)
            && let Some(leg) = &sink.browser
        {
            let codec = if self.opus_to_browser || !leg.speaks(plan.codec) {
                Codec::Opus
            } else {
                plan.codec
            };
            sink.stream.set_clock_rate(codec.clock_rate());
            let times = NoisePlayer::times(index, codec);
            if let Some(frame) = sounds.noise(codec, index)
                && let Some(times) = sink.stream.rewrite(now, Source::Noise, times)
            {
                sink.send(now, codec, times, &frame);
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

    fn report(&mut self, now: Instant, edge: &mut dyn Edge) {
        let Self { plan: Some(plan), incoming, rtcp, outgoing, .. } = self else { return };
        let Incoming { ssrc, reception, .. } = incoming;
        let clock_rate = plan.codec.clock_rate();
        if rtcp.poll(now, *ssrc, reception, clock_rate, &mut outgoing.packet) {
            self.send_report(edge);
        }
    }

    /// Sends the RTCP that is written.
    fn send_report(&mut self, edge: &mut dyn Edge) {
        let Self { plan: Some(plan), outgoing, address, .. } = self else { return };
        let Outgoing { packet, srtp, .. } = outgoing;
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
            edge.rtp(address.rtp(plan), packet);
        } else {
            edge.rtcp(address.rtcp(plan), packet);
        }
    }

    /// Sends a packet of RTP.
    pub(super) fn send(
        &mut self,
        now: Instant,
        kind: PayloadKind,
        times: RtpTimes,
        payload: &[u8],
        edge: &mut dyn Edge,
    ) {
        let Self { plan: Some(plan), outgoing, address, rtcp, .. } = self else { return };
        let payload_type = match (kind, plan.telephone_event) {
            (PayloadKind::Speech, _) => plan.payload_type,
            (PayloadKind::Key, Some(events)) => events.payload_type,
            (PayloadKind::Key, None) => return,
        };
        let header = RtpHeader {
            payload_type,
            marker: times.marker,
            // On the wire they wrap around.
            seq: times.seq as u16,
            timestamp: times.timestamp,
            ssrc: outgoing.ssrc,
        };
        let packet = &mut outgoing.packet;
        packet.clear();
        packet.extend_from_slice(&header.to_bytes());
        packet.extend_from_slice(payload);
        match (&plan.srtp, &mut outgoing.srtp) {
            (None, _) => {}
            (Some(_), Some(srtp)) => {
                if let Err(error) = srtp.protect(times.seq, packet) {
                    tracing::debug!(%error, "a packet was not protected");
                    return;
                }
            }
            (Some(_), None) => return,
        }
        rtcp.sent(now, times.timestamp, payload.len());
        edge.rtp(address.rtp(plan), packet);
    }
}
