//! RTCP packets (RFC 3550 section 6): read one by one out of a compound, written after another.

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const VERSION: u8 = 2 << 6;
const CNAME: u8 = 1;

/// What a receiver says of one stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ReportBlock {
    /// Whose stream.
    pub(crate) ssrc: u32,
    /// Loss since the last report, as a part of 256.
    pub(crate) fraction_lost: u8,
    /// Loss since the beginning; duplicates can make it negative.
    pub(crate) lost: i32,
    pub(crate) highest_seq: u32,
    /// In timestamp units.
    pub(crate) jitter: u32,
    /// The middle of the last sender report's NTP time; 0 for none.
    pub(crate) last_sr: u32,
    /// Since that was received, in units of 1/65,536 s.
    pub(crate) delay_since_last_sr: u32,
}

/// What a sender says of its own stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SenderInfo {
    /// When it was said, as 32 bits of seconds and 32 of their parts.
    pub(crate) ntp: u64,
    /// The same moment in the stream's timestamps.
    pub(crate) timestamp: u32,
    pub(crate) packets: u32,
    pub(crate) octets: u32,
}

/// One thing that a compound packet says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RtcpItem {
    Sender { ssrc: u32, info: SenderInfo },
    Block(ReportBlock),
    Goodbye { ssrc: u32 },
}

/// Reads a datagram and tells what it says. What is not understood is left out; from where the
/// lengths do not add up, all is.
pub(crate) fn read(mut datagram: &[u8], mut on_item: impl FnMut(RtcpItem)) {
    while let Some((head, _)) = datagram.split_first_chunk::<4>() {
        let [first, kind, high, low] = *head;
        let length = 4 * (usize::from(u16::from_be_bytes([high, low])) + 1);
        let Some((packet, rest)) = datagram.split_at_checked(length) else {
            return;
        };
        if first & 0xC0 != VERSION {
            return;
        }
        let count = usize::from(first & 0x1F);
        let mut words = Words(packet.get(4..).unwrap_or_default());
        match kind {
            SENDER_REPORT => {
                if let Some((ssrc, info)) = words.sender() {
                    on_item(RtcpItem::Sender { ssrc, info });
                    words.blocks(count, &mut on_item);
                }
            }
            RECEIVER_REPORT if words.next().is_some() => words.blocks(count, &mut on_item),
            GOODBYE => (0..count).map_while(|_| words.next()).for_each(|ssrc| {
                on_item(RtcpItem::Goodbye { ssrc });
            }),
            _ => {}
        }
        datagram = rest;
    }
}

struct Words<'a>(&'a [u8]);

impl Words<'_> {
    fn next(&mut self) -> Option<u32> {
        let (word, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*word))
    }

    fn sender(&mut self) -> Option<(u32, SenderInfo)> {
        let ssrc = self.next()?;
        let ntp = u64::from(self.next()?) << 32 | u64::from(self.next()?);
        let (timestamp, packets, octets) = (self.next()?, self.next()?, self.next()?);
        Some((ssrc, SenderInfo { ntp, timestamp, packets, octets }))
    }

    fn blocks(&mut self, count: usize, on_item: &mut impl FnMut(RtcpItem)) {
        (0..count).map_while(|_| self.block()).for_each(|block| on_item(RtcpItem::Block(block)));
    }

    fn block(&mut self) -> Option<ReportBlock> {
        let (ssrc, loss) = (self.next()?, self.next()?);
        Some(ReportBlock {
            ssrc,
            fraction_lost: (loss >> 24) as u8,
            // 24 bits with a sign.
            lost: ((loss << 8) as i32) >> 8,
            highest_seq: self.next()?,
            jitter: self.next()?,
            last_sr: self.next()?,
            delay_since_last_sr: self.next()?,
        })
    }
}

/// Appends a report of `ssrc`: a sender's when there is something to say of its stream.
pub(crate) fn write_report(
    out: &mut Vec<u8>,
    ssrc: u32,
    info: Option<SenderInfo>,
    block: Option<ReportBlock>,
) {
    let kind = if info.is_some() { SENDER_REPORT } else { RECEIVER_REPORT };
    let words = 1 + if info.is_some() { 5 } else { 0 } + if block.is_some() { 6 } else { 0 };
    head(out, kind, block.is_some().into(), words);
    word(out, ssrc);
    if let Some(SenderInfo { ntp, timestamp, packets, octets }) = info {
        out.extend_from_slice(&ntp.to_be_bytes());
        for number in [timestamp, packets, octets] {
            word(out, number);
        }
    }
    if let Some(block) = block {
        let lost = block.lost.clamp(-(1 << 23), (1 << 23) - 1) as u32 & 0x00FF_FFFF;
        word(out, block.ssrc);
        word(out, u32::from(block.fraction_lost) << 24 | lost);
        for number in [block.highest_seq, block.jitter, block.last_sr, block.delay_since_last_sr] {
            word(out, number);
        }
    }
}

/// Appends the name that binds the streams of one end together. At most 255 octets of it count.
pub(crate) fn write_cname(out: &mut Vec<u8>, ssrc: u32, cname: &str) {
    let cname = &cname.as_bytes()[..cname.len().min(255)];
    // The SSRC, the item, and at least one octet of zero up to a whole word.
    let words = 1 + (2 + cname.len()) / 4 + 1;
    head(out, SOURCE_DESCRIPTION, 1, words as u16);
    let end = out.len() + 4 * words;
    word(out, ssrc);
    out.extend_from_slice(&[CNAME, cname.len() as u8]);
    out.extend_from_slice(cname);
    out.resize(end, 0);
}

/// Appends the end of a stream.
pub(crate) fn write_goodbye(out: &mut Vec<u8>, ssrc: u32) {
    head(out, GOODBYE, 1, 1);
    word(out, ssrc);
}

fn head(out: &mut Vec<u8>, kind: u8, count: u8, words: u16) {
    let [high, low] = words.to_be_bytes();
    out.extend_from_slice(&[VERSION | count, kind, high, low]);
}

fn word(out: &mut Vec<u8>, word: u32) {
    out.extend_from_slice(&word.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn items(datagram: &[u8]) -> Vec<RtcpItem> {
        let mut all = Vec::new();
        read(datagram, |item| all.push(item));
        all
    }

    fn any_block() -> impl Strategy<Value = ReportBlock> {
        any::<(u32, u8, i32, u32, u32, u32, u32)>().prop_map(
            |(ssrc, fraction_lost, lost, highest_seq, jitter, last_sr, delay_since_last_sr)| {
                let lost = lost >> 8;
                ReportBlock {
                    ssrc,
                    fraction_lost,
                    lost,
                    highest_seq,
                    jitter,
                    last_sr,
                    delay_since_last_sr,
                }
            },
        )
    }

    #[test]
    fn a_compound_of_another_implementation_is_read() {
        // A sender report with one block, a source description, and a goodbye.
        let datagram = [
            0x81, 200, 0, 12, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, 0, 0, 0,
            6, 0, 0, 0, 7, 0x40, 0xFF, 0xFF, 0xFE, 0, 1, 0, 8, 0, 0, 0, 9, 0, 0, 0, 10, 0, 0, 0,
            11, 0x81, 202, 0, 2, 0, 0, 0, 1, 1, 1, b'x', 0, 0x81, 203, 0, 1, 0, 0, 0, 1,
        ];
        let info = SenderInfo { ntp: 0x2_0000_0003, timestamp: 4, packets: 5, octets: 6 };
        let block = ReportBlock {
            ssrc: 7,
            fraction_lost: 0x40,
            lost: -2,
            highest_seq: 0x1_0008,
            jitter: 9,
            last_sr: 10,
            delay_since_last_sr: 11,
        };
        let expected = [
            RtcpItem::Sender { ssrc: 1, info },
            RtcpItem::Block(block),
            RtcpItem::Goodbye { ssrc: 1 },
        ];
        assert_eq!(items(&datagram), expected);
        // Cut short, what is whole still counts.
        assert_eq!(items(&datagram[..datagram.len() - 1]), expected[..2]);
        assert_eq!(items(&datagram[..51]), []);
    }

    #[test]
    fn a_description_ends_with_zeros_up_to_a_whole_word() {
        for length in 0..10 {
            let mut out = Vec::new();
            write_cname(&mut out, 1, &"abcdefghij"[..length]);
            assert_eq!(out.len() % 4, 0);
            let words = usize::from(u16::from_be_bytes([out[2], out[3]]));
            assert_eq!(out.len(), 4 * (words + 1));
            assert_eq!(out.last(), Some(&0), "{length}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            ssrc: u32,
            info: Option<(u64, u32, u32, u32)>,
            block in proptest::option::of(any_block()),
            cname in "[a-z]{0,40}",
        ) {
            let info = info.map(|(ntp, timestamp, packets, octets)| {
                SenderInfo { ntp, timestamp, packets, octets }
            });
            let mut out = Vec::new();
            write_report(&mut out, ssrc, info, block);
            write_cname(&mut out, ssrc, &cname);
            write_goodbye(&mut out, ssrc);
            let mut expected: Vec<RtcpItem> =
                info.map(|info| RtcpItem::Sender { ssrc, info }).into_iter().collect();
            expected.extend(block.map(RtcpItem::Block));
            expected.push(RtcpItem::Goodbye { ssrc });
            prop_assert_eq!(items(&out), expected);
        }

        #[test]
        fn any_bytes_are_survived(datagram in proptest::collection::vec(any::<u8>(), 0..200)) {
            items(&datagram);
        }
    }
}
