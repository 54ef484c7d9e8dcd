//! Comfort noise, a packet every 20 ms, for who would hear nothing at all.

use std::time::{Duration, Instant};

use crate::{
    Codec,
    media::{FRAME, RtpTimes},
};

/// How far it may fall behind; what is older is not made up for.
const MAX_LAG: Duration = Duration::from_millis(60);

/// How long other sound must have stopped before there is noise again.
const PAUSE: Duration = Duration::from_millis(200);

/// Says when which packet is due.
#[derive(Debug, Default)]
pub(super) struct NoisePlayer {
    next: usize,
    due: Option<Instant>,
}

impl NoisePlayer {
    pub(super) fn set_playing(&mut self, now: Instant, playing: bool) {
        self.due = if playing { self.due.or(Some(now)) } else { None };
    }

    /// Other sound comes: the noise waits until that has stopped.
    pub(super) fn pause_for_speech(&mut self, now: Instant) {
        if let Some(due) = &mut self.due {
            *due = now + PAUSE;
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.due
    }

    /// The number of the packet that is due, if one is.
    pub(super) fn poll(&mut self, now: Instant) -> Option<usize> {
        let due = self.due.filter(|due| *due <= now)?;
        self.due = Some((due + FRAME).max(now.checked_sub(MAX_LAG).unwrap_or(now)));
        self.next += 1;
        Some(self.next - 1)
    }

    /// Where a packet stands in the stream of noise.
    pub(super) fn times(index: usize, codec: Codec) -> RtpTimes {
        let frame = codec.clock_rate() * FRAME.as_millis() as u32 / 1_000;
        // Wraps around as timestamps do.
        RtpTimes { seq: index as u64, timestamp: (index as u32).wrapping_mul(frame), marker: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_plays_a_packet_every_20_ms_while_it_is_wanted() {
        let start = Instant::now();
        let mut player = NoisePlayer::default();
        assert_eq!((player.next_deadline(), player.poll(start)), (None, None));
        player.set_playing(start, true);
        player.set_playing(start + FRAME / 2, true);
        assert_eq!(player.poll(start + FRAME / 2), Some(0));
        assert_eq!(player.poll(start + FRAME / 2), None);
        assert_eq!(player.next_deadline(), Some(start + FRAME));
        player.set_playing(start + FRAME, false);
        assert_eq!(player.poll(start + FRAME), None);
        // It goes on with its numbers, and not in a burst.
        let later = start + Duration::from_secs(1);
        player.set_playing(later, true);
        assert_eq!(player.poll(later), Some(1));
        let late = later + Duration::from_secs(1);
        let burst = std::iter::from_fn(|| player.poll(late)).count();
        assert!((2..=5).contains(&burst), "{burst} at once");
        // It is heard only where nothing else is.
        player.pause_for_speech(late);
        player.pause_for_speech(late + FRAME);
        assert_eq!(player.poll(late + PAUSE), None);
        assert!(player.poll(late + FRAME + PAUSE).is_some());
        assert_eq!(player.next_deadline(), Some(late + FRAME + PAUSE + FRAME));
        player.set_playing(late, false);
        player.pause_for_speech(late);
        assert_eq!(player.next_deadline(), None);
        assert_eq!(NoisePlayer::times(2, Codec::Pcma).timestamp, 320);
    }
}
