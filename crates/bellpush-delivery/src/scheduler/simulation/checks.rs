//! What is held against the scheduler's promises at every step.

use std::collections::HashMap;

use bellpush_core::{
    delivery::{DeliveryStatus, PendingDelivery},
    ids::IntegrationId,
};

use super::Simulation;
use crate::breaker::BreakerState;

impl Simulation {
    pub(super) fn check_attempt(&self, delivery: &PendingDelivery, number: u32) {
        let key = delivery.key;
        assert!(self.active.contains(&key.integration_id), "an attempt at an inactive integration");
        assert!(!self.in_flight.contains_key(&key), "two attempts of one delivery at once");
        let row = &self.rows[&key];
        assert_eq!(row.status, DeliveryStatus::Pending, "an attempt after the end");
        assert_eq!(number, row.pending.attempts + 1, "an attempt before the last is on disk");
        let early = row.pending.due.millis() - self.wall().millis();
        assert!(early <= 1, "an attempt {early} ms before its time");
        let ordered = self.endpoints[&key.integration_id].1.ordered;
        let earlier_of_call = self.rows.range(..key).rev().any(|(earlier, row)| {
            earlier.integration_id == key.integration_id
                && row.pending.call_id == delivery.call_id
                && row.status == DeliveryStatus::Pending
        });
        let in_order = !ordered || delivery.call_id.is_none() || !earlier_of_call;
        assert!(in_order, "{key:?} overtook an earlier event of its call");
    }

    pub(super) fn check_breakers(
        &self,
        before: &HashMap<IntegrationId, BreakerState>,
        began: &HashMap<IntegrationId, usize>,
    ) {
        for lane in self.scheduler.lanes(self.both_clocks()) {
            let began = began.get(&lane.integration_id).copied().unwrap_or(0);
            match (before.get(&lane.integration_id), lane.breaker) {
                (Some(BreakerState::Open), BreakerState::HalfOpen) => {
                    assert_eq!(began, 1, "half-open begins with one probe");
                }
                (Some(BreakerState::HalfOpen), BreakerState::HalfOpen)
                | (_, BreakerState::Open) => {
                    assert_eq!(began, 0, "an attempt that the breaker does not let through");
                }
                _ => {}
            }
        }
    }
}
