//! Media on the connection that ICE and DTLS made: SRTP both ways, and reports of both.

use std::time::{Duration, Instant};

use bellpush_srtp::{
    RtpHeader, RtpPacket, SeqExtender, SrtpError, SrtpKeys, SrtpReceiver, SrtpSender, is_rtcp,
};

use crate::media::{ChangeLimit, Reception, RtcpSession, RtpTimes, WallClock};

/// The media of one browser.
pub(super) struct Media {
    sender: SrtpSender,
    receiver: SrtpReceiver,
    ssrc: u32,
    rtcp: RtcpSession,
    /// The stream that comes from the browser.
    stream: ChangeLimit<u32>,
    seqs: SeqExtender,
    /// The packet that goes out next is written here.
    packet: Vec<u8>,
}

/// A packet of the browser.
#[derive(Debug)]
pub(super) enum FromBrowser<'a> {
    Rtp(RtpPacket<'a>, RtpTimes),
    Reports,
    /// Of a stream that may not take the place of the present one yet.
    OtherStream,
}

impl Media {
    /// `ours` is our stream's number and its sender's name, as the browser was told.
    pub(super) fn new(
        now: Instant,
        keys: &SrtpKeys,
        ours: (u32, &str),
        clock: WallClock,
    ) -> Result<Self, SrtpError> {
        let (ssrc, cname) = (ours.0, ours.1.to_owned());
        Ok(Self {
            sender: SrtpSender::new(&keys.ours)?,
            receiver: SrtpReceiver::new(&keys.theirs)?,
            ssrc,
            rtcp: RtcpSession::new(now, ssrc, cname, clock),
            stream: ChangeLimit::new(),
            seqs: SeqExtender::default(),
            packet: Vec::new(),
        })
    }

    /// Takes in a datagram, which is decrypted where it lies.
    pub(super) fn receive<'a>(
        &mut self,
        now: Instant,
        datagram: &'a mut [u8],
    ) -> Result<FromBrowser<'a>, SrtpError> {
        if is_rtcp(datagram) {
            let reports = self.receiver.unprotect_rtcp(datagram)?;
            // Whether the call is over is for DTLS and the page to say.
            let _goodbye = self.rtcp.receive(now, reports);
            return Ok(FromBrowser::Reports);
        }
        let packet = self.receiver.unprotect(datagram)?;
        let packet = RtpPacket::parse(packet).ok_or(SrtpError::Malformed)?;
        let RtpHeader { ssrc, seq, timestamp, marker, .. } = packet.header;
        let before = self.stream.present();
        if !self.stream.admits(now, ssrc) {
            return Ok(FromBrowser::OtherStream);
        }
        if before != Some(ssrc) {
            self.seqs = SeqExtender::default();
        }
        let times = RtpTimes { seq: self.seqs.extend(seq), timestamp, marker };
        Ok(FromBrowser::Rtp(packet, times))
    }

    /// The protected packet of our stream with these numbers.
    pub(super) fn protect(
        &mut self,
        now: Instant,
        payload_type: u8,
        times: RtpTimes,
        payload: &[u8],
    ) -> Result<&[u8], SrtpError> {
        let header = RtpHeader {
            payload_type,
            marker: times.marker,
            // On the wire they wrap around.
            seq: times.seq as u16,
            timestamp: times.timestamp,
            ssrc: self.ssrc,
        };
        self.packet.clear();
        self.packet.extend_from_slice(&header.to_bytes());
        self.packet.extend_from_slice(payload);
        self.sender.protect(times.seq, &mut self.packet)?;
        self.rtcp.sent(now, times.timestamp, payload.len());
        Ok(&self.packet)
    }

    /// When a report is due.
    pub(super) fn next_report(&self) -> Instant {
        self.rtcp.next_deadline()
    }

    /// The protected report, if one is due.
    pub(super) fn report(
        &mut self,
        now: Instant,
        reception: &mut Reception,
        clock_rate: u32,
    ) -> Option<&[u8]> {
        let due =
            self.rtcp.poll(now, self.stream.present(), reception, clock_rate, &mut self.packet);
        (due && self.sender.protect_rtcp(&mut self.packet).is_ok()).then_some(&self.packet)
    }

    /// The protected end of our stream.
    pub(super) fn goodbye(
        &mut self,
        now: Instant,
        reception: &mut Reception,
        clock_rate: u32,
    ) -> Option<&[u8]> {
        self.rtcp.goodbye(now, self.stream.present(), reception, clock_rate, &mut self.packet);
        self.sender.protect_rtcp(&mut self.packet).is_ok().then_some(&self.packet)
    }

    /// Which part of our stream the browser has lost of late, in percent, as far as its reports tell.
    pub(super) fn loss_percent(&self) -> u8 {
        self.rtcp.remote_reception().map_or(0, |reception| reception.loss_percent)
    }

    /// How long it takes to the browser and back, as far as its reports tell.
    pub(super) fn round_trip(&self) -> Option<Duration> {
        self.rtcp.round_trip()
    }
}

#[cfg(test)]
mod tests {
    use bellpush_srtp::{SRTP_KEY_LEN, SrtpKey, SrtpSuite};

    use super::*;

    const PACKETS_PER_SECOND: u32 = 150;

    #[test]
    fn whoever_says_each_packet_by_another_stream_is_heard_by_one_new_one_a_second() {
        let key = SrtpKey::from_random(SrtpSuite::AeadAes128Gcm, &[7; SRTP_KEY_LEN]);
        let start = Instant::now();
        let keys = SrtpKeys { ours: key.clone(), theirs: key.clone() };
        let clock = WallClock::new(start, Duration::ZERO);
        let mut media = Media::new(start, &keys, (1, "bell"), clock).unwrap();
        let mut browser = SrtpSender::new(&key).unwrap();
        let mut heard = Vec::new();
        for n in 0..5 * PACKETS_PER_SECOND {
            // Each SSRC is new, or is one that was let in long ago.
            let ssrc = 1_000 + n % 400;
            let header =
                RtpHeader { payload_type: 111, marker: false, seq: n as u16, timestamp: n, ssrc };
            let mut packet = header.to_bytes().to_vec();
            packet.push(0xF8);
            browser.protect(n.into(), &mut packet).unwrap();
            let now = start + Duration::from_secs(1) * n / PACKETS_PER_SECOND;
            match media.receive(now, &mut packet).unwrap() {
                FromBrowser::Rtp(packet, _) => heard.push(packet.header.ssrc),
                FromBrowser::OtherStream => {}
                FromBrowser::Reports => panic!("no report was sent"),
            }
        }
        heard.dedup();
        assert_eq!(heard.len(), 5, "{heard:?}");
    }
}
