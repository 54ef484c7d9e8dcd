//! How often a sender may change what it sends.

use std::time::{Duration, Instant};

/// Behind each change a decoder is made anew, or a stream begun.
const CHANGES: Duration = Duration::from_secs(1);

/// Lets something that a sender chooses change once a second.
#[derive(Debug)]
pub(crate) struct ChangeLimit<T> {
    present: Option<(T, Instant)>,
}

impl<T: Copy + PartialEq> ChangeLimit<T> {
    pub(crate) const fn new() -> Self {
        Self { present: None }
    }

    /// Whether it may be this now; then it is.
    pub(crate) fn admits(&mut self, now: Instant, value: T) -> bool {
        match self.present {
            Some((present, _)) if present == value => true,
            Some((_, since)) if now.saturating_duration_since(since) < CHANGES => false,
            _ => {
                self.present = Some((value, now));
                true
            }
        }
    }

    /// What it is now.
    pub(crate) fn present(&self) -> Option<T> {
        self.present.map(|(present, _)| present)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_fast_two_take_turns_there_is_one_change_a_second() {
        let start = Instant::now();
        let mut limit = ChangeLimit::new();
        let mut changes = 0;
        for n in 0..10_000_u32 {
            let before = limit.present();
            limit.admits(start + Duration::from_millis(1) * n, n % 2);
            changes += usize::from(limit.present() != before);
        }
        assert_eq!(changes, 10);
    }
}
