//! Keypad presses out of RFC 4733 telephone-event packets, each reported once.
//!
//! A press is many packets: updates while the key is down, and the last one three times. What they
//! share is the RTP timestamp of the press, so the first packet of a new timestamp is the press,
//! whichever of them it is.

use crate::Digit;

/// A press longer than its 16-bit duration goes on in a new segment, that much later (RFC 4733
/// section 2.5.1.3).
const SEGMENT: u32 = 0xFFFF;
/// How far from that a segment may end, and the next one begin after it: three packets of 20 ms at 48 kHz.
/// Browsers begin the next one at the time of its first packet.
const SLACK: u32 = 3 * 960;

/// Follows the telephone-event packets of one RTP stream.
#[derive(Debug, Default)]
pub(crate) struct DtmfReceiver {
    latest: Option<Segment>,
}

#[derive(Debug)]
struct Segment {
    start: u32,
    code: u8,
    ended: bool,
    /// As far as it has been heard.
    duration: u16,
}

/// A report of a packet.
struct Report {
    start: u32,
    /// Whether the packet says that a press begins (RFC 4733 section 2.5.1.1).
    marker: bool,
    code: u8,
    end: bool,
    duration: u16,
}

impl DtmfReceiver {
    /// Takes a packet and calls `pressed` for each press that begins with it. A payload of odd
    /// length is ignored.
    pub(crate) fn packet(
        &mut self,
        timestamp: u32,
        marker: bool,
        payload: &[u8],
        mut pressed: impl FnMut(Digit),
    ) {
        let (reports, []) = payload.as_chunks::<4>() else {
            return;
        };
        // Reports after the first one start where the one before ended (section 2.5.1.5).
        let mut start = timestamp;
        for &[code, flags, duration_high, duration_low] in reports {
            let duration = u16::from_be_bytes([duration_high, duration_low]);
            let end = flags & 0x80 != 0;
            if let Some(digit) = self.report(Report { start, marker, code, end, duration }) {
                pressed(digit);
            }
            start = start.wrapping_add(duration.into());
        }
    }

    fn report(&mut self, report: Report) -> Option<Digit> {
        let Report { start, marker, code, end, duration } = report;
        let mut same_press = false;
        if let Some(latest) = &mut self.latest {
            let since = start.wrapping_sub(latest.start);
            if since == 0 {
                latest.ended |= end;
                latest.duration = latest.duration.max(duration);
                return None;
            }
            if since > u32::MAX / 2 {
                return None; // A late packet of an earlier press.
            }
            same_press =
                !latest.ended && latest.code == code && !marker && latest.goes_on_after(since);
        }
        self.latest = Some(Segment { start, code, ended: end, duration });
        if same_press { None } else { Digit::from_event_code(code) }
    }
}

impl Segment {
    /// Whether what begins so much later is the next segment of the same press, or one after that.
    fn goes_on_after(&self, since: u32) -> bool {
        let duration = u32::from(self.duration);
        let is_full = duration >= SEGMENT - SLACK;
        let is_next = since.checked_sub(duration).is_some_and(|pause| pause <= SLACK);
        since.is_multiple_of(SEGMENT) || is_full && is_next
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Packet = (u32, [u8; 4]);

    fn report(code: u8, end: bool, duration: u16) -> [u8; 4] {
        let [high, low] = duration.to_be_bytes();
        [code, if end { 0x8A } else { 0x0A }, high, low]
    }

    /// All packets of a press of `updates` times 20 ms at 48 kHz.
    fn press(code: u8, start: u32, updates: u32) -> Vec<Packet> {
        let mut packets: Vec<Packet> = (1..=updates)
            .map(|n| {
                let length = n * 960;
                let segment = length.saturating_sub(1) / SEGMENT * SEGMENT;
                let duration = u16::try_from(length - segment).unwrap();
                (start.wrapping_add(segment), report(code, n == updates, duration))
            })
            .collect();
        let last = *packets.last().unwrap();
        packets.extend([last, last]);
        packets
    }

    fn pressed(packets: &[Packet]) -> String {
        let mut detector = DtmfReceiver::default();
        let mut digits = String::new();
        for (timestamp, payload) in packets {
            detector
                .packet(*timestamp, false, payload, |digit| digits.push_str(&digit.to_string()));
        }
        digits
    }

    #[test]
    fn a_press_of_many_packets_is_one_press() {
        assert_eq!(pressed(&press(10, 5_000, 8)), "*");
    }

    #[test]
    fn the_same_key_twice_is_two_presses_even_without_the_end_of_the_first() {
        let first = press(5, 5_000, 8);
        let second = press(5, 20_000, 8);
        assert_eq!(pressed(&[first.clone(), second.clone()].concat()), "55");
        assert_eq!(pressed(&[&first[..3], &second[..]].concat()), "55");
    }

    #[test]
    fn a_press_over_several_segments_is_one_press() {
        let long = press(1, u32::MAX - 100, 250);
        assert!(
            long.iter().map(|(start, _)| start).collect::<std::collections::BTreeSet<_>>().len()
                > 3
        );
        assert_eq!(pressed(&long), "1");
        // Also when a whole segment is lost on its way.
        let lost: Vec<_> = long
            .iter()
            .filter(|(start, _)| *start != (u32::MAX - 100).wrapping_add(SEGMENT))
            .copied()
            .collect();
        assert_eq!(pressed(&lost), "1");
    }

    /// Chromium's insertDTMF of two seconds and more: the next segment begins at the time of its first packet.
    #[test]
    fn a_segment_that_begins_somewhat_later_is_of_the_same_press() {
        for (step, last, next) in [
            (960, 65_280, 66_240),
            (960, 65_535, 66_240),
            (960, 65_535, 67_200),
            (160, 65_440, 65_440),
        ] {
            let mut packets: Vec<Packet> = (1_u16..)
                .map_while(|n| n.checked_mul(step))
                .map(|length| (7, report(1, false, length)))
                .collect();
            packets.push((7, report(1, false, last)));
            packets.extend([false, true, true, true].map(|end| (7 + next, report(1, end, step))));
            assert_eq!(pressed(&packets), "1", "{next}");
            // Also when the last packets of the first one are lost.
            let before = packets.iter().filter(|(start, _)| *start == 7).count();
            packets.drain(before - 2..before);
            assert_eq!(pressed(&packets), "1", "{next}, with a loss");
            // A marker says that it is another press, and so does its key.
            let mut detector = DtmfReceiver::default();
            let mut count = 0;
            detector.packet(7, true, &report(1, false, last), |_| count += 1);
            detector.packet(7 + next, true, &report(1, false, step), |_| count += 1);
            detector.packet(7 + 2 * next, false, &report(2, false, step), |_| count += 1);
            assert_eq!(count, 3, "{next}");
        }
    }

    #[test]
    fn late_packets_of_an_earlier_press_are_no_press() {
        let first = press(1, 5_000, 4);
        let second = press(2, 20_000, 4);
        let packets = [&first[..2], &second[..], &first[2..]].concat();
        assert_eq!(pressed(&packets), "12");
    }

    #[test]
    fn reports_packed_into_one_packet_are_presses_of_their_own() {
        let mut digits = Vec::new();
        let payload = [report(1, true, 960), report(2, false, 480)].concat();
        DtmfReceiver::default().packet(7, true, &payload, |digit| digits.push(digit.event_code()));
        assert_eq!(digits, [1, 2]);
    }

    #[test]
    fn what_is_no_key_and_what_is_no_report_is_ignored() {
        assert_eq!(pressed(&press(16, 0, 3)), "");
        for length in [0, 1, 3, 5, 1_200] {
            let mut detector = DtmfReceiver::default();
            let mut count = 0;
            detector.packet(0, false, &vec![0xFF; length], |_| count += 1);
            assert_eq!(count, 0);
        }
    }

    proptest! {
        #[test]
        fn every_press_of_which_a_packet_arrives_is_reported_once(
            keys in proptest::collection::vec((0_u8..16, 2_u32..300), 1..8),
            start: u32,
            kept in proptest::collection::vec(any::<bool>(), 1..50),
        ) {
            let mut at = start;
            let mut kept = kept.iter().cycle();
            let mut packets = Vec::new();
            let mut expected = String::new();
            for (code, updates) in keys {
                let arrived: Vec<_> = press(code, at, updates)
                    .into_iter()
                    .filter(|_| *kept.next().unwrap())
                    .collect();
                if !arrived.is_empty() {
                    expected.push_str(&Digit::from_event_code(code).unwrap().to_string());
                }
                packets.extend(arrived);
                // A pause of 100 ms: a press never starts where a segment of the last would.
                at = at.wrapping_add(updates * 960 + 4_800 + 1);
                if (at.wrapping_sub(start)).is_multiple_of(SEGMENT) { at = at.wrapping_add(1); }
            }
            prop_assert_eq!(pressed(&packets), expected);
        }
    }
}
