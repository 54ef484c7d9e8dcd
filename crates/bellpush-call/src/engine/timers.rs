//! When which call is to be looked after next.

use std::{cmp::Reverse, collections::BinaryHeap, time::Instant};

/// The deadlines of all calls, one each.
///
/// A deadline mostly moves to later, with every packet. That costs nothing here: the entry stays
/// where it is, and finds out when its time comes that it is too early.
#[derive(Debug, Default)]
pub(super) struct TimerQueue {
    entries: BinaryHeap<Reverse<(Instant, usize)>>,
}

impl TimerQueue {
    /// Has `key` come up at `at`, if not at `queued`, when it comes up anyway. Returns when it
    /// comes up.
    pub(super) fn schedule(&mut self, key: usize, at: Instant, queued: Option<Instant>) -> Instant {
        match queued {
            Some(queued) if queued <= at => queued,
            _ => {
                self.entries.push(Reverse((at, key)));
                at
            }
        }
    }

    /// The earliest entry.
    pub(super) fn next(&self) -> Option<Instant> {
        self.entries.peek().map(|Reverse((at, _))| *at)
    }

    /// Takes out the earliest entry whose time has come.
    pub(super) fn pop_due(&mut self, now: Instant) -> Option<(Instant, usize)> {
        if self.next()? > now {
            return None;
        }
        self.entries.pop().map(|Reverse(entry)| entry)
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries.len()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn entries_come_up_in_the_order_of_their_times() {
        let now = Instant::now();
        let mut queue = TimerQueue::default();
        for (key, ms) in [(1, 30), (2, 10), (3, 20)] {
            queue.schedule(key, now + Duration::from_millis(ms), None);
        }
        assert_eq!(queue.pop_due(now), None);
        let due = |queue: &mut TimerQueue, ms| {
            queue.pop_due(now + Duration::from_millis(ms)).map(|(_, key)| key)
        };
        assert_eq!(due(&mut queue, 25), Some(2));
        assert_eq!(due(&mut queue, 25), Some(3));
        assert_eq!(due(&mut queue, 25), None);
        assert_eq!(queue.next(), Some(now + Duration::from_millis(30)));
    }

    #[test]
    fn a_deadline_that_moves_on_takes_no_room() {
        let now = Instant::now();
        let mut queue = TimerQueue::default();
        let mut queued = None;
        for ms in 0..10_000 {
            queued = Some(queue.schedule(1, now + Duration::from_millis(ms), queued));
        }
        assert_eq!(queue.len(), 1);
        // One that comes nearer does.
        let sooner = now.checked_sub(Duration::from_millis(1)).unwrap();
        assert_eq!(queue.schedule(1, sooner, queued), sooner);
        assert_eq!(queue.len(), 2);
    }
}
