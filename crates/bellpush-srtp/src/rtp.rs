//! RTP packets (RFC 3550 section 5.1): read where they lie, written in place.

/// Octets of a header without contributors and extension, the only kind that is written here.
pub const RTP_HEADER_LEN: usize = 12;

const VERSION: u8 = 2 << 6;
const PADDING: u8 = 1 << 5;
const EXTENSION: u8 = 1 << 4;
const CONTRIBUTORS: u8 = 0x0F;
const MARKER: u8 = 1 << 7;

/// The numbers of one packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpHeader {
    /// What is in it, as offer and answer numbered it.
    pub payload_type: u8,
    /// Whether it is the first packet after a pause.
    pub marker: bool,
    /// The sequence number; it wraps around.
    pub seq: u16,
    /// In units of the codec's clock; it wraps around.
    pub timestamp: u32,
    /// The stream that it belongs to.
    pub ssrc: u32,
}

/// A packet that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// Its numbers.
    pub header: RtpHeader,
    /// What it holds, without padding.
    pub payload: &'a [u8],
}

impl<'a> RtpPacket<'a> {
    /// Reads a datagram. `None` when it is not RTP, or its lengths do not add up.
    #[must_use]
    pub fn parse(datagram: &'a [u8]) -> Option<Self> {
        let (fixed, mut rest) = datagram.split_first_chunk::<RTP_HEADER_LEN>()?;
        let [first, second, seq_high, seq_low, numbers @ ..] = *fixed;
        let [t0, t1, t2, t3, s0, s1, s2, s3] = numbers;
        if first & 0xC0 != VERSION {
            return None;
        }
        rest = rest.get(4 * usize::from(first & CONTRIBUTORS)..)?;
        if first & EXTENSION != 0 {
            let ([_, _, high, low], behind) = rest.split_first_chunk::<4>()?;
            rest = behind.get(4 * usize::from(u16::from_be_bytes([*high, *low]))..)?;
        }
        if first & PADDING != 0 {
            let padding = usize::from(*rest.last()?);
            // The count includes itself.
            rest = rest.get(..rest.len().checked_sub(padding.max(1))?)?;
        }
        let header = RtpHeader {
            payload_type: second & !MARKER,
            marker: second & MARKER != 0,
            seq: u16::from_be_bytes([seq_high, seq_low]),
            timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
            ssrc: u32::from_be_bytes([s0, s1, s2, s3]),
        };
        Some(Self { header, payload: rest })
    }
}

impl RtpHeader {
    /// The header as it goes before a payload.
    #[must_use]
    pub fn to_bytes(self) -> [u8; RTP_HEADER_LEN] {
        let [seq_high, seq_low] = self.seq.to_be_bytes();
        let [t0, t1, t2, t3] = self.timestamp.to_be_bytes();
        let [s0, s1, s2, s3] = self.ssrc.to_be_bytes();
        let second = (self.payload_type & !MARKER) | if self.marker { MARKER } else { 0 };
        [VERSION, second, seq_high, seq_low, t0, t1, t2, t3, s0, s1, s2, s3]
    }
}

/// Whether a datagram on a port that RTP and RTCP share is RTCP (RFC 5761 section 4).
#[must_use]
pub fn is_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, 192..=223, ..] if first & 0xC0 == VERSION)
}

/// Extends sequence numbers over their 16 bits.
#[derive(Debug, Default)]
pub struct SeqExtender {
    highest: Option<u64>,
}

impl SeqExtender {
    /// The extended number that is nearest to the highest one so far. The first is put one cycle
    /// up, so that one that was overtaken by it has a number, too.
    pub fn extend(&mut self, seq: u16) -> u64 {
        let Some(highest) = self.highest else {
            let first = u64::from(seq) + (1 << 16);
            self.highest = Some(first);
            return first;
        };
        // The distance as the nearer of both ways around the circle.
        let distance = i64::from(seq.wrapping_sub(highest as u16) as i16);
        let extended = highest.saturating_add_signed(distance);
        self.highest = Some(highest.max(extended));
        extended
    }

    /// How far an extended number is behind the highest one so far.
    #[must_use]
    pub fn behind(&self, extended: u64) -> u64 {
        self.highest.map_or(0, |highest| highest.saturating_sub(extended))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A packet with everything that a header may have.
    const FULL: [u8; 34] = [
        0b1011_0010, // version 2, padding, extension, two contributors
        0b1000_1000, // marker, PCMA
        0x12,
        0x34,
        0xDE,
        0xAD,
        0xBE,
        0xEF,
        0x01,
        0x02,
        0x03,
        0x04, // numbers
        1,
        1,
        1,
        1,
        2,
        2,
        2,
        2, // contributors
        0xBE,
        0xDE,
        0,
        1,
        9,
        9,
        9,
        9, // extension of one word
        0xAA,
        0xBB,
        0xCC, // payload
        0,
        0,
        3, // padding
    ];

    #[test]
    fn a_packet_with_contributors_extension_and_padding_is_read() {
        let packet = RtpPacket::parse(&FULL).unwrap();
        assert_eq!(packet.payload, [0xAA, 0xBB, 0xCC]);
        let RtpHeader { payload_type, marker, seq, timestamp, ssrc } = packet.header;
        assert_eq!((payload_type, marker, seq), (8, true, 0x1234));
        assert_eq!((timestamp, ssrc), (0xDEAD_BEEF, 0x0102_0304));
    }

    #[test]
    fn a_packet_cut_anywhere_in_its_header_is_refused() {
        for length in 0..28 {
            assert_eq!(RtpPacket::parse(&FULL[..length]), None, "{length} octets");
        }
    }

    #[test]
    fn more_padding_than_packet_is_refused() {
        let mut packet = FULL;
        packet[33] = 7;
        assert_eq!(RtpPacket::parse(&packet), None);
        // A count of nothing is a sender's mistake: it is counted as the octet that it is.
        packet[33] = 0;
        assert_eq!(RtpPacket::parse(&packet).unwrap().payload.len(), 5);
    }

    #[test]
    fn reports_are_told_from_audio_on_one_port() {
        assert!(is_rtcp(&[0x80, 200, 0, 6]));
        assert!(is_rtcp(&[0x81, 203, 0, 1]));
        assert!(!is_rtcp(&FULL));
        assert!(!is_rtcp(&[0x80, 96 | 0x80, 0, 0]));
        assert!(!is_rtcp(&[0x00, 200]));
        assert!(!is_rtcp(&[]));
    }

    #[test]
    fn numbers_run_on_over_their_16_bits() {
        let mut extender = SeqExtender::default();
        let out: Vec<u64> =
            [65_534, 65_535, 1, 0, 2, 65_533].map(|seq| extender.extend(seq)).into();
        assert_eq!(out, [131_070, 131_071, 131_073, 131_072, 131_074, 131_069]);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            payload_type in 0_u8..128, marker: bool, seq: u16, timestamp: u32, ssrc: u32,
            payload in proptest::collection::vec(any::<u8>(), 0..200),
        ) {
            let header = RtpHeader { payload_type, marker, seq, timestamp, ssrc };
            let datagram = [&header.to_bytes()[..], &payload].concat();
            prop_assert_eq!(RtpPacket::parse(&datagram), Some(RtpPacket { header, payload: &payload }));
        }

        #[test]
        fn any_bytes_are_survived(datagram in proptest::collection::vec(any::<u8>(), 0..100)) {
            if let Some(packet) = RtpPacket::parse(&datagram) {
                prop_assert!(packet.payload.len() + RTP_HEADER_LEN <= datagram.len());
            }
        }

        #[test]
        fn extended_numbers_keep_their_low_16_bits(
            seqs in proptest::collection::vec(any::<u16>(), 1..200),
        ) {
            let mut extender = SeqExtender::default();
            for seq in seqs {
                prop_assert_eq!(extender.extend(seq) as u16, seq);
            }
        }
    }
}
