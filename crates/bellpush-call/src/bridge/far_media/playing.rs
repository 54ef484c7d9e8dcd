//! What goes out to both sides, because its time has come or because a packet came in.

use std::time::Instant;

use bellpush_srtp::RtpHeader;

use super::{FarMedia, Incoming, Outgoing, transcoding::Transcoding};
use crate::{
    Codec,
    bridge::{Ear, Edge, noise_player::NoisePlayer},
    media::{RtpTimes, Source},
};

/// What an RTP packet holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Speech,
    Key,
}

impl FarMedia {
    /// Sends what is due to either side.
    pub(in crate::bridge) fn play(&mut self, now: Instant, ear: &mut Ear<'_>) {
        if self.plan.is_none() {
            return;
        }
        self.play_keys(now, ear.edge);
        self.play_to_far_side(now, ear.edge);
        self.report(now, ear.edge);
        self.play_to_browser(now, ear);
    }

    /// Tells the far side that our stream ends.
    pub(in crate::bridge) fn say_goodbye(&mut self, now: Instant, edge: &mut dyn Edge) {
        let Self { plan: Some(plan), incoming, rtcp, outgoing, .. } = self else { return };
        let Incoming { ssrc, reception, .. } = incoming;
        let clock_rate = plan.codec.clock_rate();
        rtcp.goodbye(now, *ssrc, reception, clock_rate, &mut outgoing.packet);
        self.send_report(edge);
    }

    fn play_keys(&mut self, now: Instant, edge: &mut dyn Edge) {
        while let Some(press) = self.outgoing.presses.poll(now) {
            if press.first {
                self.outgoing.pressed_at = None;
            }
            let times = self.outgoing.stream.insert(now, self.outgoing.pressed_at);
            self.outgoing.pressed_at = Some(times.timestamp);
            self.send(now, Kind::Key, times, &press.payload, edge);
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
                self.send(now, Kind::Speech, times, &frame, edge);
            }
        }
        // Taken out while it is borrowed from.
        let Some(mut transcoding) = self.outgoing.transcoder.take() else { return };
        while let Some(packet) = transcoding.transcoder.poll(now) {
            if !sends || self.outgoing.presses.is_pressing() {
                self.outgoing.stream.skip(Source::Transcoder, packet.times.seq);
            } else if let Some(times) =
                self.outgoing.stream.rewrite(now, Source::Transcoder, packet.times)
            {
                self.send(now, Kind::Speech, times, packet.payload, edge);
            }
        }
        self.outgoing.transcoder = Some(transcoding);
    }

    fn play_to_browser(&mut self, now: Instant, ear: &mut Ear<'_>) {
        let Self { plan: Some(plan), incoming, sounds, .. } = self else { return };
        if let Some(index) = incoming.noise.poll(now)
            && let Some(leg) = &ear.browser
        {
            let codec = if self.opus_to_browser || !leg.speaks(plan.codec) {
                Codec::Opus
            } else {
                plan.codec
            };
            ear.stream.set_clock_rate(codec.clock_rate());
            let times = NoisePlayer::times(index, codec);
            if let Some(frame) = sounds.noise(codec, index)
                && let Some(times) = ear.stream.rewrite(now, Source::Noise, times)
            {
                ear.hear(now, codec, times, &frame);
            }
        }
        if let Some(Transcoding { transcoder, to, .. }) = &mut incoming.transcoder {
            ear.stream.set_clock_rate(to.clock_rate());
            while let Some(packet) = transcoder.poll(now) {
                if ear.browser.is_some()
                    && let Some(times) = ear.stream.rewrite(now, Source::Transcoder, packet.times)
                {
                    ear.hear(now, *to, times, packet.payload);
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
        kind: Kind,
        times: RtpTimes,
        payload: &[u8],
        edge: &mut dyn Edge,
    ) {
        let Self { plan: Some(plan), outgoing, address, rtcp, .. } = self else { return };
        let payload_type = match (kind, plan.telephone_event) {
            (Kind::Speech, _) => plan.payload_type,
            (Kind::Key, Some(keys)) => keys.payload_type,
            (Kind::Key, None) => return,
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
