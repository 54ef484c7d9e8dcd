//! Which packets of a stream were received already (RFC 3711 sections 3.3.1 and 3.3.2).

/// Packets back from the newest that are told apart.
const WINDOW: u64 = 128;

/// The packets of one stream, by their index.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ReplayWindow {
    highest: Option<u64>,
    /// Bit n is the packet n below the highest.
    seen: u128,
}

impl ReplayWindow {
    /// The index that a packet with this sequence number most likely has: the one that is nearest
    /// to the highest. A stream begins below 65,536. `None` for one before that.
    pub(crate) fn guess(&self, seq: u16) -> Option<u64> {
        let Some(highest) = self.highest else {
            return Some(seq.into());
        };
        let distance = i64::from(seq.wrapping_sub(highest as u16) as i16);
        highest.checked_add_signed(distance)
    }

    /// The indices that the first packet to be received may have, when there are two: not every sender
    /// begins below 2^15, as RFC 3711 section 3.3.1 wants it, and of one that begins right before its
    /// sequence numbers begin anew the packets up to there may be lost.
    pub(crate) fn guess_at_beginning(&self, seq: u16) -> Option<[u64; 2]> {
        let may_have_begun_anew = self.highest.is_none() && seq < 1 << 15;
        may_have_begun_anew.then(|| [u64::from(seq), 1 << 16 | u64::from(seq)])
    }

    /// How often the sequence numbers began anew, as far as is known.
    pub(crate) fn rollovers(&self) -> u64 {
        self.highest.unwrap_or_default() >> 16
    }

    /// Whether the packet is later than all that were received.
    pub(crate) fn is_after(&self, index: u64) -> bool {
        self.highest.is_none_or(|highest| index > highest)
    }

    /// Whether the packet was not received yet, as far as is known.
    pub(crate) fn is_new(&self, index: u64) -> bool {
        match self.highest {
            Some(highest) if index <= highest => {
                let back = highest - index;
                back < WINDOW && self.seen >> back & 1 == 0
            }
            _ => true,
        }
    }

    /// What is left of it when packets are not told apart any more: up to the highest, all count as
    /// received.
    pub(crate) fn retired(self) -> Self {
        Self { seen: u128::MAX, ..self }
    }

    /// Marks a packet as received.
    pub(crate) fn accept(&mut self, index: u64) {
        let highest = self.highest.unwrap_or(index);
        if let Some(ahead) = index.checked_sub(highest) {
            self.seen = u32::try_from(ahead)
                .ok()
                .and_then(|ahead| self.seen.checked_shl(ahead))
                .unwrap_or(0);
            self.seen |= 1;
            self.highest = Some(index);
        } else if highest - index < WINDOW {
            self.seen |= 1 << (highest - index);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_index_runs_on_over_16_bits() {
        let mut window = ReplayWindow::default();
        assert_eq!(window.guess(65_535), Some(65_535));
        window.accept(65_535);
        assert_eq!(window.guess(0), Some(65_536));
        assert_eq!(window.guess(65_530), Some(65_530));
        window.accept(65_540);
        assert_eq!(window.guess(65_535), Some(65_535));
        let mut window = ReplayWindow::default();
        window.accept(3);
        assert_eq!(window.guess(65_535), None);
    }

    proptest! {
        #[test]
        fn no_packet_is_new_twice_and_none_is_lost_while_it_can_be_told(
            steps in proptest::collection::vec(-100_i64..200, 1..300),
        ) {
            let mut window = ReplayWindow::default();
            let (mut seen, mut index, mut highest) = (HashSet::new(), 1_000_u64, 0);
            for step in steps {
                index = index.saturating_add_signed(step);
                let fresh = !seen.contains(&index);
                let known = highest >= index && highest - index >= WINDOW;
                prop_assert_eq!(window.is_new(index), fresh && !known, "{} of {}", index, highest);
                if window.is_new(index) {
                    window.accept(index);
                    seen.insert(index);
                    highest = highest.max(index);
                }
            }
        }
    }
}
