//! Keypad presses as RFC 4733 telephone-event packets: the sending side of `telephone_event`.
//!
//! A press is made when it is told, whole: the one who pressed may be far away, and is not waited
//! for. Pure: it says when the next packet is due and what is in it.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use super::super::FRAME;
use crate::Digit;

/// Presses that may wait for those before them: as many as may have waited for the far side, which come at once.
const MAX_WAITING: usize = 64;
/// Packets from the beginning to the end of a press: 160 ms, which every exchange takes.
const UPDATES: u16 = 8;
/// The last packet is sent this many times, as nothing tells of its loss (section 2.5.1.4).
const ENDS: u8 = 3;
/// Between two presses, so that two of the same key are two.
const PAUSE: Duration = Duration::from_millis(60);
/// -10 dBm0, a common level of keypads.
const VOLUME: u8 = 10;
const END: u8 = 0x80;

/// A packet of a press.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct DtmfPacket {
    /// Whether it is the press's first. The others share its timestamp.
    pub(crate) first: bool,
    pub(crate) payload: [u8; 4],
}

/// Makes the packets of one stream's presses.
#[derive(Debug)]
pub(crate) struct DtmfSender {
    clock_rate: u32,
    waiting: VecDeque<Digit>,
    event: Option<ActiveEvent>,
    next: Option<Instant>,
}

#[derive(Debug)]
struct ActiveEvent {
    digit: Digit,
    updates: u16,
    ends: u8,
}

impl DtmfSender {
    /// For events of this clock rate, which is that of the sound beside them.
    pub(crate) fn new(clock_rate: u32) -> Self {
        Self { clock_rate, waiting: VecDeque::new(), event: None, next: None }
    }

    /// Presses a key, after those that wait. One too many is dropped: nobody types that fast.
    pub(crate) fn press(&mut self, now: Instant, digit: Digit) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push_back(digit);
            self.next.get_or_insert(now);
        }
    }

    /// Events have this clock rate from now on. The key that is held is let go of; those that wait for it
    /// follow after the usual pause.
    pub(crate) fn set_clock_rate(&mut self, now: Instant, clock_rate: u32) {
        self.clock_rate = clock_rate;
        if self.event.take().is_some() {
            self.next = Some(now + PAUSE);
        }
    }

    /// Takes out the keys that wait, for whoever can still press them. The one that is held is let go of.
    pub(crate) fn take_waiting(&mut self) -> VecDeque<Digit> {
        self.event = None;
        self.next = None;
        std::mem::take(&mut self.waiting)
    }

    /// Whether a key is held: sound is left out while it is.
    pub(crate) fn is_sending(&self) -> bool {
        self.event.is_some()
    }

    /// When [`DtmfSender::poll`] is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.next
    }

    /// The next packet, if it is due.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<DtmfPacket> {
        let due = self.next.filter(|due| *due <= now)?;
        let first = self.event.is_none();
        let event = match &mut self.event {
            Some(event) => event,
            None => {
                let Some(digit) = self.waiting.pop_front() else {
                    self.next = None;
                    return None;
                };
                self.event.insert(ActiveEvent { digit, updates: 0, ends: 0 })
            }
        };
        event.updates = (event.updates + 1).min(UPDATES);
        let ended = event.updates == UPDATES;
        event.ends += u8::from(ended);
        let per_update = self.clock_rate * FRAME.as_millis() as u32 / 1_000;
        let [high, low] = (event.updates * per_update as u16).to_be_bytes();
        let flags = VOLUME | if ended { END } else { 0 };
        let payload = [event.digit.event_code(), flags, high, low];
        let wait = if event.ends == ENDS {
            self.event = None;
            PAUSE
        } else {
            FRAME
        };
        // After a stall the rest is not sent in a burst.
        self.next = Some((due + wait).max(now));
        Some(DtmfPacket { first, payload })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{super::DtmfReceiver, *};

    /// Presses the keys at once and takes what is sent, with the timestamps of a stream.
    fn sent(clock_rate: u32, keys: &str) -> Vec<(Duration, u32, DtmfPacket)> {
        let begin = Instant::now();
        let mut sender = DtmfSender::new(clock_rate);
        for key in keys.chars() {
            sender.press(begin, Digit::try_from(key).unwrap());
        }
        let (mut packets, mut timestamp) = (Vec::new(), 0);
        while let Some(due) = sender.next_deadline() {
            if let Some(packet) = sender.poll(due) {
                let at = due - begin;
                if packet.first {
                    timestamp = at.as_millis() as u32 * clock_rate / 1_000;
                }
                packets.push((at, timestamp, packet));
            }
        }
        packets
    }

    #[test]
    fn a_press_is_eight_updates_of_20_ms_and_its_end_three_times() {
        let packets = sent(8_000, "5");
        let durations: Vec<u16> = packets
            .iter()
            .map(|(.., packet)| u16::from_be_bytes([packet.payload[2], packet.payload[3]]))
            .collect();
        assert_eq!(durations, [160, 320, 480, 640, 800, 960, 1_120, 1_280, 1_280, 1_280]);
        let ends: Vec<bool> =
            packets.iter().map(|(.., packet)| packet.payload[1] & END != 0).collect();
        assert_eq!(ends, [false, false, false, false, false, false, false, true, true, true]);
        assert_eq!(packets.iter().filter(|(.., packet)| packet.first).count(), 1);
        assert!(packets.windows(2).all(|pair| pair[1].0 - pair[0].0 == FRAME));
        assert!(packets.iter().all(|(.., packet)| packet.payload[0] == 5));
    }

    #[test]
    fn a_second_press_waits_for_the_first_and_a_pause() {
        let packets = sent(48_000, "1#");
        let starts: Vec<_> = packets.iter().filter(|(.., packet)| packet.first).collect();
        assert_eq!(starts.len(), 2);
        assert_eq!(starts[1].0, FRAME * 9 + PAUSE);
    }

    #[test]
    fn a_key_is_held_from_its_first_to_its_last_packet() {
        let now = Instant::now();
        let mut sender = DtmfSender::new(8_000);
        sender.press(now, Digit::STAR);
        assert!(!sender.is_sending());
        for _ in 0..9 {
            sender.poll(sender.next_deadline().unwrap()).unwrap();
            assert!(sender.is_sending());
        }
        sender.poll(sender.next_deadline().unwrap()).unwrap();
        assert!(!sender.is_sending());
    }

    proptest! {
        #[test]
        fn the_detector_hears_what_was_pressed(
            keys in "[0-9*#A-D]{1,64}",
            clock in prop_oneof![Just(8_000_u32), Just(48_000)],
            lost in proptest::collection::vec(any::<bool>(), 10),
        ) {
            let mut detector = DtmfReceiver::default();
            let mut heard = String::new();
            for (n, (_, timestamp, packet)) in sent(clock, &keys).iter().enumerate() {
                // Never a whole press.
                if n % 10 == 9 || !lost[n % 10] {
                    detector.packet(*timestamp, packet.first, &packet.payload, |digit| {
                        heard.push_str(&digit.to_string());
                    });
                }
            }
            prop_assert_eq!(heard, keys);
        }
    }
}
