//! What goes out to the far side, because it came from the visitor or because its time has come.

use std::{collections::VecDeque, sync::Arc, time::Instant};

use bellpush_srtp::RtpHeader;

use super::{FarMedia, outgoing::Payload, silence_fill::Announced, transcoding::Transcoding};
use crate::{
    Codec, Digit,
    bridge::Edge,
    legs::{
        sip::MediaPlan,
        webrtc::{AudioPacket, ComfortNoisePacket},
    },
    media::{Inserted, RtpTimes, Source, Transcoder, packet_time},
};

impl FarMedia {
    /// Sends the visitor's voice. Whether that came too late to be heard.
    pub(in crate::bridge) fn send_speech(
        &mut self,
        now: Instant,
        speech: &AudioPacket<'_>,
        edge: &mut dyn Edge,
    ) -> bool {
        let source = Source::Visitor { ssrc: speech.ssrc };
        // Also of who speaks while the far side is yet to take the session: its stream begins with the voice then.
        self.outgoing.noise.set_playing(now, false);
        let Self { plan: Some(plan), outgoing, .. } = self else { return false };
        if speech.codec != plan.codec {
            outgoing.silence.stop();
            let AudioPacket { ssrc, codec, times, payload } = *speech;
            return self.transcoder_of(now, (codec, ssrc)).is_some_and(|transcoder| {
                transcoder.packet(now, codec, times, payload) == Inserted::Late
            });
        }
        outgoing.transcoder = None;
        let is_heard = outgoing.silence.spoken(speech.times.timestamp);
        // A key that is held takes the place of sound, and who is on hold is not sent any.
        if !is_heard || !plan.direction.sends() || outgoing.dtmf.is_sending() {
            outgoing.stream.skip(source, speech.times.seq);
            return false;
        }
        if let Some(times) = outgoing.stream.rewrite(now, source, speech.times) {
            self.send(now, times, Payload::Speech(speech.payload), edge);
        }
        false
    }

    /// What takes this stream of the visitor to the codec that the far side hears.
    fn transcoder_of(&mut self, now: Instant, from: (Codec, u32)) -> Option<&mut Transcoder> {
        let Self { plan: Some(plan), outgoing, rtcp, .. } = self else { return None };
        let loss_percent = rtcp.remote_reception().map_or(0, |heard| heard.loss_percent);
        let (slot, packets) = (&mut outgoing.transcoder, (plan.ptime, loss_percent));
        let (transcoder, is_new) = Transcoding::between(slot, now, from, plan.codec, packets)?;
        if is_new {
            outgoing.stream.restart();
        }
        Some(transcoder)
    }

    /// The visitor falls silent after speaking this codec, and says how loud that is.
    pub(in crate::bridge) fn send_comfort_noise(
        &mut self,
        now: Instant,
        codec: Codec,
        packet: &ComfortNoisePacket<'_>,
        edge: &mut dyn Edge,
    ) {
        let source = Source::Visitor { ssrc: packet.ssrc };
        let Self { plan: Some(plan), outgoing, .. } = self else { return };
        if let Some(transcoding) = &mut outgoing.transcoder {
            outgoing.noise.set_playing(now, false);
            return transcoding.transcoder.comfort_noise(now, packet.payload);
        }
        let is_narrow = |codec: Codec| codec.clock_rate() == 8_000;
        if is_narrow(codec) && !is_narrow(plan.codec) {
            outgoing.noise.set_playing(now, false);
            if let Some(transcoder) = self.transcoder_of(now, (codec, packet.ssrc)) {
                transcoder.comfort_noise(now, packet.payload);
            }
            return;
        }
        // It is the same beside either law of G.711.
        let passes = is_narrow(codec) && is_narrow(plan.codec);
        if !passes || !plan.direction.sends() || outgoing.dtmf.is_sending() {
            outgoing.stream.skip(source, packet.times.seq);
            return;
        }
        outgoing.noise.set_playing(now, false);
        if plan.comfort_noise.is_some() {
            if let Some(times) = outgoing.stream.rewrite(now, source, packet.times) {
                self.send(now, times, Payload::ComfortNoise(packet.payload), edge);
            }
            return;
        }
        let timestamp = packet.times.timestamp;
        let (codec, ptime) = (plan.codec, packet_time(plan.codec, plan.ptime));
        let announced = Announced { source, codec, timestamp, ptime };
        let noise = outgoing.silence.announced(now, announced, packet.payload);
        let Some(noise) = noise.map(Vec::from) else {
            outgoing.stream.skip(source, packet.times.seq);
            return;
        };
        if let Some(times) = outgoing.stream.rewrite(now, source, packet.times) {
            self.send(now, times, Payload::Speech(&noise), edge);
        }
    }

    /// Leaves out a packet of the visitor's stream that is not speech.
    pub(in crate::bridge) fn skip(&mut self, ssrc: u32, seq: u64) {
        self.outgoing.stream.skip(Source::Visitor { ssrc }, seq);
    }

    /// Presses a key in the media. `false` when the far side does not take that, or takes no media at all
    /// as it holds us (RFC 3264 sections 5.1 and 8.4).
    pub(in crate::bridge) fn press(&mut self, now: Instant, digit: Digit) -> bool {
        let takes = self.plan.as_ref().is_some_and(takes_keys);
        if takes {
            self.outgoing.dtmf.press(now, digit);
        }
        takes
    }

    /// Whether it is yet to be agreed how media flows.
    pub(in crate::bridge) fn is_unplanned(&self) -> bool {
        self.plan.is_none()
    }

    /// The keys that wait to be pressed in the media of a far side that takes none there any more.
    pub(in crate::bridge) fn take_keys(&mut self) -> VecDeque<Digit> {
        match &self.plan {
            Some(plan) if !takes_keys(plan) => self.outgoing.dtmf.take_waiting(),
            Some(_) | None => VecDeque::new(),
        }
    }

    /// Nothing comes from the visitor for a while: the far side hears soft noise.
    pub(in crate::bridge) fn play_comfort_noise(&mut self, now: Instant) {
        self.outgoing.silence.stop();
        // It would fill in for a visitor who only pauses.
        self.outgoing.transcoder = None;
        self.outgoing.noise.set_playing(now, true);
    }

    pub(super) fn send_telephone_events(&mut self, now: Instant, edge: &mut dyn Edge) {
        while let Some(packet) = self.outgoing.dtmf.poll(now) {
            let outgoing = &mut self.outgoing;
            if packet.first {
                outgoing.dtmf_timestamp = None;
                let events = self.plan.as_ref().and_then(|plan| plan.telephone_event);
                outgoing.event_clock.begin(now, events.map_or(8_000, |events| events.clock_rate));
            }
            let times = outgoing.stream.insert(now, outgoing.dtmf_timestamp);
            outgoing.dtmf_timestamp = Some(times.timestamp);
            self.send(now, times, Payload::TelephoneEvent(&packet.payload), edge);
        }
    }

    pub(super) fn play_to_far_side(&mut self, now: Instant, edge: &mut dyn Edge) {
        let Some(plan) = &self.plan else { return };
        let (codec, sends) = (plan.codec, plan.direction.sends());
        let ptime = packet_time(codec, plan.ptime);
        if let Some(noise) = self.outgoing.noise.poll(now, ptime)
            && sends
            && !self.outgoing.dtmf.is_sending()
        {
            let sounds = Arc::clone(&self.sounds);
            if let Some(frame) = sounds.noise(codec, ptime, noise.index)
                && let Some(times) =
                    self.outgoing.stream.rewrite(now, Source::Noise, noise.times(codec))
            {
                self.send(now, times, Payload::Speech(frame), edge);
            }
        }
        self.fill_silence(now, sends, edge);
        // Taken out while it is borrowed from.
        let Some(mut transcoding) = self.outgoing.transcoder.take() else { return };
        while let Some(packet) = transcoding.transcoder.poll(now) {
            if !sends || self.outgoing.dtmf.is_sending() {
                self.outgoing.stream.skip(Source::Transcoder, packet.times.seq);
            } else if let Some(times) =
                self.outgoing.stream.rewrite(now, Source::Transcoder, packet.times)
            {
                self.send(now, times, Payload::Speech(packet.payload), edge);
            }
        }
        self.outgoing.transcoder = Some(transcoding);
    }

    fn fill_silence(&mut self, now: Instant, sends: bool, edge: &mut dyn Edge) {
        while let Some(noise) = self.outgoing.silence.poll(now) {
            let (source, timestamp, payload) =
                (noise.source, noise.timestamp, noise.payload.to_vec());
            if sends
                && !self.outgoing.dtmf.is_sending()
                && let Some(times) = self.outgoing.stream.insert_for(now, source, timestamp)
            {
                self.send(now, times, Payload::Speech(&payload), edge);
            }
        }
    }

    /// Sends a packet of RTP.
    fn send(&mut self, now: Instant, times: RtpTimes, payload: Payload<'_>, edge: &mut dyn Edge) {
        let Self { plan: Some(plan), outgoing, selection, rtcp, .. } = self else { return };
        let mut timestamp = times.timestamp;
        let (payload_type, payload) = match payload {
            Payload::Speech(payload) => (plan.payload_type, payload),
            Payload::ComfortNoise(payload) => {
                let Some(payload_type) = plan.comfort_noise else { return };
                (payload_type, payload)
            }
            Payload::TelephoneEvent(payload) => {
                let Some(events) = plan.telephone_event else { return };
                if events.clock_rate != plan.codec.clock_rate() {
                    timestamp = outgoing.event_clock.timestamp;
                }
                (events.payload_type, payload)
            }
        };
        let header = RtpHeader {
            payload_type,
            marker: times.marker,
            // On the wire they wrap around.
            seq: times.seq as u16,
            timestamp,
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
        edge.rtp(selection.address().rtp(plan), packet);
    }
}

/// Whether the far side takes keys in the media.
fn takes_keys(plan: &MediaPlan) -> bool {
    plan.telephone_event.is_some() && plan.direction.sends()
}
