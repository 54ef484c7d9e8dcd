//! Comfort noise, packet after packet, for who would hear nothing at all.

use std::time::{Duration, Instant};

use crate::{Codec, media::RtpTimes};

/// How far it may fall behind; what is older is not made up for.
const MAX_LAG: Duration = Duration::from_millis(60);

/// How long other sound must have stopped before there is noise again.
const PAUSE: Duration = Duration::from_millis(200);

/// Says when which packet is due.
#[derive(Debug, Default)]
pub(super) struct NoisePlayer {
    next: usize,
    /// How much was played before the next one.
    played: Duration,
    due: Option<Instant>,
}

/// A packet of noise that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DueNoise {
    /// Its number.
    pub(super) index: usize,
    played: Duration,
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

    /// Nobody could hear it before: nothing is to be made up for.
    pub(super) fn begin(&mut self, now: Instant) {
        if let Some(due) = &mut self.due {
            *due = now;
        }
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.due
    }

    /// The packet of `ptime` that is due, if one is.
    pub(super) fn poll(&mut self, now: Instant, ptime: Duration) -> Option<DueNoise> {
        let due = self.due.filter(|due| *due <= now)?;
        self.due = Some((due + ptime).max(now.checked_sub(MAX_LAG).unwrap_or(now)));
        let noise = DueNoise { index: self.next, played: self.played };
        self.next += 1;
        self.played += ptime;
        Some(noise)
    }
}

impl DueNoise {
    /// Where it stands in the stream of noise.
    pub(super) fn times(self, codec: Codec) -> RtpTimes {
        let units = self.played.as_millis() * u128::from(codec.clock_rate()) / 1_000;
        // Wraps around as timestamps do.
        RtpTimes { seq: self.index as u64, timestamp: units as u32, marker: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::FRAME;

    fn poll(player: &mut NoisePlayer, now: Instant) -> Option<usize> {
        player.poll(now, FRAME).map(|noise| noise.index)
    }

    #[test]
    fn it_plays_a_packet_every_20_ms_while_it_is_wanted() {
        let start = Instant::now();
        let mut player = NoisePlayer::default();
        assert_eq!((player.next_deadline(), poll(&mut player, start)), (None, None));
        player.set_playing(start, true);
        player.set_playing(start + FRAME / 2, true);
        assert_eq!(poll(&mut player, start + FRAME / 2), Some(0));
        assert_eq!(poll(&mut player, start + FRAME / 2), None);
        assert_eq!(player.next_deadline(), Some(start + FRAME));
        player.set_playing(start + FRAME, false);
        assert_eq!(poll(&mut player, start + FRAME), None);
        // It goes on with its numbers, and not in a burst.
        let later = start + Duration::from_secs(1);
        player.set_playing(later, true);
        assert_eq!(poll(&mut player, later), Some(1));
        let late = later + Duration::from_secs(1);
        let burst = std::iter::from_fn(|| poll(&mut player, late)).count();
        assert!((2..=5).contains(&burst), "{burst} at once");
        // It is heard only where nothing else is.
        player.pause_for_speech(late);
        player.pause_for_speech(late + FRAME);
        assert_eq!(poll(&mut player, late + PAUSE), None);
        assert!(poll(&mut player, late + FRAME + PAUSE).is_some());
        assert_eq!(player.next_deadline(), Some(late + FRAME + PAUSE + FRAME));
        player.set_playing(late, false);
        player.pause_for_speech(late);
        assert_eq!(player.next_deadline(), None);
    }

    #[test]
    fn packets_of_another_length_follow_each_other_in_time() {
        let start = Instant::now();
        let mut player = NoisePlayer::default();
        player.set_playing(start, true);
        let [long, short] = [60, 10].map(Duration::from_millis);
        assert_eq!(
            player.poll(start, long).map(|noise| noise.times(Codec::Pcma).timestamp),
            Some(0)
        );
        assert_eq!(player.next_deadline(), Some(start + long));
        let second = player.poll(start + long, short).unwrap();
        assert_eq!(
            (second.times(Codec::Pcma).timestamp, second.times(Codec::Opus).timestamp),
            (480, 2_880)
        );
        assert_eq!(player.next_deadline(), Some(start + long + short));
    }
}
