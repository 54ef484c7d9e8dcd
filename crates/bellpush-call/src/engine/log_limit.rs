//! Keeps what strangers send from filling the log.

use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_secs(1);

/// Lets one line through a second.
#[derive(Debug, Default)]
pub(super) struct LogLimit {
    last: Option<Instant>,
}

impl LogLimit {
    /// Whether a line may be written now; then it counts as written.
    pub(super) fn admits(&mut self, now: Instant) -> bool {
        let is_due = self.last.is_none_or(|last| now.saturating_duration_since(last) >= INTERVAL);
        if is_due {
            self.last = Some(now);
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_line_a_second() {
        let (start, mut limit) = (Instant::now(), LogLimit::default());
        let lines = (0..10_000).filter(|ms| limit.admits(start + Duration::from_millis(*ms)));
        assert_eq!(lines.count(), 10);
    }
}
