//! A caller that sends far more than a call needs, to see what it costs the others.

use std::time::Instant;

/// The caller that does.
pub(super) const FLOODER: usize = 0;
/// Packets that go out in one go: all others have their turn between.
const AT_ONCE: u64 = 64;

/// Packets at a rate, evenly.
#[derive(Debug)]
pub(super) struct Flood {
    packets_per_second: u32,
    began: Instant,
    sent: u64,
}

impl Flood {
    pub(super) fn begin(packets_per_second: u32) -> Self {
        Self { packets_per_second, began: Instant::now(), sent: 0 }
    }

    /// How many are to be sent now.
    pub(super) fn due(&mut self, now: Instant) -> u64 {
        let elapsed = now.saturating_duration_since(self.began).as_secs_f64();
        let all = (elapsed * f64::from(self.packets_per_second)) as u64;
        let due = all.saturating_sub(self.sent).min(AT_ONCE);
        self.sent += due;
        due
    }

    /// How many went out in a second.
    pub(super) fn rate(&self) -> f64 {
        self.sent as f64 / self.began.elapsed().as_secs_f64()
    }
}
