//! How integrations share what there is one of: turns, and the pool of attempts in flight.
//!
//! Each integration has a reserve that nobody else can use. Beyond it, attempts are taken from a pool:
//!
//! * an app may hold as many of the pool as it leaves free, at most: with `n` greedy apps each gets
//!   `1/(n+1)` of it, and the next one that comes finds as much;
//! * integrations whose attempts are not fast see a pool of half the size, so the other half is
//!   never held by slow, hanging or dead endpoints, however many there are. An endpoint is not
//!   believed to be fast before it was.
//!
//! A hanging endpoint is found out after one time-out. What it took before that is bounded by the
//! first rule.

use std::collections::{HashMap, VecDeque};

use bellpush_core::ids::{AppId, IntegrationId};

/// Whose turn it is: apps one after the other, and within an app its integrations.
#[derive(Debug, Default)]
pub(super) struct RoundRobin {
    apps: VecDeque<AppId>,
    lanes: HashMap<AppId, VecDeque<IntegrationId>>,
}

impl RoundRobin {
    /// Puts an integration at the end of its app's queue.
    pub(super) fn push(&mut self, app_id: AppId, id: IntegrationId) {
        let lanes = self.lanes.entry(app_id).or_default();
        if lanes.is_empty() {
            self.apps.push_back(app_id);
        }
        lanes.push_back(id);
    }

    /// The next one.
    pub(super) fn pop(&mut self) -> Option<IntegrationId> {
        let app_id = self.apps.pop_front()?;
        let lanes = self.lanes.get_mut(&app_id)?;
        let id = lanes.pop_front();
        if !lanes.is_empty() {
            self.apps.push_back(app_id);
        }
        id
    }

    /// Lets go of what is kept for apps that wait for nothing.
    pub(super) fn forget_idle(&mut self) {
        self.lanes.retain(|_, lanes| !lanes.is_empty());
    }
}

/// The attempts in flight beyond the reserves.
#[derive(Debug)]
pub(super) struct PermitPool {
    size: usize,
    taken: usize,
    by_app: HashMap<AppId, usize>,
}

impl PermitPool {
    pub(super) fn new(size: usize) -> Self {
        Self { size, taken: 0, by_app: HashMap::new() }
    }

    /// Whether an integration of this app may take one more.
    pub(super) fn has_room(&self, app_id: AppId, is_fast: bool) -> bool {
        let size = if is_fast { self.size } else { self.size / 2 };
        self.by_app.get(&app_id).copied().unwrap_or(0) < size.saturating_sub(self.taken)
    }

    pub(super) fn acquire(&mut self, app_id: AppId) {
        self.taken += 1;
        *self.by_app.entry(app_id).or_default() += 1;
    }

    pub(super) fn release(&mut self, app_id: AppId) {
        if let Some(held) = self.by_app.get_mut(&app_id) {
            self.taken -= 1;
            *held -= 1;
            if *held == 0 {
                self.by_app.remove(&app_id);
            }
        }
    }
}

/// How long the last attempts took: an exponential average, a quarter of it the newest.
#[derive(Debug, Default)]
pub(super) struct LatencyAverage {
    average_ms: Option<u32>,
}

/// Up to here an endpoint is fast.
const FAST_MS: u32 = 1_000;

impl LatencyAverage {
    pub(super) fn add(&mut self, duration_ms: u32) {
        let average = self.average_ms.map_or(duration_ms, |average| {
            let average = u64::from(average) * 3 + u64::from(duration_ms);
            u32::try_from(average / 4).unwrap_or(u32::MAX)
        });
        self.average_ms = Some(average);
    }

    /// Whether its attempts end soon. Nothing is known of one without any.
    pub(super) const fn is_fast(&self) -> bool {
        matches!(self.average_ms, Some(average) if average <= FAST_MS)
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    fn app(number: u128) -> AppId {
        AppId::from_uuid(Uuid::from_u128(number))
    }

    fn lane(number: u128) -> IntegrationId {
        IntegrationId::from_uuid(Uuid::from_u128(number))
    }

    #[test]
    fn apps_take_turns_and_so_do_the_integrations_of_each() {
        let mut turns = RoundRobin::default();
        for id in [1, 2, 3] {
            turns.push(app(1), lane(id));
        }
        turns.push(app(2), lane(4));
        let mut order = Vec::new();
        for _ in 0..12 {
            let id = turns.pop().unwrap();
            order.push(id.uuid().as_u128());
            turns.push(if id == lane(4) { app(2) } else { app(1) }, id);
        }
        assert_eq!(order, [1, 4, 2, 4, 3, 4, 1, 4, 2, 4, 3, 4]);
    }

    #[test]
    fn however_many_take_all_they_can_the_next_app_finds_as_much() {
        let mut pool = PermitPool::new(512);
        let mut last = 512;
        for number in 0..40 {
            let mut taken = 0;
            while pool.has_room(app(number), true) {
                pool.acquire(app(number));
                taken += 1;
            }
            assert!(taken >= 1 || pool.taken > 500, "{number} found nothing");
            assert!(taken <= last);
            last = taken;
        }
    }

    #[test]
    fn what_is_slow_never_holds_more_than_half() {
        let mut pool = PermitPool::new(512);
        for number in 0..2_000 {
            while pool.has_room(app(number), false) {
                pool.acquire(app(number));
            }
        }
        assert!(pool.taken <= 256);
        let mut fast = 0;
        while pool.has_room(app(9_999), true) {
            pool.acquire(app(9_999));
            fast += 1;
        }
        assert!(fast >= 128, "{fast}");
    }

    #[test]
    fn an_endpoint_is_fast_once_it_was_and_not_after_a_time_out() {
        let mut latency = LatencyAverage::default();
        assert!(!latency.is_fast());
        latency.add(20);
        assert!(latency.is_fast());
        latency.add(10_000);
        assert!(!latency.is_fast());
        (0..8).for_each(|_| latency.add(20));
        assert!(latency.is_fast());
    }
}
